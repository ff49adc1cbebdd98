"""Where scenes come from. A source lists lazy scenes; reading happens in a worker."""

from sea_ice_kedro.sources.listing import SceneEntry, find_all_ids, find_scenes
from sea_ice_kedro.sources.options import IngestionOptions

__all__ = ["IngestionOptions", "SceneEntry", "find_all_ids", "find_scenes"]
