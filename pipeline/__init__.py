"""The Beam job that publishes statistics from log files: its graph, its steps and its commands."""

__version__ = "0.1.0"
