"""Properties of a STAC item, by whatever name providers give them."""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.sources.acquisitions import baseline_in
from sea_ice_kedro.sources.plausible import elevation, percentage

_PREFIXES = ("s2", "sentinel2", "sentinel")
"""Of properties, by provider and year."""

_PRODUCT = re.compile(r"S2[A-D]_MSIL(1C|2A)_\d{8}T\d{6}")


def product_names(item: Mapping[str, Any]) -> list[str]:
    """Return what an item holds that looks like the name of ESA's product."""
    texts = [item.get("id"), *item["properties"].values()]
    return [text for text in texts if isinstance(text, str) and _PRODUCT.match(text)]


def cloud_of(item: Mapping[str, Any]) -> float | None:
    """Return the cloud percentage of an item; None where it says none."""
    return percentage(_number(item, "eo:cloud_cover"))


def sun_of(item: Mapping[str, Any]) -> float | None:
    """Return the sun's elevation in degrees; None where an item says none."""
    height = _number(item, "view:sun_elevation", "eo:sun_elevation")
    zenith = _number(item, "s2:mean_solar_zenith", "view:sun_zenith")
    if height is None and zenith is not None:
        height = 90.0 - zenith
    return elevation(height)


def _number(item: Mapping[str, Any], *names: str) -> float | None:
    for name in names:
        with suppress(KeyError, TypeError, ValueError):
            number = float(item["properties"][name])
            if math.isfinite(number):
                return number
    return None


def acquired_of(item: Mapping[str, Any]) -> datetime | None:
    """Return an item's time, or the begin of its span; None where it says neither."""
    for name in ("datetime", "start_datetime"):
        text = item["properties"].get(name)
        try:
            time = datetime.fromisoformat(str(text))
        except ValueError:
            continue
        # Whose day it is counts: that of UTC.
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    return None


def baseline_of(item: Mapping[str, Any]) -> str:
    """Find ESA's processing baseline, "N0400"; "" where it is nowhere."""
    properties = item["properties"]
    said = [properties.get(f"{name}:processing_baseline") for name in _PREFIXES]
    named = [*product_names(item), properties.get("s2:granule_id")]
    return baseline_in(*said, properties.get("processing:version"), *named)


def granule_in(properties: Mapping[str, Any]) -> str:
    """Name the granule "T03CWT"."""
    code = str(properties.get("grid:code") or "").removeprefix("MGRS-")
    code = code or str(properties.get("s2:mgrs_tile") or "")
    for prefix in () if code else ("mgrs", "sentinel"):
        parts = [
            properties.get(f"{prefix}:{part}")
            for part in ("utm_zone", "latitude_band", "grid_square")
        ]
        if None not in parts:
            code = "".join(map(str, parts))
    # A zone below 10 may be written with one digit.
    return f"T{code.zfill(5)}" if code else ""


def fail(item: Mapping[str, Any], expected: str, got: str, out: str = "") -> NoReturn:
    """Refuse an item, by its id.

    Raises:
        InvalidScene: always.
    """
    raise InvalidScene(
        f"STAC item {item.get('id')}: expected {expected}, got {got}"
        + (f"; {out}" if out else "")
    )
