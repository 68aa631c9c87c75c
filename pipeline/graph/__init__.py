"""The Beam job: its graph, its input, and how it runs on this machine."""
