"""Worlds drawn from physics, independent of what is measured on them."""

from benchmarks.labels.reporting.ground import NO_CLASS, NOT_SCORED
from benchmarks.labels.reporting.worlds import KINDS, World, draw_world

__all__ = ["KINDS", "NO_CLASS", "NOT_SCORED", "World", "draw_world"]
