"""What happens to log lines, as functions on Arrow batches: no Beam, no runner."""
