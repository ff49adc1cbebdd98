"""Settings of the illumination filter: one frozen record that refuses nonsense."""

from dataclasses import dataclass

from sea_ice_kedro.imagery.options import expect_integer, expect_number

_WHERE = "filtering.illumination."


@dataclass(frozen=True)
class IlluminationFilter:
    """How illumination and haze are estimated; lengths in pixels of the scene."""

    cell_px: int = 32
    """Side of a cell of the coarse grid; structures of cloud and shadow smaller than
    a quarter of it are not resolved. A multiple of 4, 8 to 128."""

    shadow_smoothness: float = 4.0
    """Cost of one step (0.09) of shadow between neighbouring cells, in nats."""

    haze_smoothness: float = 1.0
    """Cost of one step (0.09) of haze between neighbouring cells, in nats."""

    shadow_prior: float = 1.5
    """Cost of any shadow in a cell, in nats."""

    haze_prior: float = 0.6
    """Cost of any haze in a cell, in nats. Less than that of shadow, which thin ice is
    easily taken for: under haze nothing is dark, which is evidence of its own."""

    likelihood_weight: float = 0.35
    """Weight of a pixel's log-likelihood, 0..1: neighbours are not independent."""

    max_haze: float = 0.55
    """Opacity from which the surface cannot be restored: untrustworthy."""

    max_shadow: float = 0.7
    """Share of the light taken from which the same holds."""

    def __post_init__(self) -> None:
        """Refuse settings that no scene can be filtered with."""
        expect_integer(f"{_WHERE}cell_px", self.cell_px, 8, 128)
        if self.cell_px % 4:
            expect_integer(f"{_WHERE}cell_px / 4", self.cell_px / 4, 2, 32)
        expect_number(f"{_WHERE}shadow_smoothness", self.shadow_smoothness, 0, 100)
        expect_number(f"{_WHERE}haze_smoothness", self.haze_smoothness, 0, 100)
        expect_number(f"{_WHERE}shadow_prior", self.shadow_prior, 0, 100)
        expect_number(f"{_WHERE}haze_prior", self.haze_prior, 0, 100)
        expect_number(f"{_WHERE}likelihood_weight", self.likelihood_weight, 0, 1)
        expect_number(f"{_WHERE}max_haze", self.max_haze, 0.1, 0.9)
        expect_number(f"{_WHERE}max_shadow", self.max_shadow, 0.1, 0.9)
