"""Simulated Sentinel-2 scenes of sea ice whose truth is known.

`simulate_scene(options, seed)` gives one scene with its class map, cloud and shadow;
`sample_scenes(count, size, seed)` lists a varied set.
"""

from sea_ice_kedro.imagery.simulate.options import (
    PRESETS,
    SimulationOptions,
    sample_options,
    sample_scenes,
)
from sea_ice_kedro.imagery.simulate.scene import SimulatedScene, simulate_scene

__all__ = [
    "PRESETS",
    "SimulatedScene",
    "SimulationOptions",
    "sample_options",
    "sample_scenes",
    "simulate_scene",
]
