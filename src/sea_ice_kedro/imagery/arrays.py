"""The shapes of data that every algorithm here speaks.

Axes are (row, column, channel); channels are R, G, B. Boolean rasters are named
for what is True: `valid_mask` is True where the sea was observed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.reflectance import Rendering

RGB = npt.NDArray[np.uint8]
"""uint8 (H, W, 3), 0..255, channels R, G, B."""

AnyScene = TypeVar("AnyScene", bound="Scene")

Grey = npt.NDArray[np.uint8]
"""uint8 (H, W), 0..255."""

Mask = npt.NDArray[np.bool_]
"""bool (H, W)."""

Codes = npt.NDArray[np.uint8]
"""uint8 (H, W) of `SeaIceClass` codes; 254 on land, 255 where there is no data."""

Quality = npt.NDArray[np.uint8]
"""uint8 (H, W) of `QualityFlag` bits."""


@dataclass(frozen=True)
class Georeference:
    """Where a raster lies: a coordinate reference system and an affine transform."""

    crs: str
    """As rasterio writes it: an authority code ("EPSG:3031") or WKT."""

    transform: tuple[float, float, float, float, float, float]
    """(a, b, c, d, e, f) with x = a·column + b·row + c, y = d·column + e·row + f,
    for the upper left corner of a pixel, in units of the CRS."""


SIMULATED = "sample"
"""Source of scenes that the project makes itself: no observation."""


@dataclass(frozen=True)
class Origin:
    """Where a scene came from."""

    source: str
    """Name of the source: `SIMULATED`, "folder", ..."""

    location: str
    """File name, product or seed, as the source names it; never a whole path."""

    checksum: str
    """Digest of the bytes, "md5:...", or settings that the scene was made of."""

    notes: str = ""
    """What the run is to say of how it was read, after the scene's name."""


@dataclass(frozen=True)
class Acquisition:
    """What a product's metadata say of a scene; None and "" where they do not."""

    granule: str = ""
    """MGRS name of ESA's product unit, "T03CWT"."""

    sun_elevation_deg: float | None = None
    """Of the granule's mean, above the horizon."""

    cloud_percentage: float | None = None
    """Of the granule, 0..100, as its producer estimated it."""

    processing_baseline: str = ""
    """Of ESA's processor: "N0400" is 04.00."""

    asset_id: str = ""
    """How the provider names the product."""


@dataclass(frozen=True, eq=False)
class Land:
    """What of a scene is land or ice shelf, by a user's mask."""

    mask: Mask
    """bool (H, W), True where what was observed is land."""

    source: str
    """Name and digest of the file of the mask: "coast.gpkg md5:..."."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One Sentinel-2 acquisition over an area: an RGB raster with its validity."""

    scene_id: str
    rgb: RGB
    valid_mask: Mask
    georeference: Georeference | None = None
    acquired: datetime | None = None
    """Time of acquisition, UTC."""

    origin: Origin | None = None
    acquisition: Acquisition | None = field(default=None, kw_only=True)
    rendering: Rendering | None = field(default=None, kw_only=True)
    """How stored numbers became brightness; None: they were 8-bit already."""

    given_limits: tuple[int, int] | None = field(default=None, kw_only=True)
    """First brightness of thin and of thick ice, where a user has set them for it."""

    given_filter: str = field(default="", kw_only=True)
    """Method of the filter that a user has chosen for it; "": that of the settings."""

    extra_bands: Mapping[str, Grey] = field(default_factory=dict, kw_only=True)
    """Further bands by name, uint8 (H, W): saturated pixels, cloud probability, ..."""

    land: Land | None = field(default=None, kw_only=True)
    """What is no sea, and so not valid; None where no mask was named."""

    def __post_init__(self) -> None:
        """Refuse rasters that do not fit together."""
        expected = f"scene {self.scene_id!r}: expected "
        if self.rgb.shape[2:] != (3,) or self.rgb.dtype != np.uint8:
            raise ValueError(
                f"{expected}rgb as uint8 (H, W, 3), got {self.rgb.dtype} "
                f"{self.rgb.shape}"
            )
        if self.valid_mask.shape != self.rgb.shape[:2] or self.valid_mask.dtype != bool:
            raise ValueError(
                f"{expected}valid_mask as bool {self.rgb.shape[:2]}, got "
                f"{self.valid_mask.dtype} {self.valid_mask.shape}"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.rgb.shape[0], self.rgb.shape[1]

    def keeping(self: AnyScene, wanted: Mask) -> AnyScene:
        """Return the scene without observations elsewhere.

        Args:
            wanted: bool (H, W).
        """
        valid_mask = self.valid_mask & wanted
        return replace(
            self,
            rgb=np.where(valid_mask[..., None], self.rgb, np.uint8(0)),
            valid_mask=valid_mask,
            extra_bands=_kept(self.extra_bands, valid_mask),
        )

    def with_land(self: AnyScene, land: Mask, source: str) -> AnyScene:
        """Return the scene with land set apart: not valid, its picture kept.

        Args:
            land: bool (H, W), True on land; what was not observed stays no data.
            source: Name and digest of the file that says so.
        """
        valid_mask = self.valid_mask & ~land
        return replace(
            self,
            valid_mask=valid_mask,
            extra_bands=_kept(self.extra_bands, valid_mask),
            land=Land(self.valid_mask & land, source),
        )


def _kept(bands: Mapping[str, Grey], wanted: Mask) -> dict[str, Grey]:
    return {name: np.where(wanted, b, np.uint8(0)) for name, b in bands.items()}


@dataclass(frozen=True, eq=False)
class FilteredScene(Scene):
    """A scene after the thin-cloud and shadow filter, with its quality flags."""

    quality: Quality | None = None
    """uint8 (H, W) of `QualityFlag` bits; None before the filter set them."""

    limits: tuple[int, int] | None = None
    """First brightness of thin and of thick ice that the published filter worked with;
    None where the scene can be labelled with any."""

    @property
    def flags(self) -> Quality:
        """The quality band; all clear where no filter has set it."""
        return np.zeros(self.shape, np.uint8) if self.quality is None else self.quality


@dataclass(frozen=True, eq=False)
class ClassMap:
    """The class of every pixel of one scene, on the scene's own grid."""

    scene_id: str
    codes: Codes
    georeference: Georeference | None = None
    acquired: datetime | None = None

    limits: tuple[int, int] | None = None
    """First brightness of thin and of thick ice it was made by; None: not by such."""

    limits_source: str = ""
    """Where the limits come from: "scene", "published", "values", "filter", "yours"; or
    why a limit fell back."""

    concentration_range: tuple[float, float] | None = field(default=None, kw_only=True)
    """Between what sea ice concentration lies, 0..1: with the limit of thin ice moved
    up and down, or by a network's probabilities; None: not known."""

    water_by_darkest: bool = False
    """Whether water was told by min(R, G, B); else by max(R, G, B)."""

    untrustworthy_pixels: int = 0
    """Observed pixels that could not be restored, and so have no class."""

    source: str = ""
    """Of the scene: "sample" (simulated), "folder", ...; "": not known."""

    land_source: str = field(default="", kw_only=True)
    """Name and digest of the mask of land; "" where none was named."""

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.codes.shape[0], self.codes.shape[1]
