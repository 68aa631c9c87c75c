"""What may be published: the door, its detectors, and a folder for each policy."""
