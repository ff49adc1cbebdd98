"""Ground that two scenes of one acquisition show: tables of areas count it twice.

Parts of a tile, by one datastrip each, overlap by some rows where both were processed
to the same line; both are needed for the rest of the tile.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from sea_ice_kedro.sources.acquisitions import (
    Observed,
    footprint_of,
    same_pass,
    tile_of,
)
from sea_ice_kedro.sources.listing import names

logger = logging.getLogger(__name__)

_MUCH = 0.01
"""Share of the tile from which on it is told: outlines are coarser than pixels."""


def tell_shown_twice(products: Sequence[Observed], left_out: Collection[str]) -> None:
    """Name in the log the products that are taken and show some ground both.

    Args:
        products: As for `one_of_each`.
        left_out: Names of those that are not taken.
    """
    taken = [product for product in products if product.name not in left_out]
    found = list(_shown_twice(taken))
    if found:
        logger.warning(
            "some ground is shown twice, and tables of areas count it twice: %s; where "
            "that matters, leave one of each two out",
            names(found),
        )


def _shown_twice(taken: Sequence[Observed]) -> Iterator[str]:
    tiles: dict[object, list[Observed]] = {}
    for product in taken:
        tiles.setdefault(tile_of(product.grid), []).append(product)
    for tile in tiles.values():
        for one, other in combinations(tile, 2):
            if same_pass(one, other):
                share = float((footprint_of(one) & footprint_of(other)).mean())
                if share >= _MUCH:
                    yield f"{one.name} and {other.name} ({share:.0%} of their tile)"
