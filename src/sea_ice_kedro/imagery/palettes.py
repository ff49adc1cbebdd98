"""The colours that figures, quicklooks and the report draw the classes in."""

from collections.abc import Mapping
from dataclasses import dataclass

from sea_ice_kedro.imagery.classes import COLOURS, SeaIceClass
from sea_ice_kedro.imagery.options import expect_choice

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
