"""Windows of a granule as Earth Engine is asked for them, in parts that it gives."""

from collections.abc import Iterator
from typing import Any

from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.sources.cutting import Cut


def grid_of(georeference: Georeference, cut: Cut, factor: int = 1) -> dict[str, Any]:
    """Name a window's pixels.

    Args:
        georeference: Of the granule.
        cut: The window, in pixels `factor` times as large as the granule's.
        factor: Pixels of the granule along a side of one asked for.
    """
    a, b, c, d, e, f = georeference.transform
    sides = (a * factor, b * factor, c, d * factor, e * factor, f)
    place = cut.of(Georeference(georeference.crs, sides))
    a, b, c, d, e, f = place.transform
    return {
        "dimensions": {"width": cut.width, "height": cut.height},
        "affineTransform": {
            "scaleX": a,
            "shearX": b,
            "translateX": c,
            "shearY": d,
            "scaleY": e,
            "translateY": f,
        },
        "crsCode": place.crs,
    }


def strips_of(cut: Cut, pixel_bytes: int, request_bytes: int) -> Iterator[Cut]:
    """Divide a window into strips of rows, each within what one request may give."""
    rows = max(1, request_bytes // (cut.width * pixel_bytes))
    for row in range(0, cut.height, rows):
        height = min(rows, cut.height - row)
        yield Cut(cut.row + row, cut.column, height, cut.width)
