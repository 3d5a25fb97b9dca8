"""Crash drills: real processes, really killed, and what is found afterwards.

`test_*` runs each once and short; `make drills` runs each several times and prints the table.
"""
