"""Takes numbers, gives a privacy policy that `transforms/release.py` enforces: one policy a file."""
