"""Contents of a simulated scene, and a varied default set of them."""

from dataclasses import dataclass, replace

import numpy as np

_FRACTIONS = (
    "open_water_fraction",
    "thin_ice_fraction",
    "brash",
    "thin_cloud_fraction",
    "cloud_opacity",
    "cloud_softness",
    "shadow_fraction",
    "shadow_depth",
)


@dataclass(frozen=True)
class SimulationOptions:
    """Size, ice, atmosphere and sensor of one simulated scene."""

    height: int = 1024
    """Rows, at least 32."""

    width: int = 1024
    """Columns, at least 32."""

    pixel_size_m: float = 10.0
    """Ground size of a pixel, metres; Sentinel-2's B02, B03 and B04 have 10 m."""

    open_water_fraction: float = 0.05
    """Wanted share of open water before cloud and no-data, 0..1; met within a few
    hundredths (leads of their own and thin rims come on top)."""

    thin_ice_fraction: float = 0.18
    """Wanted share of thin ice (nilas to grey-white), 0..1; met like open water.
    A scene with wide leads has at least the thin ice that fills them."""

    floe_exponent: float = 1.8
    """alpha of the cumulative floe size distribution N(>d) ~ d^-alpha. Rothrock &
    Thorndike (1984) measured 1.7..2.5; Stern et al. (2018) review 0.9..3.5."""

    floe_min_m: float = 80.0
    """Smallest floe diameter, metres; never below 4 pixels."""

    floe_max_m: float = 7000.0
    """Largest floe diameter, metres; never above 0.7 of the scene's short side."""

    lead_density: float = 0.5
    """Length of cracks and leads per area, km/km²."""

    wide_leads: int = 0
    """Refreezing leads or polynyas wider than 155 pixels (less in small scenes),
    grey gradients inside; 0..4."""

    brash: float = 0.3
    """How much brash ice and slush lies scattered in the gaps, 0..1."""

    thin_cloud_fraction: float = 0.0
    """Share of the observed pixels under thin cloud, 0..1."""

    cloud_opacity: float = 0.33
    """Opacity t of the densest thin cloud, 0..1: at 0.1 water looks 35, at 0.33 86."""

    cloud_softness: float = 0.7
    """Edges of cloud and shadow: 0 sharp within a few pixels, 1 fading over
    hundreds of metres."""

    shadow_fraction: float = 0.0
    """Share of the observed pixels under cloud shadow, 0..1."""

    shadow_depth: float = 0.4
    """Light taken in the deepest shadow, 0..1: 0.4 leaves 0.6 of the brightness."""

    cloud_height_m: float = 900.0
    """Height of the cloud above the ice, metres: it displaces the shadow."""

    noise: float = 1.0
    """Sensor noise in units of Sentinel-2's own; 0 gives a noise-free scene."""

    psf_sigma_px: float = 0.38
    """Blur of the sensor, standard deviation in pixels; 0 gives hard edges. The real
    one is near 0.7; the default keeps a water crack of one pixel below brightness 31,
    so that class and brightness agree on the clear surface."""

    nodata_wedge_fraction: float = 0.0
    """Share of the scene beyond a diagonal swath edge, 0..0.9: 0 and not valid."""

    light: float = 1.0
    """Sun level: multiplies the surface; 1 is calibrated reflectance at full sun."""

    stretch: float = 1.0
    """Exponent of the 8-bit scaling, 255·rho^stretch: 1 is linear with white = 1.0,
    0.7 lifts water to about 40 as other producers' stretches do."""

    def __post_init__(self) -> None:
        """Refuse values that describe no scene."""
        for name in ("height", "width"):
            self._expect(name, 32, 20_000)
        for name in _FRACTIONS:
            self._expect(name, 0, 1)
        self._expect("pixel_size_m", 1, 100)
        self._expect("floe_exponent", 0.5, 4)
        self._expect("lead_density", 0, 5)
        self._expect("wide_leads", 0, 4)
        self._expect("cloud_height_m", 0, 15_000)
        self._expect("noise", 0, 50)
        self._expect("psf_sigma_px", 0, 5)
        self._expect("nodata_wedge_fraction", 0, 0.9)
        self._expect("light", 0.05, 1.5)
        self._expect("stretch", 0.2, 3)
        if self.open_water_fraction + self.thin_ice_fraction > 1:
            raise ValueError(
                "expected open_water_fraction + thin_ice_fraction <= 1, got "
                f"{self.open_water_fraction} + {self.thin_ice_fraction}"
            )
        if not 0 < self.floe_min_m < self.floe_max_m:
            raise ValueError(
                "expected 0 < floe_min_m < floe_max_m, got "
                f"{self.floe_min_m} and {self.floe_max_m}"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.height, self.width

    def pixels(self, metres: float) -> float:
        """Convert a length on the ice, metres, to pixels."""
        return metres / self.pixel_size_m

    def _expect(self, name: str, low: float, high: float) -> None:
        """Raise ValueError when the field leaves [low, high] (or is NaN)."""
        value = getattr(self, name)
        if not low <= value <= high:
            raise ValueError(f"expected {low} <= {name} <= {high}, got {value}")


# --- A varied default set of scenes: what users see first, and what tests use

PRESETS: dict[str, SimulationOptions] = {
    "pack": SimulationOptions(),
    "wide_lead": SimulationOptions(
        wide_leads=1, open_water_fraction=0.04, thin_ice_fraction=0.3
    ),
    "haze": SimulationOptions(
        thin_cloud_fraction=0.6, open_water_fraction=0.1, thin_ice_fraction=0.2
    ),
    "shadow": SimulationOptions(shadow_fraction=0.3, cloud_softness=0.35),
    "marginal_ice_zone": SimulationOptions(
        open_water_fraction=0.5,
        thin_ice_fraction=0.12,
        floe_exponent=2.3,
        floe_min_m=50,
        floe_max_m=2500,
        brash=0.9,
        lead_density=0.05,
    ),
    "haze_and_shadow": SimulationOptions(
        thin_cloud_fraction=0.35, shadow_fraction=0.25, wide_leads=1
    ),
    "swath_edge": SimulationOptions(
        nodata_wedge_fraction=0.18, lead_density=0.8, thin_ice_fraction=0.12
    ),
    "polynya": SimulationOptions(
        open_water_fraction=0.88,
        thin_ice_fraction=0.07,
        floe_max_m=1200,
        lead_density=0.0,
        brash=0.6,
    ),
    "refreezing": SimulationOptions(
        wide_leads=2, open_water_fraction=0.02, thin_ice_fraction=0.55
    ),
    "wide_lead_haze": SimulationOptions(
        wide_leads=1, thin_cloud_fraction=0.5, thin_ice_fraction=0.35
    ),
}
"""Kinds of scene by name, in the order in which `sample_scenes` goes round them."""


def sample_options(index: int, size: int = 1024) -> SimulationOptions:
    """Return the options of the index-th scene of the default set.

    Args:
        index: From 0 on; the presets repeat.
        size: Rows and columns.

    Returns:
        A preset in the wanted size.
    """
    preset = list(PRESETS.values())[index % len(PRESETS)]
    return replace(preset, height=size, width=size)


def sample_scenes(
    count: int, size: int = 1024, seed: int = 0
) -> list[tuple[str, SimulationOptions, int]]:
    """List a varied set of scenes to simulate.

    Args:
        count: Number of scenes.
        size: Rows and columns.
        seed: Of the whole set; a longer set starts with the scenes of a shorter one.

    Returns:
        (scene id such as "sim_ross_sea_00", options, the scene's own seed).
    """
    seeds = np.random.SeedSequence(seed).generate_state(max(count, 0))
    return [
        (f"sim_ross_sea_{index:02d}", sample_options(index, size), int(seeds[index]))
        for index in range(count)
    ]
