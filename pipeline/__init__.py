"""Takes log files, gives published statistics: the Beam job, its steps and its commands."""

__version__ = "0.1.0"
