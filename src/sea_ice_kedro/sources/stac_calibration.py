"""What turns the numbers of a STAC item's bands into reflectance."""

import re
from collections.abc import Mapping
from typing import Any

from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.sources.plausible import expect_calibration
from sea_ice_kedro.sources.product_options import StacOptions
from sea_ice_kedro.sources.stac_properties import fail

# ESA's quantification value of 10 000, for providers that do not repeat it.
_SCALE = 0.0001

_REMOVED = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
"""True: the provider has taken the offset out, whatever its bands say (Element 84)."""


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


def _way_out(baseline: str) -> str:
    """Say what helps: without a baseline, nobody can tell which offset is right."""
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
    """Find scale and offset: of raster 1, of raster 2 in STAC 1.1, or of the asset."""
    found: dict[str, Any] = {}
    places = [asset, *asset.get("bands", [])[:1], *asset.get("raster:bands", [])[:1]]
    for place in places:
        for name in ("scale", "offset"):
            value = place.get(f"raster:{name}", place.get(name))
            if value is not None:
                found[name] = value
    return found
