"""Doorstep on one machine, for trying out: everything started, watched and stopped together."""
