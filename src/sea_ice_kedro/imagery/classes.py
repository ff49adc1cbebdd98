"""The classes of a class map: codes in files, colours on screen, in one place.

They are brightness classes, not WMO stages of development: thick ice looks like
first-year or older, snow-covered ice; thin ice like nilas and young ice.
"""

from collections.abc import Mapping
from enum import IntEnum, IntFlag

import numpy as np

from sea_ice_kedro.imagery.arrays import RGB, Codes, Mask, Quality

NODATA = 255
"""Code of pixels without an observation; never a class."""

LAND = 254
"""Code of land and ice shelf, where a user's mask has them; never a class. (So have
NSIDC's sea ice products: 254 land, 255 missing.)"""


class SeaIceClass(IntEnum):
    """Codes of a class map."""

    THICK_ICE = 0
    THIN_ICE = 1
    OPEN_WATER = 2

    @property
    def key(self) -> str:
        """Name as tables and tags write it: "thick_ice"."""
        return self.name.lower()

    @property
    def label(self) -> str:
        """Name as people read it: "thick ice"."""
        return self.key.replace("_", " ")

    @property
    def is_ice(self) -> bool:
        """Whether it counts in sea ice concentration."""
        return self is not SeaIceClass.OPEN_WATER


NO_CLASS = len(SeaIceClass)
"""What a network learns to call opaque cloud, land and what was not observed; never in
a class map, where such a pixel is `NODATA`."""

DARK_TO_BRIGHT = (SeaIceClass.OPEN_WATER, SeaIceClass.THIN_ICE, SeaIceClass.THICK_ICE)
"""The classes in order of brightness."""


class QualityFlag(IntFlag):
    """Bits of a filtered scene's quality band; 0 is an untouched, clear pixel."""

    NODATA = 1
    THIN_CLOUD = 2
    SHADOW = 4
    CHANGED = 8
    SATURATED = 16
    UNTRUSTWORTHY = 32

    @property
    def key(self) -> str:
        """Name as tables and tags write it: "thin_cloud"."""
        return str(self.name).lower()


def classed(codes: Codes) -> Mask:
    """Return where a class map has a class, neither land nor no data: bool (H, W)."""
    return np.asarray((codes != NODATA) & (codes != LAND))


def flagged(quality: Quality, flag: QualityFlag) -> Mask:
    """Return where a flag is set: bool (H, W)."""
    return np.asarray((quality & np.uint8(flag)) != 0)


COLOURS: dict[SeaIceClass, tuple[int, int, int]] = {
    SeaIceClass.THICK_ICE: (255, 0, 0),
    SeaIceClass.THIN_ICE: (0, 0, 255),
    SeaIceClass.OPEN_WATER: (0, 255, 0),
}
"""(R, G, B) as Iqrah et al. (2024, III-A, Fig. 4) draw them."""

NODATA_COLOUR = (0, 0, 0)

LAND_COLOUR = (140, 120, 110)
"""In class maps and in each palette of figures."""

LAND_LABEL = "land or ice shelf"


def palette(colours: Mapping[SeaIceClass, tuple[int, int, int]] = COLOURS) -> RGB:
    """Return the colour of every code: uint8 (256, 3), black where none is."""
    table = np.zeros((256, 3), np.uint8)
    for sea_ice_class, colour in colours.items():
        table[sea_ice_class] = colour
    table[LAND] = LAND_COLOUR
    table[NODATA] = NODATA_COLOUR
    return table


def colourise(
    codes: Codes, colours: Mapping[SeaIceClass, tuple[int, int, int]] = COLOURS
) -> RGB:
    """Paint class codes, uint8 (H, W), in their colours, uint8 (H, W, 3)."""
    return palette(colours)[codes]
