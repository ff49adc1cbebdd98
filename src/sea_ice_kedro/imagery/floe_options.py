"""What counts as a floe and as a lead."""

from dataclasses import dataclass

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.options import expect_number


@dataclass(frozen=True)
class FloeOptions:
    """Limits of what is a floe and what is a lead; lengths in pixels of the map."""

    thin_ice: bool = False
    """Whether thin ice is part of floes, and only open water of leads."""

    smallest_px: float = 10.0
    """Area-equivalent diameter of the smallest floe that is listed; smaller holes in
    floes and smaller pieces of ice in leads are filled."""

    neck: float = 0.7
    """Two floes touch, and are not one, where the neck between them is narrower than
    this share of the width of the narrower one, 0..1; 0 parts nothing."""

    narrowest_px: float = 3.0
    """Mean width from which on a lead counts as resolved; narrower ones are listed."""

    widest_m: float = 2000.0
    """Open water into which a disc of this diameter fits is no lead but open sea; in a
    map without a georeference, with pixels of 10 m."""

    shortest_px: float = 20.0
    """Length of the shortest lead."""

    elongation: float = 3.0
    """Least length of a lead, in mean widths."""

    def __post_init__(self) -> None:
        """Refuse limits that describe nothing."""
        if not isinstance(self.thin_ice, bool):
            raise InvalidOption(
                f"expected floes.thin_ice to be true or false, got {self.thin_ice!r}"
            )
        expect_number("floes.smallest_px", self.smallest_px, 4, 1000)
        expect_number("floes.neck", self.neck, 0, 1)
        expect_number("floes.narrowest_px", self.narrowest_px, 1, 100)
        expect_number("floes.widest_m", self.widest_m, 10, 100_000)
        expect_number("floes.shortest_px", self.shortest_px, 5, 10_000)
        expect_number("floes.elongation", self.elongation, 1, 100)

    @property
    def smallest_area_px(self) -> float:
        """Area of the smallest floe, in pixels."""
        return 3.141592653589793 / 4 * self.smallest_px**2
