"""A varied default set of scenes: what users see first, and what tests use."""

from dataclasses import replace

import numpy as np

from sea_ice_kedro.imagery.simulate.options import SimulationOptions

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
