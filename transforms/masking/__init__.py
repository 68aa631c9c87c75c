"""What identifies somebody, taken out of entries: one file a thing that does."""
