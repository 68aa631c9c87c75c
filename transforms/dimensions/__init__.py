"""What is said of a hit or a visitor: one file a source of it."""
