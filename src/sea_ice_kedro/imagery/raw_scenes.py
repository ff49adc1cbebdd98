"""A scene as its provider stores it, before it becomes 8-bit brightness."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import (
    Acquisition,
    Georeference,
    Grey,
    Mask,
    Origin,
    Scene,
)
from sea_ice_kedro.imagery.reflectance import (
    BrightnessOptions,
    Calibrations,
    Rendering,
    to_rgb,
)
from sea_ice_kedro.imagery.validity import observed

DigitalNumbers = npt.NDArray[np.uint16]
"""uint16 (3, H, W): red, green, blue as stored."""

# Sentinel-2 writes 65535 for a saturated pixel; where a provider has taken the offset
# of 1000 out of the numbers, it may be 64535. No surface has a reflectance of 6.
SATURATED_FROM = 64_535

SATURATED = "saturated"
"""Name of the band beside a scene that is 1 where a detector was saturated."""


@dataclass(frozen=True, eq=False)
class RawScene:
    """Digital numbers of one scene, and all that is known of them."""

    scene_id: str
    numbers: DigitalNumbers
    valid_mask: Mask
    calibrations: Calibrations
    origin: Origin
    acquisition: Acquisition
    georeference: Georeference | None = None
    acquired: datetime | None = None
    """Time of acquisition, UTC."""

    extra_bands: Mapping[str, Grey] = field(default_factory=dict)
    """Further bands by name, uint8 (H, W): cloud probability, ..."""


def render(raw: RawScene, brightness: BrightnessOptions) -> Scene:
    """Make the 8-bit scene of digital numbers.

    Saturated pixels become white and are flagged in a band of their own beside the
    scene; pixels that were not observed become black.

    Args:
        raw: The scene as stored.
        brightness: Which reflectance is white.
    """
    rendering = Rendering(raw.calibrations, brightness)
    rgb = to_rgb(list(raw.numbers), rendering)
    rgb[~raw.valid_mask] = 0
    return Scene(
        scene_id=raw.scene_id,
        rgb=rgb,
        valid_mask=raw.valid_mask,
        georeference=raw.georeference,
        acquired=raw.acquired,
        origin=raw.origin,
        acquisition=raw.acquisition,
        rendering=rendering,
        extra_bands={**raw.extra_bands, **saturated_band(raw.numbers, raw.valid_mask)},
    )


def observed_numbers(numbers: DigitalNumbers, calibrations: Calibrations) -> Mask:
    """Tell which pixels of Sentinel-2 were observed: "DN 0 = NODATA".

    Without an offset 0 is also how dark water is stored, in some of the bands; see
    `validity.observed`.

    Args:
        numbers: Red, green and blue as stored.
        calibrations: Of the three.

    Returns:
        bool (H, W).
    """
    red = calibrations[0]
    measurable = all(calibration.offset >= 0 for calibration in calibrations)
    return observed(numbers == 0, numbers, red.scale, measurable)


def saturated_band(numbers: npt.NDArray[Any], valid_mask: Mask) -> dict[str, Grey]:
    """Flag pixels that a detector could not measure.

    Args:
        numbers: (3, H, W) as stored; only uint16 reaches so far.
        valid_mask: bool (H, W).

    Returns:
        The band by its name, uint8 (H, W), 1 where saturated; nothing where none is.
    """
    if numbers.dtype != np.uint16:
        return {}
    saturated = (numbers >= SATURATED_FROM).any(axis=0) & valid_mask
    return {SATURATED: saturated.astype(np.uint8)} if saturated.any() else {}
