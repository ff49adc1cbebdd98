"""What names of bands mean: every sensor counts its bands in its own way."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

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
    for length, unit in re.findall(r"(\d*\.?\d+) ?(nm|um|µm)\b", text):
        nm = float(length) * (1 if unit == "nm" else 1000)
        words.append(next((c for c, low, high in _NM if low <= nm <= high), "nir"))
    return words
