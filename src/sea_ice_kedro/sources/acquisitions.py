"""One acquisition, one scene: which of many products show the same ice twice.

A provider keeps old processings beside new ones, L1C beside L2A, and whoever downloads
has the same product as a folder and as a zip. Counted twice, areas double, and a copy
may be trained on while the other is scored. But a tile on the border of two datastrips
is two products of the same tile and minute, each with a part of the ground: both are
needed. Names differ between providers, so that tile, time and footprint decide.

Parts of a tile, by one datastrip each, overlap by some rows where both were processed
to the same line; both are needed for the rest of the tile. They share the tile's grid,
so that pixels decide: outlines are coarser.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import CRS

from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.engines.base import Task
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Mask, Scene
from sea_ice_kedro.sources.cutting import Cut, Grid, places_in
from sea_ice_kedro.sources.listing import SceneEntry, in_words
from sea_ice_kedro.sources.mapped_area import with_note
from sea_ice_kedro.sources.regions import Region

logger = logging.getLogger(__name__)

COPY = re.compile(r" ?\(\d+\)$| - Copy( \(\d+\))?$| copy( \d+)?$")
"""Suffixes that browsers, Windows and macOS add to a second file of one name."""

_SAME_PASS = timedelta(minutes=30)
"""Sentinel-2 needs 100 minutes for an orbit; metadata tell the time of the tile, of its
datastrip or of the whole datatake, which lasts up to 20 minutes."""

_DATATAKE = re.compile(r"(?:^|_)(\d{8}T\d{6})_")
"""The first time in names of products and datatakes, and in Earth Engine's index."""

_SHOWN = 0.95
"""Share of a footprint that others show from which on it adds nothing: outlines of two
processings differ by some pixels."""

_SIDE = 64
"""Places a side of the tile that are looked up in footprints."""

_NAMED = 20

Footprint = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Observed:
    """Identity of a product's acquisition."""

    name: str
    """Identifier of the product: unique among those compared."""

    grid: Grid
    """Of the tile at 10 m; its corner says which tile it is."""

    outline: Region
    """Footprint, in degrees."""

    acquired: datetime
    """Time of the tile, or of whatever the provider calls so."""

    datatake: datetime | None = None
    """When its datatake began, where a name says so (`datatake_in`): the same in all
    its processings."""

    satellite: str = ""
    """"2A", "2B", ...; "" if unknown."""

    level: str = ""
    """"1C" or "2A"."""

    baseline: str = ""
    """"N0500"."""

    made: str = ""
    """When it was processed, as text that sorts by time."""

    trusted: bool = True
    """Whether it lies where settings say: anybody may claim a newer processing."""

    @property
    def rank(self) -> tuple[bool, bool, str, str]:
        """Return a sort key of preference: L1C, then the newest processing."""
        return self.trusted, self.level != "2A", self.baseline, self.made


def _always(_: str) -> bool:
    return True


def one_of_each(
    products: Sequence[Observed], can_be_read: Callable[[str], bool] = _always
) -> dict[str, str]:
    """Find the products that show nothing which better ones do not show.

    Two products show one acquisition when tile, satellite (where both say one) and
    datatake agree; where a datatake is not known, time does, to half an hour. Of those
    the best is taken; another is taken beside it only where it shows ground that none
    of the taken ones shows, and instead of it where it shows all of that and more.

    What cannot be read takes no other's place: its metadata may claim anything.

    Args:
        products: In any order.
        can_be_read: Tells by its name whether a product holds what its metadata say;
            asked only of those that would take another's place.

    Returns:
        Name of each product to leave out -> the name of one that shows it.
    """
    tiles: dict[object, list[Observed]] = defaultdict(list)
    for product in products:
        tiles[tile_of(product.grid)].append(product)
    left_out: dict[str, str] = {}
    for tile in tiles.values():
        if len(tile) > 1:
            left_out |= _left_out_of(tile, can_be_read)
    return {name: _last(name, left_out) for name in left_out}


def tell_left_out(
    left_out: Mapping[str, str], unreadable: Mapping[str, str] | None = None
) -> None:
    """Name in the log what is left out, and what shows it instead.

    Args:
        left_out: Name -> name of what shows it.
        unreadable: Name -> why it cannot be read.
    """
    for name, reason in sorted((unreadable or {}).items()):
        if name in left_out:
            logger.warning(
                "left out %s (shown by %s): %s", name, left_out[name], reason
            )
    others = sorted(set(left_out) - set(unreadable or {}))
    said = [f"{name} (shown by {left_out[name]})" for name in others]
    if not said:
        return
    rest = f", ... ({len(said)} in all)" if len(said) > _NAMED else ""
    logger.warning(
        "left out, as one acquisition is one scene: %s%s",
        ", ".join(said[:_NAMED]),
        rest,
    )


_BASELINE = re.compile(r"(?:^|_)N(\d\d)\.?(\d\d)(?=_|\.|$)")


