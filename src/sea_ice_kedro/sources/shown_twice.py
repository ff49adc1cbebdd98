"""Ground that two scenes of one acquisition show: its pixels count in one of them.

Parts of a tile, by one datastrip each, overlap by some rows where both were processed
to the same line; both are needed for the rest of the tile. They share the tile's grid,
so that pixels decide: outlines are coarser.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.engines.tasks import Task
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Mask, Scene
from sea_ice_kedro.sources.acquisitions import (
    Observed,
    footprint_of,
    same_pass,
    tile_of,
)
from sea_ice_kedro.sources.cutting import Cut
from sea_ice_kedro.sources.listing import SceneEntry, in_words
from sea_ice_kedro.sources.mapped_area import with_note

logger = logging.getLogger(__name__)

_MUCH = 0.01
"""Share of the tile from which on it is told: outlines are coarser than pixels."""


@dataclass(frozen=True)
class Shown:
    """Tells which pixels a scene shows: none where it cannot be read.

    That it cannot is the scene's own failure, and costs no other scene.
    """

    scene_id: str
    scene: Callable[[], Scene]

    def __call__(self) -> Mask | None:
        """Read the scene; keep no more of it than bool (H, W)."""
        try:
            return self.scene().valid_mask
        except InvalidScene:
            return None


@dataclass(frozen=True)
class Once:
    """Takes from a scene what scenes before it show."""

    before: tuple[str, ...]
    """Their ids."""

    def __call__(self, *loaded: Mask | Scene | None) -> Scene:
        """Count each pixel in the first scene that shows it.

        Args:
            loaded: Masks of the scenes in `before`, then the scene itself.
        """
        *masks, scene = loaded
        assert isinstance(scene, Scene)
        notes = []
        for name, mask in zip(self.before, masks, strict=True):
            if (
                isinstance(mask, np.ndarray)
                and (shared := scene.valid_mask & mask).any()
            ):
                notes.append(
                    f"shows {int(shared.sum()):,} pixels that {name} shows, too: they "
                    "count there"
                )
                scene = scene.keeping(~shared)
        return with_note(scene, "; ".join(notes))


def counted_once(
    scenes: Partitions[Scene], listing: Sequence[SceneEntry]
) -> dict[str, Callable[[], Scene]]:
    """Declare scenes without the pixels that scenes before them show.

    Args:
        scenes: Scene id -> maker of each scene of this run.
        listing: Says which scenes come before which; those that are not in this run
            take nothing away.
    """
    once = dict(scenes)
    for entry in listing:
        before = tuple(name for name in entry.after if name in scenes)
        if before and entry.scene_id in scenes:
            shown = tuple(Shown(name, scenes[name]) for name in before)
            inputs: tuple[Callable[[], Any], ...] = (*shown, scenes[entry.scene_id])
            once[entry.scene_id] = Task(Once(before), inputs)
    return once


def in_turn(
    found: Mapping[str, Sequence[SceneEntry]], products: Sequence[Observed]
) -> list[SceneEntry]:
    """Say of the scenes of each product which ones come before them.

    Args:
        found: Scenes by the name of their product, of those that are taken.
        products: What tells their acquisitions; those of other products do not count.

    Returns:
        All scenes; those that may show the same pixels as better ones name them.
    """
    taken = [product for product in products if product.name in found]
    before: dict[str, list[str]] = {}
    apart: list[str] = []
    for first, second in _of_one_pass(taken):
        if first.grid == second.grid:
            before.setdefault(second.name, []).append(first.name)
        else:
            share = float((footprint_of(first) & footprint_of(second)).mean())
            if share >= _MUCH:
                apart.append(f"{first.name} and {second.name} ({share:.0%})")
    if apart:
        logger.warning(
            "some ground is shown twice, on different grids, and tables of areas count "
            "it twice: %s of their tile; where that matters, leave one of each two out",
            in_words(apart),
        )
    return [
        _after(entry, [e for name in before.get(product, ()) for e in found[name]])
        for product, entries in found.items()
        for entry in entries
    ]


def _of_one_pass(taken: Sequence[Observed]) -> Iterator[tuple[Observed, Observed]]:
    """Pair the products of one tile and pass, the better one first."""
    tiles: dict[object, list[Observed]] = {}
    by_name = sorted(taken, key=lambda one: one.name)
    for product in sorted(by_name, key=lambda one: one.rank, reverse=True):
        tiles.setdefault(tile_of(product.grid), []).append(product)
    for tile in tiles.values():
        for first, second in combinations(tile, 2):
            if same_pass(first, second):
                yield first, second


def _after(entry: SceneEntry, earlier: Sequence[SceneEntry]) -> SceneEntry:
    """Have a scene name those of the same window that come before it."""
    cut = _cut_of(entry)
    same = [e.scene_id for e in earlier if cut is not None and _cut_of(e) == cut]
    return replace(entry, after=tuple(same)) if same else entry


def _cut_of(entry: SceneEntry) -> Cut | None:
    cut = getattr(entry.download or entry.scene, "cut", None)
    return cut if isinstance(cut, Cut) else None
