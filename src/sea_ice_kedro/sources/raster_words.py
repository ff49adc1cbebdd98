"""Metadata of a raster file: its bands and its georeference."""

import re
from collections.abc import Sequence
from typing import Any

from rasterio.enums import ColorInterp

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.sources.acquisitions import baseline_in
from sea_ice_kedro.sources.plausible import expect_calibration

_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
_USUAL = [1, 2, 3]
_NAMES = ({"red", "b4", "b04"}, {"green", "b3", "b03"}, {"blue", "b2", "b02"})
"""Words of a description, lower case. "B4" is red in Sentinel-2's numbering."""

_BAND = re.compile(r"red|green|blue|b\d\d?a?|nir\d*|swir\d*|coastal|cirrus")
"""A word that names a band, whichever."""

_LETTERS = {"r": "red", "g": "green", "b": "blue"}

_NM = (("blue", 455, 520), ("green", 530, 590), ("red", 620, 690))
"""Central wavelengths of the three; what lies elsewhere is another band."""

_MODIS = {
    **{f"b{n:02d}": "nir" for n in range(1, 8)},
    **{"b01": "red", "b04": "green", "b03": "blue"},
}
"""Bands of MODIS' surface reflectance, whose numbers are not those of Sentinel-2."""

_NAMING_TAGS = ("bandname", "band_name", "name", "long_name", "common_name")

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
        InvalidScene: if descriptions and colours contradict each other.
    """
    described = _chosen(
        [[_is_named(words, names) for names in _NAMES] for words in _words_of(file)]
    )
    coloured = _coloured(file)
    if described and coloured not in (None, described, _USUAL):
        raise InvalidScene(
            f"{name}: expected one order of red, green and blue, got bands "
            f"{joined(described)} by the descriptions {list(file.descriptions)} and "
            f"{joined(coloured or ())} by the colours; say which is right: --params "
            f"ingestion.raster.bands={joined(described)}"
        )
    return described or (coloured if _meant(file, coloured) else None)


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
    said = _words_of(file)
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


def _words_of(file: Any) -> list[list[str]]:  # noqa: ANN401 - rasterio
    """Return the words about each band, lower case, as `_NAMES` has them."""
    texts = [_text_of(file, number) for number in range(1, file.count + 1)]
    numbered = [re.fullmatch(r"band[ _-]?0*(\d+)", text) for text in texts]
    counted = [int(found.group(1)) if found else 0 for found in numbered]
    if counted == list(range(1, file.count + 1)):
        return [[] for _ in texts]  # the bands' own numbers name nothing
    of_modis = any("sur_refl" in text or "modis" in text for text in texts)
    return [_words(text, of_modis) for text in texts]


def _text_of(file: Any, number: int) -> str:  # noqa: ANN401
    """Return a band's description, or what its tags say instead."""
    text = file.descriptions[number - 1]
    if not text:
        tags = {key.lower(): said for key, said in file.tags(number).items()}
        text = " ".join(tags.get(key, "") for key in _NAMING_TAGS)
    return " ".join(text.lower().split())


def _words(text: str, of_modis: bool) -> list[str]:
    text = re.sub(r"\bband[ _-]?0*(\d+)", r"b\1", text)
    words = [_LETTERS.get(text, "")] if text in _LETTERS else []
    words += re.findall(r"[a-z]+\d*a?", text)
    for length, unit in re.findall(r"(\d*\.?\d+) ?(nm|um|µm)\b", text):
        nm = float(length) * (1 if unit == "nm" else 1000)
        words.append(next((c for c, low, high in _NM if low <= nm <= high), "nir"))
    return [_MODIS.get(word, word) for word in words] if of_modis else words


def joined(numbers: Sequence[int]) -> str:
    """Return band numbers as `--params` takes them: "3-2-1"."""
    return "-".join(map(str, numbers))


def calibrations_said(
    name: str,
    file: Any,  # noqa: ANN401
    numbers: Sequence[int],
) -> tuple[Calibration, Calibration, Calibration] | None:
    """Return the scale and offset that a file gives to bands (GDAL's); None: none.

    Raises:
        InvalidScene: if they cannot be those of reflectance.
    """
    red, green, blue = (
        Calibration(file.scales[n - 1], file.offsets[n - 1]) for n in numbers
    )
    if {red, green, blue} == {Calibration(1.0, 0.0)}:
        return None  # GDAL's words for "not said"
    for calibration in (red, green, blue):
        expect_calibration(calibration, f"{name}: SCALE and OFFSET in the file")
    return red, green, blue


def offset_notes(
    stem: str,
    file: Any,  # noqa: ANN401
    calibrations: Sequence[Calibration] | None,
) -> list[str]:
    """Return what a file's name and tags say against numbers without an offset.

    From processing baseline 04.00 on ESA's numbers have one; many exports take it out
    and keep the name.

    Args:
        stem: The file's name without its ending.
        file: The open raster.
        calibrations: What its numbers are read with.
    """
    tags = file.tags()
    said = baseline_in(tags.get("PROCESSING_BASELINE"), tags.get("PRODUCT_URI"), stem)
    if not calibrations or any(one.offset for one in calibrations) or said < "N0400":
        return []
    return [
        f"is of processing baseline {said}, whose numbers have an offset of -0.1 "
        "unless somebody has taken it out, and is read without one: water would "
        "look like ice"
    ]


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
