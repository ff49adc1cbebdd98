"""Wiring: what is computed from what. The algorithms are elsewhere."""
