"""Metadata of a raster file: its bands and its georeference."""

import re
from collections.abc import Sequence
from typing import Any

from rasterio.enums import ColorInterp

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.sources.band_names import (
    LANDSATS,
    Numbering,
    numbering_of,
    texts_of,
    words_of,
)

_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
_USUAL = [1, 2, 3]
_NAMES = ({"red", "b4", "b04"}, {"green", "b3", "b03"}, {"blue", "b2", "b02"})
"""Words of a description, lower case. "B4" is red in Sentinel-2's numbering."""

_BAND = re.compile(r"red|green|blue|b\d\d?a?|nir\d*|swir\d*|coastal|cirrus")
"""A word that names a band, whichever."""

_EDGE = "edge"
"""Red edge (B05, B06, B07) is not red."""


def bands_said(name: str, file: Any) -> list[int] | None:  # noqa: ANN401 - rasterio
    """Return which bands a file says are red, green and blue; None: it says nothing.

    Descriptions ("B4", "red", "B4, central wavelength 665 nm") are somebody's word.
    GDAL calls three bands of 8 bit red, green and blue unless told otherwise, so that
    this order counts only where no description says another.

    Args:
        name: Of the file, for messages.
        file: The open raster.

    Returns:
        1-based numbers of red, green and blue.

    Raises:
        InvalidScene: if descriptions and colours contradict each other, or nobody says
            of which Landsat the bands are.
    """
    texts = texts_of(file)
    numbering = numbering_of(file, texts)
    described = _described(texts, numbering)
    coloured = _coloured(file)
    if described and coloured not in (None, described, _USUAL):
        raise InvalidScene(
            f"{name}: expected one order of red, green and blue, got bands "
            f"{joined(described)} by the descriptions {list(file.descriptions)} and "
            f"{joined(coloured or ())} by the colours; say which is right: --params "
            f"ingestion.raster.bands={joined(described)}"
        )
    found = described or (coloured if _meant(file, coloured) else None)
    if numbering is None and not described and found in (None, _USUAL):
        raise _of_which_landsat(name, texts)
    return found


def _described(texts: Sequence[str], numbering: Numbering | None) -> list[int] | None:
    words = words_of(texts, numbering)
    return _chosen([[_is_named(one, names) for names in _NAMES] for one in words])


def _of_which_landsat(name: str, texts: Sequence[str]) -> InvalidScene:
    orders = {words: _described(texts, which) for words, which in LANDSATS.items()}
    ways = [
        f"ingestion.raster.bands={joined(order)} if it is of {words}"
        for words, order in orders.items()
        if order
    ]
    return InvalidScene(
        f"{name}: expected to know which Landsat bands {list(texts)} are of, as its "
        "SR_B3 is red or green, got neither SPACECRAFT_ID in the tags nor a name as "
        "USGS gives it; say which are red, green and blue: --params "
        + (" or ".join(ways) or "ingestion.raster.bands=3-2-1")
    )


def _meant(file: Any, coloured: list[int] | None) -> bool:  # noqa: ANN401
    """Return whether colours were set, rather than given by GDAL to the first three."""
    bands = sum(found != ColorInterp.alpha for found in file.colorinterp)
    if coloured is None or band_notes(file, coloured):
        return False
    return bands == len(_COLOURS) or coloured != _USUAL


def band_notes(file: Any, numbers: Sequence[int]) -> list[str]:  # noqa: ANN401
    """Return what a file says against red, green and blue being certain bands.

    Args:
        file: The open raster.
        numbers: 1-based, of red, green and blue.
    """
    texts = texts_of(file)
    said = words_of(texts, numbering_of(file, texts))
    for number, names in zip(numbers, _NAMES, strict=True):
        words = said[number - 1]
        named = {word for word in words if _BAND.fullmatch(word)}
        if named and (named.isdisjoint(names) or _EDGE in words):
            return [
                f"is read with red, green and blue from its bands {joined(numbers)}, "
                f"against their names ({', '.join(map(str, file.descriptions))})"
            ]
    colours = _coloured(file)
    if colours not in (None, _USUAL, list(numbers)):
        return [
            f"is read with red, green and blue from its bands {joined(numbers)}, "
            f"against its colours, which say {joined(colours or ())}"
        ]
    return []


def name_notes(file: Any, numbers: Sequence[int]) -> list[str]:  # noqa: ANN401
    """Say of bands that are taken for three colours that their names are of others.

    Args:
        file: The open raster.
        numbers: 1-based, of red, green and blue, by their places or GDAL's colours.
    """
    texts = texts_of(file)
    words = words_of(texts, numbering_of(file, texts))
    unknown = [
        texts[number - 1]
        for number, names in zip(numbers, _NAMES, strict=True)
        if texts[number - 1]
        and names.isdisjoint(words[number - 1])
        and str(number) not in re.findall(r"\d+", texts[number - 1])
    ]
    if not unknown:
        return []
    return [
        f"is read with red, green and blue from its bands {joined(numbers)}, whose "
        f"names ({', '.join(unknown)}) say nothing of these: look whether that is right"
    ]


def _coloured(file: Any) -> list[int] | None:  # noqa: ANN401
    return _chosen([[found == c for c in _COLOURS] for found in file.colorinterp])


def _chosen(said: list[list[bool]]) -> list[int] | None:
    """Pick the band of each colour; None unless each is said of one band."""
    numbers = [
        [number for number, colours in enumerate(said, 1) if colours[colour]]
        for colour in range(3)
    ]
    if any(len(found) != 1 for found in numbers):
        return None
    return [found[0] for found in numbers]


def _is_named(words: list[str], names: set[str]) -> bool:
    return _EDGE not in words and not names.isdisjoint(words)


def joined(numbers: Sequence[int]) -> str:
    """Return band numbers as `--params` takes them: "3-2-1"."""
    return "-".join(map(str, numbers))


def notes_of(file: Any) -> list[str]:  # noqa: ANN401
    """Return what of a file is not used, in words for people."""
    pages = len(file.subdatasets)
    many = [f"has {pages} pages, of which the first is read"] if pages > 1 else []
    return many + _place_notes(file)


def _place_notes(file: Any) -> list[str]:  # noqa: ANN401
    if file.gcps[0]:
        return [
            "has ground control points, which are not used: warp it first "
            "(gdalwarp -t_srs EPSG:3031)"
        ]
    if file.rpcs is not None and file.transform.is_identity:
        return [
            "has rational polynomials (RPC), which are not used: warp it first "
            "(gdalwarp -rpc -t_srs EPSG:3031)"
        ]
    if file.crs is None and not file.transform.is_identity:
        return [
            "has a world file and no CRS, and so no place: name its CRS first "
            "(gdal_translate -a_srs EPSG:3031)"
        ]
    return []


def time_tags(file: Any) -> dict[str, str]:  # noqa: ANN401
    """Return the tags that may say when a scene was taken."""
    return {**file.tags(), **file.tags(ns="IMAGERY")}


def is_lossy(file: Any) -> bool:  # noqa: ANN401
    """Return whether pixels were changed to make the file small: black may be grey."""
    compression = file.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION", "").upper()
    return file.driver == "JPEG" or "JPEG" in compression
