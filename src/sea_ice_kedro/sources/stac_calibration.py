"""Conversion of a STAC item's stored numbers into reflectance."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.raw_scenes import RawScene
from sea_ice_kedro.imagery.reflectance import Calibration, to_reflectance
from sea_ice_kedro.sources.plausible import expect_calibration
from sea_ice_kedro.sources.product_options import StacOptions
from sea_ice_kedro.sources.stac_properties import fail

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
    band = _band(asset)
    scale = options.scale or band.get("scale") or _SCALE
    due = not re.fullmatch(r"N0[0-3]\d\d", baseline)
    if due and options.offset is not None:
        return _expected(item, scale, options.offset)
    if any(item["properties"].get(name) is True for name in _REMOVED):
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


def nodata_of(asset: Mapping[str, Any]) -> float | None:
    """Find the number that an asset says stands for "not observed"; None: none."""
    value = _band(asset).get("nodata")
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


def _band(asset: Mapping[str, Any]) -> dict[str, Any]:
    """Find scale, offset and nodata: of the asset, or its band in STAC 1.0 or 1.1."""
    found: dict[str, Any] = {}
    places = [asset, *asset.get("bands", [])[:1], *asset.get("raster:bands", [])[:1]]
    for place in places:
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
