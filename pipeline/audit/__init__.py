"""The check of a published data set from outside: everything in it is on an allow-list, or a violation."""
