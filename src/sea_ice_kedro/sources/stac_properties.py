"""Properties of a STAC item, by whatever name, and what its stored numbers mean."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

import numpy as np

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.raw_scenes import RawScene
from sea_ice_kedro.imagery.reflectance import Calibration, to_reflectance
from sea_ice_kedro.sources.acquisitions import baseline_in
from sea_ice_kedro.sources.plausible import elevation, expect_calibration, percentage
from sea_ice_kedro.sources.product_options import StacOptions

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


# --- Conversion of a STAC item's stored numbers into reflectance

# ESA's quantification value of 10 000, for providers that do not repeat it.
_SCALE = 0.0001

_REMOVED = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
"""True: the provider has taken the offset out, whatever its bands say (Element 84)."""


_NEGATIVE = -0.02
"""Sen2Cor may give dark water a reflectance a little below 0, but not this."""

_MOST_NEGATIVE = 0.05
"""Share of such pixels from which on the offset has been taken out twice."""


def calibration_of(
    item: Mapping[str, Any],
    asset: Mapping[str, Any],
    baseline: str,
    options: StacOptions,
) -> Calibration:
    """Find what turns an asset's numbers into reflectance.

    Args:
        item: The item as JSON.
        asset: The band's.
        baseline: Of its processing, "N0400", or "".
        options: What the items do not say themselves.

    Raises:
        InvalidScene: if there should be an offset, and there is none.
    """
    band = _band(item, asset)
    scale = options.scale or band.get("scale") or _SCALE
    due = _is_due(baseline)
    if due and options.offset is not None:
        return _expected(item, scale, options.offset)
    if is_offset_removed(item):
        return _expected(item, scale, 0.0)
    offset = band.get("offset")
    if due and not offset:
        fail(
            item,
            "an offset (raster:bands), which products have from baseline 04.00 on",
            f"{'none' if offset is None else offset}, and baseline "
            f"{baseline or 'unknown'}",
            _way_out(baseline),
        )
    return _expected(item, scale, offset or 0.0)


def _is_due(baseline: str) -> bool:
    """Tell whether products have an offset: from 04.00 on; "": perhaps."""
    return not re.fullmatch(r"N0[0-3]\d\d", baseline)


def is_offset_removed(item: Mapping[str, Any]) -> bool:
    """Tell whether a provider says that it has taken the offset out of the numbers."""
    return any(item["properties"].get(name) is True for name in _REMOVED)


def is_said(
    item: Mapping[str, Any], baseline: str, options: StacOptions
) -> tuple[bool, bool]:
    """Tell whether scale and offset are the item's: neither set, nor taken out."""
    set_offset = options.offset is not None and _is_due(baseline)
    return options.scale is None, not set_offset and not is_offset_removed(item)


def expect_one_scale(
    item: Mapping[str, Any],
    assets: Sequence[Mapping[str, Any]],
    baseline: str,
    options: StacOptions,
) -> None:
    """Refuse an item that says the scale or offset of some bands only.

    ESA's scale, which is taken where none says it, may be said of some.

    Raises:
        InvalidScene: if the others would be read by another.
    """
    names = ("scale", _SCALE), ("offset", 0)
    for (name, otherwise), counts in zip(
        names, is_said(item, baseline, options), strict=True
    ):
        said = [_band(item, asset).get(name) for asset in assets]
        if not counts or None not in said:
            continue
        if any(one is not None and float(one) != otherwise for one in said):
            settable = name == "scale" or _is_due(baseline)
            fail(
                item,
                f"the {name} of red, green and blue, or of none",
                ", ".join(str(one) for one in said),
                f"say what is right by --params ingestion.stac.{name}=..."
                if settable
                else "leave it out, or tell its provider",
            )


def nodata_of(item: Mapping[str, Any], asset: Mapping[str, Any]) -> float | None:
    """Find the number that an asset says stands for "not observed"; None: none."""
    value = _band(item, asset).get("nodata")
    with suppress(TypeError, ValueError):
        return float(value)  # type: ignore[arg-type]
    return None


def _way_out(baseline: str) -> str:
    """Suggest a fix: without a baseline, nobody can tell which offset is right."""
    known = (
        "water would look like ice with the wrong one. Where the provider leaves it in "
        "the numbers, add --params ingestion.stac.offset=-0.1; where it has taken it "
        "out, ingestion.stac.offset=0.0"
    )
    if baseline:
        return known
    return (
        "find out the baseline first (N0213 in the product's name is 02.13). Before "
        "04.00 there is no offset: add --params ingestion.stac.offset=0.0; with -0.1, "
        f"ice would look like water. From 04.00 on, {known}"
    )


def _expected(item: Mapping[str, Any], scale: Any, offset: Any) -> Calibration:  # noqa: ANN401
    try:
        calibration = Calibration(float(scale), float(offset))
    except (TypeError, ValueError):
        fail(item, "numbers for scale and offset", f"{scale!r} and {offset!r}")
    expect_calibration(calibration, f"STAC item {item.get('id')}, scale and offset")
    return calibration


def _band(item: Mapping[str, Any], asset: Mapping[str, Any]) -> dict[str, Any]:
    """Find scale, offset and nodata: of item, asset, or its band in STAC 1.0 or 1.1."""
    of_item = {k: v for k, v in item["properties"].items() if k.startswith("raster:")}
    of_bands = [(asset.get(name) or [])[:1] for name in ("bands", "raster:bands")]
    found: dict[str, Any] = {}
    for place in [of_item, asset, *of_bands[0], *of_bands[1]]:
        for name in ("scale", "offset", "nodata"):
            value = place.get(f"raster:{name}", place.get(name))
            if value is not None:
                found[name] = value
    return found


def expect_offset_in(raw: RawScene) -> None:
    """Refuse numbers that the offset cannot be in: some items say so, and err.

    Raises:
        InvalidScene: if it has been taken out of them already.
    """
    if not raw.valid_mask.any() or all(c.offset >= 0 for c in raw.calibrations):
        return
    dark = np.zeros(raw.valid_mask.shape, bool)
    for band, calibration in zip(raw.numbers, raw.calibrations, strict=True):
        dark |= to_reflectance(band, calibration) < _NEGATIVE
    share = float(dark[raw.valid_mask].mean())
    if share > _MOST_NEGATIVE:
        raise InvalidScene(
            f"STAC item {raw.acquisition.asset_id}: expected its offset of "
            f"{raw.calibrations[0].offset:g} to leave reflectance of at least "
            f"{_NEGATIVE:g}, got less in more than {_MOST_NEGATIVE:.0%} of the pixels: "
            "the provider seems to have taken the offset out already, against what its "
            "item says. Leave this item out (other days or another region), or fetch "
            "it alone with --params ingestion.stac.offset=0.0, which would misread "
            "items that are right"
        )
