"""Meaning of a raster's values, in two small files beside it.

TIFF has room for colours, not for names, and its colour table always has 256 rows.
`<raster>.tif.aux.xml` ("PAM") has the names for all of GDAL's tools; `<raster>.qml` is
the style that QGIS takes unasked, so that its legend has only what there is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

from sea_ice_kedro.rasters.files import remove, writing
from sea_ice_kedro.rasters.geotiff import write_errors

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
    """Meaning of one value of a raster."""

    name: str
    """As people read it: "thick ice"."""

    colour: tuple[int, int, int]
    """R, G, B, 0..255."""

    shown: bool = True
    """False: transparent, such as no data."""


def beside(raster: str) -> tuple[str, str]:
    """Name the two files of a raster's path or URL: for GDAL, and for QGIS."""
    ending = PurePosixPath(raster).suffix
    return f"{raster}.aux.xml", f"{raster.removesuffix(ending)}.qml"


@contextmanager
def with_value_names(raster: str, values: Mapping[int, NamedValue]) -> Iterator[None]:
    """Write the names before a raster is written, so that none is without.

    The same names give the same bytes. Where the raster fails, they go again.

    Args:
        raster: Path or URL of the raster that the caller writes.
        values: By value of its first band, 0..255. Those without gaps from 0 on become
            GDAL's category names; all of them rows of its raster attribute table.

    Raises:
        CannotWrite: if the names cannot be written (no room, no permission).
    """
    names, style = beside(raster)
    with _with_files(raster, {names: _pam(values), style: _style(values)}):
        yield


def style_beside(raster: str) -> tuple[str]:
    """Name the file of QGIS alone, of a raster whose values need no names."""
    return (beside(raster)[1],)


@contextmanager
def with_ramp(raster: str, percents: Mapping[int, str]) -> Iterator[None]:
    """Write the style of a raster of percent before the raster is written.

    Args:
        raster: Path or URL of the raster that the caller writes.
        percents: Percent -> "#rrggbb"; colours between them are linear.

    Raises:
        CannotWrite: if the style cannot be written (no room, no permission).
    """
    (style,) = style_beside(raster)
    with _with_files(raster, {style: _ramp(percents)}):
        yield


@contextmanager
def _with_files(raster: str, contents: Mapping[str, ET.Element]) -> Iterator[None]:
    with write_errors(raster):
        for path, root in contents.items():
            ET.indent(root)
            with writing(path) as part:
                part.write_text(ET.tostring(root, encoding="unicode") + "\n", "utf-8")
    try:
        yield
    except BaseException:
        for path in contents:
            remove(path)
        raise


def _pam(values: Mapping[int, NamedValue]) -> ET.Element:
    dataset = ET.Element("PAMDataset")
    band = ET.SubElement(dataset, "PAMRasterBand", band="1")
    categories = ET.SubElement(band, "CategoryNames")
    for value in takewhile(values.__contains__, count()):
        ET.SubElement(categories, "Category").text = values[value].name
    table = ET.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    for index, column in enumerate(_COLUMNS):
        field = ET.SubElement(table, "FieldDefn", index=str(index))
        _add_texts(field, ("Name", "Type", "Usage"), column)
    for index, (value, named) in enumerate(sorted(values.items())):
        cells = (value, named.name, *named.colour, 255 if named.shown else 0)
        row = ET.SubElement(table, "Row", index=str(index))
        _add_texts(row, ["F"] * len(cells), [str(cell) for cell in cells])
    return dataset


def _add_texts(above: ET.Element, names: Sequence[str], texts: Sequence[str]) -> None:
    for name, text in zip(names, texts, strict=True):
        ET.SubElement(above, name).text = text


def _renderer(kind: str, **more: str) -> tuple[ET.Element, ET.Element]:
    style = ET.Element("qgis", version="3.22", styleCategories="Symbology")
    band = {"type": kind, "band": "1", "opacity": "1", "alphaBand": "-1"}
    pipe = ET.SubElement(style, "pipe")
    return style, ET.SubElement(pipe, "rasterrenderer", band, **more)


def _ramp(percents: Mapping[int, str]) -> ET.Element:
    span = {"classificationMin": "0", "classificationMax": "100"}
    style, renderer = _renderer("singlebandpseudocolor", **span)
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        {
            **{"colorRampType": "INTERPOLATED", "classificationMode": "1"},
            **{"minimumValue": "0", "maximumValue": "100", "clip": "0"},
        },
    )
    for percent, colour in percents.items():
        entry = {"value": str(percent), "label": f"{percent} %", "alpha": "255"}
        ET.SubElement(shader, "item", entry, color=colour)
    return style


def _style(values: Mapping[int, NamedValue]) -> ET.Element:
    style, renderer = _renderer("paletted")
    palette = ET.SubElement(renderer, "colorPalette")
    for value, named in sorted(values.items()):
        if named.shown:
            red, green, blue = named.colour
            entry = {"value": str(value), "label": named.name, "alpha": "255"}
            colour = f"#{red:02x}{green:02x}{blue:02x}"
            ET.SubElement(palette, "paletteEntry", entry, color=colour)
    return style
