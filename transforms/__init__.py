"""Takes Arrow batches, gives Arrow batches: what happens to log lines, without Beam and without a runner."""
