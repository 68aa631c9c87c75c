"""Takes what identifies somebody, gives what may be published: one mask a file."""
