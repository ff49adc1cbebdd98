"""The colours of sea ice concentration, in figures and in rasters."""

import numpy as np

from sea_ice_kedro.imagery.arrays import RGB
from sea_ice_kedro.imagery.classes import NODATA, NODATA_COLOUR

RAMP: list[tuple[float, str]] = [
    (0.0, "#08122e"),
    (0.15, "#23265c"),
    (0.35, "#3c4f9b"),
    (0.55, "#4281b3"),
    (0.75, "#72b2c4"),
    (0.9, "#b9dfe0"),
    (1.0, "#f7fdfd"),
]
"""From open water to closed ice: share and colour, linear between them."""


def percent_palette() -> RGB:
    """Return the colour of every percent: uint8 (256, 3), black above 100."""
    shares = [100 * share for share, _ in RAMP]
    stops = np.array([_rgb(colour) for _, colour in RAMP])
    percents = np.arange(101)
    ramp = [np.interp(percents, shares, stops[:, band]) for band in range(3)]
    colours = np.zeros((256, 3), np.uint8)
    colours[:101] = np.rint(np.stack(ramp, axis=1))
    colours[NODATA] = NODATA_COLOUR
    return colours


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
