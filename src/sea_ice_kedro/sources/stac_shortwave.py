"""The short-wave infrared bands of a STAC item, where it has them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.imagery.shortwave import SHORTWAVE, ShortwaveBand
from sea_ice_kedro.sources.cutting import Grid
from sea_ice_kedro.sources.product_options import StacOptions
from sea_ice_kedro.sources.stac_calibration import calibration_of
from sea_ice_kedro.sources.stac_properties import baseline_of

_LOG = logging.getLogger(__name__)

_SHORTWAVE_ASSETS = {
    "B10": ("cirrus", "B10", "B10_60m"),
    "B11": ("swir16", "B11", "B11_20m"),
    "B12": ("swir22", "B12", "B12_20m"),
}
"""Keys of Earth Search and stactools, Planetary Computer, Copernicus Data Space."""


@dataclass(frozen=True)
class ShortwaveAsset:
    """One short-wave infrared band of an item."""

    band: ShortwaveBand
    href: str
    factor: int
    """Pixels of the granule along a side of one of its own."""

    calibration: Calibration


def read_shortwave(
    item: Mapping[str, Any], grid: Grid, options: StacOptions
) -> tuple[ShortwaveAsset, ...]:
    """Find the short-wave infrared bands that an item has.

    A band whose offset is not known is warned of: a scene without it is right, but less
    of its cloud is told.

    Args:
        item: The item as JSON, its links resolved.
        grid: Of its red, green and blue.
        options: What the items do not say themselves.
    """
    baseline = baseline_of(item)
    found = []
    for band in SHORTWAVE:
        keys = (
            key for key in _SHORTWAVE_ASSETS[band.esa_name] if key in item["assets"]
        )
        asset = item["assets"].get(next(keys, None))
        if asset is None:
            continue
        shape = asset.get("proj:shape")
        factor = band.factor if shape is None else round(grid.shape[0] / int(shape[0]))
        try:
            calibration = calibration_of(item, asset, baseline, options)
        except InvalidScene as error:
            _LOG.warning("%s: left out band %s: %s", item["id"], band.esa_name, error)
            continue
        found.append(ShortwaveAsset(band, asset["href"], max(factor, 1), calibration))
    return tuple(found)
