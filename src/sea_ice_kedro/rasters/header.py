"""What an open raster says of itself: tags, place and size, without its pixels."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference

TAG_PREFIX = "SEA_ICE_"
"""Prefix of every tag that this package writes."""

Facts = Mapping[str, Any]
"""Tags by name (lower case, no prefix), numbers as numbers; `height`,
`width`, `crs` and `transform`, "" and None of a raster that lies nowhere."""

_WHOLE = re.compile(r"(valid_|saturated_)?pixels(_\w+)?|(thin|thick)_ice_min")
_REAL = {
    *("pixel_area_m2", "pixel_size_m", "mean_confidence", "sun_elevation_deg"),
    *("cloud_percentage", "white_reflectance", "gamma"),
}


def georeference_of(file: Any) -> Georeference | None:  # noqa: ANN401
    """Read where an open raster lies; None when it does not say so."""
    if file.crs is None or file.transform.is_identity:
        return None
    authority = file.crs.to_authority(confidence_threshold=100)
    crs = ":".join(authority) if authority else file.crs.to_wkt()
    return Georeference(crs, tuple(file.transform)[:6])


def tags_of(file: Any) -> dict[str, str]:  # noqa: ANN401
    """Read our tags of an open raster, lower case, without the prefix."""
    return {
        key.removeprefix(TAG_PREFIX).lower(): value
        for key, value in file.tags().items()
        if key.startswith(TAG_PREFIX)
    }


def facts_of(file: Any) -> dict[str, Any]:  # noqa: ANN401
    """Read `Facts` of an open raster.

    Raises:
        InvalidScene: if there is a word where a number belongs.
    """
    georeference = georeference_of(file)
    try:
        typed = typed_tags(tags_of(file))
    except ValueError as error:
        raise InvalidScene(
            f"{Path(file.name).name}: expected numbers in those of its tags that this "
            f"project writes numbers to ({TAG_PREFIX}PIXELS, ...), got another word "
            f"({error}). Remove the file, and run the pipeline again that makes it"
        ) from error
    return {
        **typed,
        "height": file.height,
        "width": file.width,
        "crs": "" if georeference is None else georeference.crs,
        "transform": None if georeference is None else georeference.transform,
    }


def typed_tags(tags: Mapping[str, Any]) -> dict[str, Any]:
    """Turn those tags into numbers that are numbers.

    Raises:
        ValueError: if one of them is none.
    """
    return {name: _typed(name, value) for name, value in tags.items()}


def _typed(name: str, value: Any) -> Any:  # noqa: ANN401 - a word, or a number
    if _WHOLE.fullmatch(name):
        return int(value)
    return float(value) if name in _REAL else value
