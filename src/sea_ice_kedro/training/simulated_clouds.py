"""Simulated thin cloud and shadow for training: drawn once, applied on the device."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.simulate import SimulationOptions
from sea_ice_kedro.imagery.simulate.atmosphere import form_atmosphere
from sea_ice_kedro.training.options import AugmentationOptions

SCENE_CHIPS = 4
"""Skies are drawn for squares of 4 x 4 chips: clouds are larger than chips."""

SKIES = 16


def draw_skies(
    chip_px: int, options: AugmentationOptions, seed: int
) -> npt.NDArray[np.uint8]:
    """Draw chips of thin cloud and its shadow, of many covers, edges and depths.

    Args:
        chip_px: Rows and columns of a chip.
        options: How dense cloud and how deep shadow may be.
        seed: The same seed gives the same skies.

    Returns:
        uint8 (N, S, S, 2): opacity of the cloud and share of light that the shadow
        takes, 255 = 1.
    """
    side = max(chip_px * SCENE_CHIPS, 32)
    everywhere = np.ones((side, side), bool)
    chips = []
    for rng in np.random.default_rng(seed).spawn(SKIES):
        sky = replace(
            SimulationOptions(height=side, width=side),
            thin_cloud_fraction=rng.uniform(0.2, 0.95),
            cloud_opacity=options.cloud_opacity * rng.uniform(0.3, 1.0),
            cloud_softness=rng.uniform(0.2, 1.0),
            cloud_height_m=rng.uniform(300, 2000),
            shadow_fraction=rng.choice([0.0, rng.uniform(0.1, 0.6)]),
            shadow_depth=options.shadow_depth * rng.uniform(0.4, 1.0),
        )
        air = form_atmosphere(sky, everywhere, rng)
        fields = np.stack([air.thin_cloud, air.shadow], axis=-1)
        chips.append(_chips_of(np.rint(fields * 255).astype(np.uint8), chip_px))
    return np.concatenate(chips)


def _chips_of(field: npt.NDArray[np.uint8], chip_px: int) -> npt.NDArray[np.uint8]:
    count = field.shape[0] // chip_px
    field = field[: count * chip_px, : count * chip_px]
    grid = field.reshape(count, chip_px, count, chip_px, field.shape[-1])
    return grid.transpose(0, 2, 1, 3, 4).reshape(-1, chip_px, chip_px, field.shape[-1])
