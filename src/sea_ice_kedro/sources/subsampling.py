"""So many scenes of all that fit: the same ones every time."""

import logging

import numpy as np

from sea_ice_kedro.sources.listing import SceneEntry
from sea_ice_kedro.sources.product_options import SearchOptions

logger = logging.getLogger(__name__)


def subsample_scenes(
    entries: list[SceneEntry], search: SearchOptions
) -> list[SceneEntry]:
    """Draw `search.max_scenes` of the scenes, by `search.seed`, in order of their ids.

    What was drawn does not depend on the order in which a server lists.
    """
    ordered = sorted(entries, key=lambda entry: entry.scene_id)
    count = search.max_scenes
    logger.info("%d scenes fit, %s are taken", len(ordered), count or "all")
    if count is None or count >= len(ordered):
        return ordered
    rng = np.random.default_rng(search.seed)
    chosen = sorted(rng.permutation(len(ordered))[:count])
    return [ordered[i] for i in chosen]
