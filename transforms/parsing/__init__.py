"""Reading a log: what its format is, and the entries that its lines hold."""
