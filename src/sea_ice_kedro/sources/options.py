"""Options in `params:ingestion`."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sea_ice_kedro.errors import InvalidOption, expect_choice, expect_integer
from sea_ice_kedro.imagery.reflectance import BrightnessOptions
from sea_ice_kedro.sources.mapped_area import LandFile, land_file
from sea_ice_kedro.sources.plausible import LARGEST_OFFSET, SCALES
from sea_ice_kedro.sources.product_options import (
    CuttingOptions,
    EarthEngineOptions,
    SafeOptions,
    SearchOptions,
    StacOptions,
)
from sea_ice_kedro.sources.regions import Region, region_of

# A source is a function of `IngestionOptions` that lists `SceneEntry`s; its module is
# imported only when that source is asked for.
SOURCES = {
    "sample": "sea_ice_kedro.sources.sample:list_scenes",
    "folder": "sea_ice_kedro.sources.folder:list_scenes",
    "safe": "sea_ice_kedro.sources.safe:list_scenes",
    "earth_engine": "sea_ice_kedro.sources.earth_engine:list_scenes",
    "stac": "sea_ice_kedro.sources.stac:list_scenes",
}


@dataclass(frozen=True)
class RasterOptions:
    """How to read a raster file as a scene."""

    bands: tuple[int, int, int] | None = None
    """1-based numbers of the red, green and blue band, [3, 2, 1] or "3-2-1" (a comma
    would end the setting in --params); None: as the file names or colours its bands,
    else 1, 2, 3 of a raster of three, or of four when the fourth is alpha."""

    scale: float | None = None
    """reflectance = stored number * scale + offset. None: as the file says (GDAL's
    scale and offset), else it is 8-bit brightness already."""

    offset: float = 0.0
    """See `scale`; -0.1 for Sentinel-2 from processing baseline 04.00 on."""

    nodata: float | None = None
    """Stored number that means "not observed" (.nan for NaN), whatever the file says;
    `validity.observed` tells what it means in some of the bands. None: 0 in files of
    digital numbers (whole numbers with a `scale`) that say nothing themselves."""

    validity: str = "auto"
    """"file": mask, nodata value or alpha of the file; "border": regions of exact zero
    that touch the border; "all": every pixel; "auto": "file" where the file has one of
    them, and "border" where it has none, or a nodata value that is not 0."""

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
        for name in ("scale", "offset", "nodata"):
            value = getattr(self, name)
            if value is not None and not _is_number(value):
                raise InvalidOption(
                    f"expected ingestion.raster.{name} to be a number, got {value!r}"
                )
        if self.scale is not None and not SCALES[0] <= self.scale <= SCALES[1]:
            raise InvalidOption(
                f"expected ingestion.raster.scale from {SCALES[0]:g} to {SCALES[1]:g}, "
                f"got {self.scale!r}"
            )
        if not abs(self.offset) <= LARGEST_OFFSET:
            raise InvalidOption(
                f"expected ingestion.raster.offset from -{LARGEST_OFFSET:g} to "
                f"{LARGEST_OFFSET:g}, got {self.offset!r}"
            )
        if self.scale is None and self.offset != 0.0:
            raise InvalidOption(
                "expected ingestion.raster.offset only together with a scale, got "
                f"{self.offset} and no scale"
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


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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


_FOLDERS = {"folder": "scenes", "safe": ".SAFE folders or zips"}
"""Sources that read a folder, and of what."""


@dataclass(frozen=True)
class IngestionOptions:
    """Which source is read, and how."""

    source: str = "sample"
    folder: str | None = None
    """Of the sources "folder" and "safe": where scenes or products lie."""

    scene_marker: str = "_vis_"
    """A file whose name holds `label_marker` where a scene's name holds this is that
    scene's manual label: s2_seg_00.png labels s2_vis_00.png."""

    label_marker: str = "_seg_"

    label_suffix: str = "_label"
    """A file whose name ends so is the label of the scene named before it:
    ice_07_label.tif labels ice_07.tif."""

    area_of_interest: str | tuple[float, float, float, float] | None = None
    """What lies outside of it counts as not observed: [west, south, east, north] in
    degrees ("-180/-78/-140/-70" in --params), or the path of a GeoJSON or GeoPackage
    file of polygons in any CRS, whose holes count as filled. None: whole scenes."""

    land: str | None = None
    """Land and ice shelf, which is not mapped: a GeoJSON or GeoPackage file of
    polygons, or a GeoTIFF that is 0 on the sea. None: all is sea."""

    swir: bool = True
    """Take the short-wave infrared bands B10, B11 and B12 along where a source has
    them ("safe", "stac", "earth_engine"): opaque cloud is told by them."""

    brightness: BrightnessOptions = field(default_factory=BrightnessOptions)
    raster: RasterOptions = field(default_factory=RasterOptions)
    search: SearchOptions = field(default_factory=SearchOptions)
    cutting: CuttingOptions = field(default_factory=CuttingOptions)
    safe: SafeOptions = field(default_factory=SafeOptions)
    earth_engine: EarthEngineOptions = field(default_factory=EarthEngineOptions)
    stac: StacOptions = field(default_factory=StacOptions)
    sample: SampleOptions = field(default_factory=SampleOptions)

    def __post_init__(self) -> None:
        """Refuse unknown sources; build the nested records from configuration."""
        expect_choice("ingestion.source", self.source, SOURCES)
        if isinstance(self.folder, str) and self.folder.startswith("~"):
            object.__setattr__(self, "folder", str(Path(self.folder).expanduser()))
        if self.folder is not None and not isinstance(self.folder, str | Path):
            raise InvalidOption(
                f"expected ingestion.folder to be a path, got {self.folder!r}"
            )
        if self.source in _FOLDERS and not self.folder:
            raise InvalidOption(
                f"expected ingestion.folder to name a folder of {_FOLDERS[self.source]}"
                f", got {self.folder!r}; add --params "
                f"ingestion.source={self.source},ingestion.folder=/path/to/scenes"
            )
        if isinstance(self.area_of_interest, list):
            object.__setattr__(self, "area_of_interest", tuple(self.area_of_interest))
        self.area()
        self.land_file()
        if not isinstance(self.swir, bool):
            raise InvalidOption(
                f"expected ingestion.swir to be true or false, got {self.swir!r}"
            )
        markers = self.scene_marker, self.label_marker, self.label_suffix
        if not all(markers):
            raise InvalidOption(
                "expected ingestion.scene_marker, label_marker and label_suffix to be "
                f"non-empty, got {', '.join(map(repr, markers))}"
            )
        for name, record in _RECORDS.items():
            value = getattr(self, name)
            if isinstance(value, dict):
                object.__setattr__(self, name, record(**value))
        if self.source == "folder" and self.raster.scale is None:
            self._expect_plain_brightness()

    def area(self) -> Region | None:
        """Read the area of interest; None: whole scenes.

        Raises:
            InvalidOption: if it is no region.
        """
        if self.area_of_interest is None:
            return None
        return region_of(self.area_of_interest, "ingestion.area_of_interest")

    def land_file(self) -> LandFile | None:
        """Read the mask of land; None: all is sea.

        Raises:
            InvalidOption: if it is none.
        """
        return None if self.land is None else land_file(self.land)

    def _expect_plain_brightness(self) -> None:
        if self.brightness != BrightnessOptions():
            raise InvalidOption(
                "expected ingestion.brightness only for files of reflectance, got "
                f"{self.brightness} and no ingestion.raster.scale: 8-bit files are "
                "brightness already"
            )


_RECORDS: dict[str, Callable[..., object]] = {
    "brightness": BrightnessOptions,
    "raster": RasterOptions,
    "search": SearchOptions,
    "cutting": CuttingOptions,
    "safe": SafeOptions,
    "earth_engine": EarthEngineOptions,
    "stac": StacOptions,
    "sample": SampleOptions,
}
