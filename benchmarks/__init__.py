"""Measurements: each a command, each a ratio within one run."""
