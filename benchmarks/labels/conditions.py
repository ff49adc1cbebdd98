"""What the labels are tried on: kinds of ice under kinds of sky, with fixed seeds.

A method may be tuned on the development seeds only; what is reported is measured on
the test seeds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sea_ice_kedro.imagery.simulate import PRESETS, SimulatedScene, SimulationOptions
from sea_ice_kedro.imagery.simulate import simulate_scene as simulate

SEEDS = {"development": (101, 102), "test": (901, 902)}
"""Of the scenes; each geometry adds a number of its own."""

CLEAR = {"thin_cloud_fraction": 0.0, "shadow_fraction": 0.0}

GEOMETRIES = (
    "pack",
    "wide_lead",
    "marginal_ice_zone",
    "refreezing",
    "swath_edge",
    "polynya",
)


@dataclass(frozen=True)
class Condition:
    """A sky, a sensor or a stretch that scenes are seen with."""

    name: str

    skies: tuple[dict[str, Any], ...] = ({},)
    """Changes to `SimulationOptions`; seeds take turns with them."""

    geometries: tuple[str, ...] = GEOMETRIES

    everywhere: dict[str, Any] = field(default_factory=dict)
    """Changes that all scenes of the condition share."""


_SHADOWS = (
    {"shadow_fraction": 0.3, "shadow_depth": 0.4, "cloud_softness": 0.35},
    {"shadow_fraction": 0.45, "shadow_depth": 0.5, "cloud_softness": 0.8},
)
_HAZES = (
    {"thin_cloud_fraction": 0.6, "cloud_opacity": 0.33},
    {"thin_cloud_fraction": 0.4, "cloud_opacity": 0.2, "cloud_softness": 0.4},
)
_BOTH = (
    {
        "thin_cloud_fraction": 0.35,
        "shadow_fraction": 0.25,
        "cloud_opacity": 0.33,
        "shadow_depth": 0.4,
    },
    {
        "thin_cloud_fraction": 0.5,
        "shadow_fraction": 0.35,
        "cloud_opacity": 0.25,
        "shadow_depth": 0.45,
        "cloud_softness": 0.5,
    },
)
_LEADS = ("wide_lead", "refreezing")
_FEW = ("pack", "wide_lead", "marginal_ice_zone")

CONDITIONS = (
    Condition("clear"),
    Condition("shadow", _SHADOWS),
    Condition("haze", _HAZES),
    Condition("both", _BOTH),
    Condition("wide leads", geometries=_LEADS),
    Condition("wide leads, haze", _HAZES, _LEADS),
    Condition("no data, haze", _HAZES, _FEW, {"nodata_wedge_fraction": 0.3}),
    Condition("stretch 0.6", geometries=_FEW, everywhere={"stretch": 0.6}),
    Condition("stretch 0.8", geometries=_FEW, everywhere={"stretch": 0.8}),
    Condition("stretch 1.2", geometries=_FEW, everywhere={"stretch": 1.2}),
    Condition("stretch 1.4", geometries=_FEW, everywhere={"stretch": 1.4}),
    Condition("light 0.6", geometries=_FEW, everywhere={"light": 0.6}),
    Condition("light 0.8, both", _BOTH, _FEW, {"light": 0.8}),
    Condition("noise x4, both", _BOTH, _FEW, {"noise": 4.0}),
    Condition("20 m pixels, both", _BOTH, _FEW, {"pixel_size_m": 20.0}),
    Condition("60 m pixels, both", _BOTH, _FEW, {"pixel_size_m": 60.0}),
    Condition("sharp shadow", ({**_SHADOWS[0], "cloud_softness": 0.1},), _FEW),
    Condition("deep shadow", ({**_SHADOWS[1], "shadow_depth": 0.65},), _FEW),
)


def condition_named(name: str) -> Condition:
    """Give a condition by its name.

    Raises:
        SystemExit: if there is none; naming those that there are.
    """
    named = {condition.name: condition for condition in CONDITIONS}
    if name not in named:
        raise SystemExit(f"expected one of {', '.join(named)}, got {name!r}")
    return named[name]


def scenes_of(
    condition: Condition, seeds: str, size: int
) -> Iterator[tuple[str, SimulatedScene]]:
    """Simulate the scenes of a condition, one after another.

    Args:
        condition: What they are seen with.
        seeds: "development" or "test".
        size: Rows and columns.

    Yields:
        Name ("pack 101") and scene.
    """
    for geometry in condition.geometries:
        for number, seed in enumerate(SEEDS[seeds]):
            yield (
                f"{geometry} {seed}",
                scene_of(condition, geometry, number, seed, size),
            )


def scene_of(
    condition: Condition, geometry: str, number: int, seed: int, size: int
) -> SimulatedScene:
    """Simulate one scene of a condition; skies take turns by its number."""
    sky = condition.skies[number % len(condition.skies)]
    options = options_of(geometry, {**sky, **condition.everywhere}, size)
    # The same geometry has the same ice under every sky.
    return simulate(options, 1000 * GEOMETRIES.index(geometry) + seed)


def options_of(geometry: str, sky: dict[str, Any], size: int) -> SimulationOptions:
    """Put a geometry under a sky; without one it is clear."""
    return replace(PRESETS[geometry], **{**CLEAR, "height": size, "width": size, **sky})
