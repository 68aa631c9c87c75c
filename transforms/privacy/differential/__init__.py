"""Differential privacy: bounded contributions and noise."""
