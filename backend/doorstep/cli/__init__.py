"""The operator's door: everything that is done from a terminal."""
