"""Doorstep: a postal bureau's work at the door."""

__version__ = "0.1.0"
