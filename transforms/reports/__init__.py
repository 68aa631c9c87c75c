"""Which tables a job publishes, and what each of them divides."""
