"""The classes of a class map: codes in files, colours on screen, in one place.

They are brightness classes, not WMO stages of development: thick ice looks like
first-year or older, snow-covered ice; thin ice like nilas and young ice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

import numpy as np

from sea_ice_kedro.errors import expect_choice
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


# --- The colours that figures, quicklooks and the report draw the classes in

ClassColours = Mapping[SeaIceClass, tuple[int, int, int]]
"""(R, G, B), 0..255."""

PALETTES: dict[str, ClassColours] = {
    "accessible": {
        **COLOURS,  # of a class that is added and has no other yet
        SeaIceClass.THICK_ICE: (240, 228, 150),
        SeaIceClass.THIN_ICE: (86, 180, 233),
        SeaIceClass.OPEN_WATER: (0, 70, 140),
    },
    "published": COLOURS,
}
"""The accessible one differs by CIEDE2000 >= 20 between any two classes, no data and
white paper, with normal vision, protanopia and deuteranopia (Machado et al. 2009), and
from dark to bright as the classes do, so that it survives a print in grey."""


@dataclass(frozen=True)
class FigureOptions:
    """How figures show the classes."""

    palette: str = "accessible"
    """A key of `PALETTES`."""

    def __post_init__(self) -> None:
        """Refuse a palette that does not exist."""
        expect_choice("figures.palette", self.palette, PALETTES)

    @property
    def colours(self) -> ClassColours:
        """The colour of each class."""
        return PALETTES[self.palette]


ACCESSIBLE = FigureOptions()


def css(colour: tuple[int, int, int]) -> str:
    """Write a colour, (R, G, B), as CSS and plotly do."""
    return "rgb({}, {}, {})".format(*colour)


# --- The colours of sea ice concentration, in figures and in rasters

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
