"""What a run writes: one file an output."""
