"""Prediction of a network for a scene: strip by strip, and as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from sea_ice_kedro.imagery.arrays import ClassMap, Codes, Georeference, Grey
from sea_ice_kedro.imagery.classes import SeaIceClass

PROBABILITY_BANDS = (*(f"{c.key}_percent" for c in SeaIceClass), "margin_percent")
"""The probability of each class, and by how much the likeliest outcome is ahead."""


@dataclass(frozen=True, eq=False)
class Strip:
    """Some whole rows of a prediction."""

    row: int
    """First row in the scene, 0-based."""

    codes: Codes
    """uint8 (h, W) of `SeaIceClass` codes; 254 on land, 255 where there is no data."""

    confidence: Grey
    """uint8 (h, W): probability of that class in percent, 0..100; 255 = no data."""

    unclassed_pixels: int = 0
    """Observed pixels in which the network sees neither sea nor sea ice: code 255."""

    probabilities: Sequence[Grey] = ()
    """uint8 (h, W) in percent, 0..100; 255 = no data: all `PROBABILITY_BANDS`, where
    they are wanted."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """A prediction in the making: its strips are computed while they are taken."""

    scene_id: str
    shape: tuple[int, int]
    """(H, W) in pixels."""

    strips: Iterable[Strip]
    """From top to bottom, without gaps; they can be taken once."""

    georeference: Georeference | None = None
    acquired: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    """Network that made it: `model`, `model_checksum`."""

    source: str = ""
    """Of the scene: "sample" (simulated), "folder", ...; "": not known."""

    land_source: str = ""
    """Name and digest of the mask of land; "" where none was named."""

    with_probabilities: bool = False
    """Whether strips have `PROBABILITY_BANDS`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PredictedMap(ClassMap):
    """A class map made by a network, with how sure that is of each pixel."""

    confidence: Grey
    """uint8 (H, W): probability of the class in percent, 0..100; 255 = no data."""

    model_checksum: str = ""
    """Digest of the network's file."""

    def __post_init__(self) -> None:
        """Refuse rasters that do not fit together."""
        if self.confidence.shape != self.shape or self.confidence.dtype != np.uint8:
            raise ValueError(
                f"scene {self.scene_id!r}: expected confidence as uint8 {self.shape}, "
                f"got {self.confidence.dtype} {self.confidence.shape}"
            )
