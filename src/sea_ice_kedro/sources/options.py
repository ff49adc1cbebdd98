"""What `params:ingestion` may say."""

import math
import re
from dataclasses import dataclass, field

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.options import expect_choice, expect_integer

# A source is a function of `IngestionOptions` that lists `SceneEntry`s; its module is
# imported only when that source is asked for.
SOURCES = {
    "sample": "sea_ice_kedro.sources.sample:list_scenes",
    "folder": "sea_ice_kedro.sources.folder:list_scenes",
}


@dataclass(frozen=True)
class RasterOptions:
    """How to read a raster file as a scene."""

    bands: tuple[int, int, int] | None = None
    """1-based numbers of the red, green and blue band, [3, 2, 1] or "3-2-1" (a comma
    would end the setting in --params); None: 1, 2, 3 of a raster of
    three bands, or of four when the fourth is alpha."""

    scale: float | None = None
    """reflectance = stored number * scale + offset. None: the file is 8-bit
    brightness already."""

    offset: float = 0.0
    """See `scale`; -0.1 for Sentinel-2 from processing baseline 04.00 on."""

    white_reflectance: float = 1.0
    """Reflectance that becomes brightness 255."""

    gamma: float = 1.0
    """Brightness is proportional to reflectance ** (1 / gamma)."""

    nodata: float | None = None
    """Stored number that means "not observed" in any band (.nan for NaN), whatever
    the file says. None: 0 in files of digital numbers (whole numbers with a `scale`)
    that say nothing themselves."""

    validity: str = "auto"
    """"file": mask, nodata value or alpha of the file; "border": regions of exact zero
    that touch the border; "all": every pixel; "auto": "file" where the file has one of
    them, else "border"."""

    border_margin_px: int = 2
    """With validity by "border": pixels this close to no data are no data too."""

    max_pixels: int = 150_000_000
    """Larger files are refused unread; a granule has 10 980² = 120 560 400."""

    def __post_init__(self) -> None:
        """Refuse settings that no file can be read with."""
        if isinstance(self.bands, str):
            numbers = tuple(int(n) for n in re.findall(r"\d+", self.bands))
            object.__setattr__(self, "bands", numbers)
        if self.bands is not None:
            if len(self.bands) != 3:  # noqa: PLR2004 - red, green, blue
                raise InvalidOption(
                    f"expected ingestion.raster.bands as [red, green, blue], 1-based, "
                    f"got {list(self.bands)}"
                )
            for band in self.bands:
                expect_integer("ingestion.raster.bands", band, 1, 1000)
            object.__setattr__(self, "bands", tuple(self.bands))
        for name in ("scale", "white_reflectance", "gamma"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InvalidOption(
                    f"expected ingestion.raster.{name} > 0, got {value!r}"
                )
        if not math.isfinite(self.offset):
            raise InvalidOption(
                f"expected ingestion.raster.offset to be finite, got {self.offset!r}"
            )
        brightness_only = (self.offset, self.white_reflectance, self.gamma)
        if self.scale is None and brightness_only != (0.0, 1.0, 1.0):
            raise InvalidOption(
                "expected ingestion.raster.offset, white_reflectance and gamma only "
                f"together with a scale, got {brightness_only} and no scale"
            )
        expect_choice(
            "ingestion.raster.validity",
            self.validity,
            ("auto", "file", "border", "all"),
        )
        expect_integer(
            "ingestion.raster.border_margin_px", self.border_margin_px, 0, 64
        )
        expect_integer("ingestion.raster.max_pixels", self.max_pixels, 1, 2**40)


@dataclass(frozen=True)
class SampleOptions:
    """Scenes that the project makes itself."""

    count: int = 18
    size_px: int = 1024
    """Rows and columns of a scene."""

    seed: int = 2019

    def __post_init__(self) -> None:
        """Refuse samples without pixels."""
        expect_integer("ingestion.sample.count", self.count, 1, 100_000)
        expect_integer("ingestion.sample.size_px", self.size_px, 32, 10_980)
        expect_integer("ingestion.sample.seed", self.seed, 0, 2**32 - 1)


@dataclass(frozen=True)
class IngestionOptions:
    """Which source is read, and how."""

    source: str = "sample"
    folder: str | None = None
    """Of the source "folder": where the scenes lie."""

    scene_marker: str = "_vis_"
    """A file whose name holds `label_marker` where a scene's name holds this is that
    scene's manual label: s2_seg_00.png labels s2_vis_00.png."""

    label_marker: str = "_seg_"
    raster: RasterOptions = field(default_factory=RasterOptions)
    sample: SampleOptions = field(default_factory=SampleOptions)

    def __post_init__(self) -> None:
        """Refuse unknown sources; build the nested records from configuration."""
        expect_choice("ingestion.source", self.source, SOURCES)
        if self.source == "folder" and not self.folder:
            raise InvalidOption(
                "expected ingestion.folder to name a folder of scenes, got "
                f"{self.folder!r}; add --params "
                "ingestion.source=folder,ingestion.folder=/path/to/scenes"
            )
        if not self.scene_marker or not self.label_marker:
            raise InvalidOption(
                "expected ingestion.scene_marker and label_marker to be non-empty, "
                f"got {self.scene_marker!r} and {self.label_marker!r}"
            )
        if isinstance(self.raster, dict):
            object.__setattr__(self, "raster", RasterOptions(**self.raster))
        if isinstance(self.sample, dict):
            object.__setattr__(self, "sample", SampleOptions(**self.sample))
