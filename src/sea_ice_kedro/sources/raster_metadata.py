"""Metadata of a raster file: its bands, however they are called, its georeference."""

import re
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

from rasterio.enums import ColorInterp

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.rasters.tiff_tags import first_directory

Numbering = Mapping[str, str]
"""Names of bands by number, lower case, as Sentinel-2 or colours would have them."""

_OTHERS = {f"b{zeros}{n}": "nir" for n in range(1, 12) for zeros in ("", "0")}

_SENTINEL: Numbering = {}
"""B4 is red, as in Landsat 8 and 9 and in HLS."""

_MODIS: Numbering = {**_OTHERS, "b01": "red", "b04": "green", "b03": "blue"}
"""Of surface reflectance, `sur_refl_b01`."""

_TM: Numbering = {
    **_OTHERS,
    **{f"b{zero}3": "red" for zero in ("", "0")},
    **{f"b{zero}2": "green" for zero in ("", "0")},
    **{f"b{zero}1": "blue" for zero in ("", "0")},
}
"""Of Landsat 4, 5 and 7."""

_MSS: Numbering = _OTHERS
"""Of Landsat 1 to 3, which see no blue."""

LANDSATS: Mapping[str, Numbering] = {
    "Landsat 8 or 9": _SENTINEL,
    "Landsat 4, 5 or 7": _TM,
}

_SENSORS = (
    (re.compile(r"landsat[ _-]?[89]\b|\bl[co]0?[89](?=[_\d])"), _SENTINEL),
    (re.compile(r"landsat[ _-]?[457]\b|\b(lt0?[45]|le0?7)(?=[_\d])"), _TM),
    (re.compile(r"landsat[ _-]?[123]\b|\blm0?[1-5](?=[_\d])"), _MSS),
)
"""By tags ("LANDSAT_7", "landsat-8") and names (LC08_L2SP_..., LT51690612011...)."""

_SAYS_SENSOR = re.compile(r"spacecraft|satellite|platform|mission|product_id|landsat")

_NUMBERED = re.compile(r"(\b|_)b(and)?[ _-]?0*\d")

_AS_LANDSAT = re.compile(r"\bs[rt]_b(and)?\d")
_ONLY_NEW = re.compile(r"\bsr_b(and)?6\b|\bst_b(and)?10\b")
_ONLY_OLD = re.compile(r"\bst_b(and)?6\b")

_LETTERS = {"r": "red", "g": "green", "b": "blue"}

_NM = (("blue", 455, 520), ("green", 530, 590), ("red", 620, 690))
"""Central wavelengths of the three; what lies elsewhere is another band."""

_NUMBER = re.compile(r"\d+(\.\d+)?")
_SEEN_UM = 0.3, 14.0

_NAMING_TAGS = ("bandname", "band_name", "name", "long_name", "common_name")

_LENGTH = re.compile(
    r"(?P<length>\d*\.?\d+) ?(?P<unit>nm|nanomet(?:er|re)s?|um|\u00b5m|\u03bcm"
    r"|micromet(?:er|re)s?|microns?)\b"
    r"|(?:rho[st]?|rrs)_(?P<atmospheric>\d{3,4})\b"
)
"""A wavelength; "rhos_665" is ACOLITE's. Greek mu and the micro sign look alike."""


def numbering_of(file: Any, texts: Sequence[str]) -> Numbering | None:  # noqa: ANN401
    """Tell how the sensor counts its bands; None: by a Landsat, nobody says which.

    Args:
        file: The open raster.
        texts: What `texts_of` gives.
    """
    if any("sur_refl" in text or "modis" in text for text in texts):
        return _MODIS
    together = " ".join(texts)
    if not _NUMBERED.search(together):
        return _SENTINEL  # colours mean the same everywhere
    said = [
        text for key, text in file.tags().items() if _SAYS_SENSOR.search(key.lower())
    ]
    words = "\n".join([PurePath(file.name).stem, *said]).lower()
    found = [numbering for sensor, numbering in _SENSORS if sensor.search(words)]
    if len(found) == 1:
        return found[0]
    if not found and not _AS_LANDSAT.search(together):
        return _SENTINEL
    if _ONLY_NEW.search(together):
        return _SENTINEL
    return _TM if _ONLY_OLD.search(together) else None


def texts_of(file: Any) -> list[str]:  # noqa: ANN401 - rasterio
    """Return each band's description, or what its tags say instead, lower case.

    Args:
        file: The open raster.
    """
    return [_text_of(file, number) for number in range(1, file.count + 1)]


def words_of(texts: Sequence[str], numbering: Numbering | None) -> list[list[str]]:
    """Return the words about each band: colours, and numbers as Sentinel-2 has them.

    Args:
        texts: What `texts_of` gives.
        numbering: How the sensor counts; None: numbers mean nothing.
    """
    numbered = [re.fullmatch(r"band[ _-]?0*(\d+)", text) for text in texts]
    counted = [int(found.group(1)) if found else 0 for found in numbered]
    if counted == list(range(1, len(texts) + 1)):
        return [[] for _ in texts]  # the bands' own numbers name nothing
    words = [_words(text) for text in texts]
    if numbering is None:
        return [[w for w in one if not re.fullmatch(r"b\d+a?", w)] for one in words]
    return [[numbering.get(word, word) for word in one] for one in words]


