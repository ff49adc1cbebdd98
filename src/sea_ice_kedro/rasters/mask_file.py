"""A raster that says yes or no of each place, drawn on the grid of another."""

from typing import Any

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.warp import Resampling, reproject

from sea_ice_kedro.imagery.arrays import Georeference, Mask
from sea_ice_kedro.rasters.footprint import places
from sea_ice_kedro.rasters.geotiff import georeference_of, opened

_ROWS = 1024
"""Drawn at a time: values may take eight bytes a pixel."""

_PLACES = 33
"""Along each side of a raster: whether the mask covers any of it."""


def expect_mask(filepath: str) -> None:
    """Refuse a file that is no raster, or lies nowhere; no pixel is read.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no readable raster, or has no CRS.
    """
    with opened(filepath, foreign=True) as file:
        if georeference_of(file) is None:
            raise ValueError("a raster without a CRS")


def draw_mask(
    filepath: str, georeference: Georeference, shape: tuple[int, int]
) -> Mask | None:
    """Mark the pixels where the nearest of the mask is neither 0 nor no data.

    Args:
        filepath: A path, or a URL that fsspec knows, of a raster with a CRS; its first
            band counts.
        georeference: Of the pixels, in any CRS.
        shape: (H, W).

    Returns:
        bool (H, W), False beyond the mask; None where it covers nothing of them.

    Raises:
        InvalidScene: if the file is damaged.
    """
    marked = np.empty(shape, bool)
    a, b, c, d, e, f = georeference.transform
    with opened(filepath, foreign=True) as file:
        own = georeference_of(file)
        if own is None or not _covers(file, own.crs, georeference, shape):
            return None
        absent = file.nodata
        for top in range(0, shape[0], _ROWS):
            rows = marked[top : top + _ROWS]
            values = np.full(
                rows.shape, 0 if absent is None else absent, file.dtypes[0]
            )
            reproject(
                rasterio.band(file, 1),
                values,
                dst_crs=georeference.crs,
                dst_transform=rasterio.Affine(a, b, c + b * top, d, e, f + e * top),
                src_nodata=absent,
                dst_nodata=absent,
                init_dest_nodata=False,
                resampling=Resampling.nearest,
            )
            rows[:] = values != 0
            if absent is not None:
                rows &= ~np.isnan(values) if np.isnan(absent) else values != absent
    return marked


def _covers(
    file: Any,  # noqa: ANN401 - rasterio is untyped
    crs: str,
    georeference: Georeference,
    shape: tuple[int, int],
) -> bool:
    """Return whether a place of a raster lies in another."""
    x, y = np.meshgrid(
        (np.arange(_PLACES) + 0.5) * shape[1] / _PLACES,
        (np.arange(_PLACES) + 0.5) * shape[0] / _PLACES,
    )
    there = Transformer.from_crs(georeference.crs, crs, always_xy=True)
    found = there.transform(*places(georeference, x, y))
    columns, rows = (np.asarray(v) for v in ~file.transform * found)
    with np.errstate(invalid="ignore"):
        inside = (columns >= 0) & (columns < file.width) & (rows >= 0)
        return bool((inside & (rows < file.height)).any())
