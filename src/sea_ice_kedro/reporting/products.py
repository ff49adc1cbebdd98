"""The files of a run as a catalogue tells of them, without their pixels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.geotiff import Facts


@dataclass(frozen=True)
class Product:
    """One file, and what it says about itself."""

    kind: str
    """Of `KINDS` in `stac_assets`: "class_map", ..."""

    href: str
    """Absolute path or URL."""

    size: int | None = None
    """In bytes."""

    checksum: str = ""
    """"md5:..." of the content; "" where it is not known."""

    facts: Facts = field(default_factory=dict)
    """What a raster says of itself."""

    @property
    def georeference(self) -> Georeference | None:
        """Where a raster lies; None where it does not say so."""
        if not self.facts.get("transform"):
            return None
        return Georeference(self.facts["crs"], self.facts["transform"])

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of a raster."""
        return self.facts["height"], self.facts["width"]


@dataclass(frozen=True)
class ProductGroup:
    """All files of one scene, or of one day."""

    name: str
    products: tuple[Product, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    """Columns of the index for a scene: `source`, `location`, ..."""

    def rasters(self) -> Iterator[Product]:
        """Return the products that say what they are."""
        return (product for product in self.products if product.facts)

    def acquired(self) -> datetime | None:
        """Return when it was observed; None when no raster of it knows."""
        for raster in self.rasters():
            if raster.facts.get("acquired"):
                when = datetime.fromisoformat(raster.facts["acquired"])
                return when.astimezone(UTC)
        return None

    def day(self) -> str:
        """Tell of which day it is: "2019-11-03"."""
        return str(next(self.rasters()).facts["day"])