def _text_of(file: Any, number: int) -> str:  # noqa: ANN401
    text = file.descriptions[number - 1]
    if not text:
        found = file.tags(number) | file.tags(number, ns="IMAGERY")
        tags = {key.lower(): said for key, said in found.items()}
        text = " ".join(tags.get(key, "") for key in _NAMING_TAGS).strip()
        text = text or _wavelength(tags)
    text = " ".join(text.lower().split())
    return text + _unit(text) if _NUMBER.fullmatch(text) else text


def _wavelength(tags: Mapping[str, str]) -> str:
    """Write what GDAL ("IMAGERY") or ENVI say of a band as people would."""
    if "central_wavelength_um" in tags:
        return f"{tags['central_wavelength_um']} um"
    length, unit = tags.get("wavelength", ""), tags.get("wavelength_units", "").lower()
    units = {"nanometers": "nm", "nm": "nm", "micrometers": "um", "um": "um"}
    return f"{length} {units[unit]}" if length and unit in units else length


def _unit(number: str) -> str:
    """Tell the unit of a wavelength of light; "" of what may be the band's number."""
    low, high = _SEEN_UM
    if low <= float(number) <= high and "." in number:
        return " um"
    return " nm" if low * 1000 <= float(number) <= high * 1000 else ""


def _words(text: str) -> list[str]:
    text = re.sub(r"(\b|_)band[ _-]?0*(\d+)", r"\1b\2", text)
    words = [_LETTERS.get(text, "")] if text in _LETTERS else []
    words += re.findall(r"[a-z]+\d*a?", text)
    for found in _LENGTH.finditer(text):
        in_nm = found["unit"] is None or found["unit"][0] == "n"
        nm = float(found["length"] or found["atmospheric"]) * (1 if in_nm else 1000)
        words.append(next((c for c, low, high in _NM if low <= nm <= high), "nir"))
    return words


# --- Metadata of a raster file: its bands and its georeference

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


def alpha_of(file: Any) -> int | None:  # noqa: ANN401
    """Return the 1-based number of the band that tells transparency; None: of none.

    GDAL makes a mask of it only where it is the last of two or four.

    Args:
        file: The open raster.
    """
    texts = texts_of(file)
    return next(
        (
            number
            for number, colour in enumerate(file.colorinterp, 1)
            if texts[number - 1] == "alpha"
            # GDAL takes the fourth band of 8 bits for alpha, whatever it is called.
            or (colour == ColorInterp.alpha and not texts[number - 1])
        ),
        None,
    )


def joined(numbers: Sequence[int]) -> str:
    """Return band numbers as `--params` takes them: "3-2-1"."""
    return "-".join(map(str, numbers))


def notes_of(file: Any) -> list[str]:  # noqa: ANN401
    """Return what of a file is not used, in words for people."""
    pages = len(file.subdatasets)
    many = [f"has {pages} pages, of which the first is read"] if pages > 1 else []
    if (orientation := orientation_of(file)) in _TURNED:
        many.append(
            f"is to be shown turned or mirrored (orientation {orientation}), "
            "and is read as it is stored: a label drawn on what is shown does not fit"
        )
    return many + _place_notes(file)


_UPRIGHT, _TURNED = 1, range(2, 9)
_ORIENTATION = 274
"""Tag of TIFF and Exif."""


def orientation_of(file: Any) -> int:  # noqa: ANN401
    """Return how a picture is to be turned when it is shown, as TIFF and Exif count.

    Args:
        file: The open raster.
    """
    said = file.tags().get("EXIF_Orientation", "")
    if said.isdigit():
        return int(said)
    if file.driver != "GTiff":
        return _UPRIGHT
    with suppress(OSError, struct.error, OverflowError):
        tags = first_directory(Path(file.name), [_ORIENTATION])
        return next(iter(tags.get(_ORIENTATION, ())), _UPRIGHT)
    return _UPRIGHT


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
    if file.crs is not None and file.transform.is_identity:
        return [
            "has a CRS and no corner and pixel size, and so no place: give it those, "
            "too (gdal_edit.py -a_ullr)"
        ]
    return []


def time_tags(file: Any) -> dict[str, str]:  # noqa: ANN401
    """Return the tags that may say when a scene was taken."""
    return {**file.tags(), **file.tags(ns="IMAGERY")}


def is_lossy(file: Any) -> bool:  # noqa: ANN401
    """Return whether pixels were changed to make the file small: black may be grey."""
    compression = file.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION", "").upper()
    return file.driver == "JPEG" or "JPEG" in compression
