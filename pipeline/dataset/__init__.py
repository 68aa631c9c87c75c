"""A published data set: its files, and how they get there whole or not at all."""