def satellite_in(*texts: object) -> str:
    """Find a satellite in its names or those of a product: "2A" of "Sentinel-2A"."""
    for text in texts:
        found = re.match(r"(?:sentinel-?|s)2([a-d])(?![a-z0-9])", str(text), re.I)
        if found:
            return f"2{found.group(1).upper()}"
    return ""


def datatake_in(*texts: object) -> datetime | None:
    """Find when a datatake began in names of products: the same in all processings.

    Args:
        texts: "S2A_MSIL1C_20191103T190919_N0208_...",
            "GS2A_20191103T190919_013899_...",
            "20191103T190919_20191103T190917_T03CWT" or anything else.
    """
    for text in texts:
        found = _DATATAKE.search(str(text))
        # In ESA's names of before December 2016 creation comes first.
        if found and "_OPER_" not in str(text):
            with suppress(ValueError):
                time = datetime.strptime(found.group(1), "%Y%m%dT%H%M%S")  # noqa: DTZ007
                return time.replace(tzinfo=UTC)
    return None


def level_in(*texts: object) -> str:
    """Find the level, "1C" or "2A", in names of products or levels."""
    for text in texts:
        found = re.search(
            r"(?:^L?|MSIL?|_L?|-L|LEVEL-)(1C|2A)(?:$|_)", str(text).upper()
        )
        if found:
            return found.group(1)
    return ""


def baseline_in(*values: object) -> str:
    """Find the processing baseline, "N0213", in how providers write it; "": nowhere.

    Args:
        values: "02.13", "N0213", the number 2.13, names of products or of granules
            (S2A_MSIL2A_20191103T190919_N0213_..., S2B_OPER_MSI_L2A_TL_..._N02.13),
            or anything else.
    """
    for value in values:
        text = str(value).strip()
        if found := re.fullmatch(r"N?(\d{1,2})\.(\d{1,2})", text):
            major, minor = found.groups()
            # The number 5.1 was 05.10; as text, nobody leaves a 0 at the end out.
            return f"N{major:0>2}{minor:0<2}"
        if found := _BASELINE.search(text):
            return f"N{found.group(1)}{found.group(2)}"
    return ""


def _left_out_of(
    tile: list[Observed], can_be_read: Callable[[str], bool]
) -> dict[str, str]:
    """Compare the products of one tile."""
    taken: list[Observed] = []
    spoilt: list[Observed] = []
    left_out: dict[str, str] = {}
    footprints = {one.name: footprint_of(one) for one in tile}

    def shown_by(product: Observed) -> Observed | None:
        """Find what shows all of a product, and can be read."""
        own = footprints[product.name]
        while rivals := [other for other in taken if same_pass(product, other)]:
            shown = {one.name: footprints[one.name] & own for one in rivals}
            if not _covers(np.any([*shown.values()], axis=0), own):
                return None
            unreadable = [one for one in rivals if not can_be_read(one.name)]
            if not unreadable:
                return max(rivals, key=lambda one: int(shown[one.name].sum()))
            for one in unreadable:
                taken.remove(one)
            spoilt.extend(unreadable)
        return None

    by_name = sorted(tile, key=lambda one: (_is_copy(one.name), one.name))
    for product in sorted(by_name, key=lambda one: one.rank, reverse=True):
        if other := shown_by(product):
            left_out[product.name] = other.name
            continue
        hidden = [
            other
            for other in taken
            if same_pass(product, other)
            and _covers(footprints[product.name], footprints[other.name])
        ]
        if hidden and not can_be_read(product.name):
            spoilt.append(product)
            continue
        for other in hidden:
            left_out[other.name] = product.name
            taken.remove(other)
        taken.append(product)
    for product in spoilt:
        if other := shown_by(product):
            left_out[product.name] = other.name
    return left_out


def _is_copy(name: str) -> bool:
    """Return whether a file's name marks it as a second copy."""
    return bool(COPY.search(re.sub(r"\.(zip|safe)$", "", name, flags=re.I)))


def _last(name: str, left_out: dict[str, str]) -> str:
    """Follow what is left out to what is taken."""
    while name in left_out:
        name = left_out[name]
    return name


def same_pass(one: Observed, other: Observed) -> bool:
    """Return whether two products of one tile may show the same acquisition."""
    known = "" not in (one.satellite, other.satellite)
    if known and one.satellite != other.satellite:
        return False
    if one.datatake is not None and other.datatake is not None:
        return one.datatake == other.datatake
    return abs(one.acquired - other.acquired) <= _SAME_PASS


def _covers(shown: Footprint, own: Footprint) -> bool:
    return bool((shown & own).sum() >= _SHOWN * own.sum()) and bool(own.any())


def footprint_of(product: Observed) -> Footprint:
    """Look up places all over the tile, bool (64, 64)."""
    return product.outline.holds(*places_in(product.grid, _SIDE))


def tile_of(grid: Grid) -> object:
    """Name the tile that a grid is."""
    transform = grid.georeference.transform
    return _code(grid.georeference.crs), round(transform[2]), round(transform[5])


@lru_cache(maxsize=256)
def _code(crs: str) -> object:
    return CRS.from_user_input(crs).to_epsg() or crs


# --- Ground that two scenes of one acquisition show: its pixels count in one of them

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
