"""What the values of a raster mean, in a small file beside it.

TIFF has room for colours, not for names. GDAL keeps names in `<raster>.aux.xml` ("PAM"),
which gdalinfo, QGIS and ArcGIS read without being asked.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, takewhile
from xml.etree import ElementTree as ET

from sea_ice_kedro.rasters.files import remove, writing
from sea_ice_kedro.rasters.geotiff import write_errors

SUFFIX = ".aux.xml"
"""Of the file, after the whole name of the raster."""

_INTEGER, _TEXT = "0", "2"
_COLUMNS = [
    ("Value", _INTEGER, "5"),
    ("Class", _TEXT, "2"),
    ("Red", _INTEGER, "6"),
    ("Green", _INTEGER, "7"),
    ("Blue", _INTEGER, "8"),
    ("Alpha", _INTEGER, "9"),
]
"""Name, type and usage of each column, in GDAL's numbers (GDALRATFieldType,
GDALRATFieldUsage)."""


@dataclass(frozen=True)
class NamedValue:
    """What one value of a raster means."""

    name: str
    """As people read it: "thick ice"."""

    colour: tuple[int, int, int]
    """R, G, B, 0..255."""

    shown: bool = True
    """False: transparent, such as no data."""


@contextmanager
def with_value_names(raster: str, values: Mapping[int, NamedValue]) -> Iterator[None]:
    """Write the names before a raster is written, so that none is without.

    Where the raster fails, they go again.

    Args:
        raster: Path or URL of the raster that the caller writes.
        values: See `write_value_names`.

    Raises:
        CannotWrite: if the names cannot be written (no room, no permission).
    """
    with write_errors(raster):
        write_value_names(raster, values)
    try:
        yield
    except BaseException:
        remove(raster + SUFFIX)
        raise


def write_value_names(raster: str, values: Mapping[int, NamedValue]) -> None:
    """Write the names of the values of a raster's first band, whole or not at all.

    The same names give the same bytes.

    Args:
        raster: Path or URL of the raster, which need not be there yet.
        values: By value, 0..255. Names of values without gaps from 0 on become GDAL's
            category names; all of them rows of its raster attribute table.

    Raises:
        OSError: if the file cannot be written.
    """
    dataset = ET.Element("PAMDataset")
    band = ET.SubElement(dataset, "PAMRasterBand", band="1")
    categories = ET.SubElement(band, "CategoryNames")
    for value in takewhile(values.__contains__, count()):
        ET.SubElement(categories, "Category").text = values[value].name
    _add_table(band, values)
    ET.indent(dataset)
    with writing(raster + SUFFIX) as part:
        part.write_text(ET.tostring(dataset, encoding="unicode") + "\n", "utf-8")


def _add_table(band: ET.Element, values: Mapping[int, NamedValue]) -> None:
    table = ET.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    for index, (name, kind, usage) in enumerate(_COLUMNS):
        column = ET.SubElement(table, "FieldDefn", index=str(index))
        for key, text in (("Name", name), ("Type", kind), ("Usage", usage)):
            ET.SubElement(column, key).text = text
    for index, (value, named) in enumerate(sorted(values.items())):
        row = ET.SubElement(table, "Row", index=str(index))
        cells = (value, named.name, *named.colour, 255 if named.shown else 0)
        for cell in cells:
            ET.SubElement(row, "F").text = str(cell)
