"""Takes a value of the log, gives what is known about it from shipped data: one kind of value a file."""
