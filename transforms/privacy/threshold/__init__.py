"""k-anonymity by suppression: a row is published if enough addresses are in it."""
