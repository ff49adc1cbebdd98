"""Worlds: simulated pictures of polar seas by many cameras, whose classes are known.

`draw_world(seed, size_px)` draws one. Nothing in a world is a constant that a method
could learn: colours, brightness, sky, light and the display curve are drawn per world
from ranges, so that what remains is what an analyst goes by. The shipped network learns
from these worlds; they must not be used to advertise it (docs/labels/scores.md).
"""

from sea_ice_kedro.imagery.worlds.world import UNSCORED, World, draw_world

__all__ = ["UNSCORED", "World", "draw_world"]
