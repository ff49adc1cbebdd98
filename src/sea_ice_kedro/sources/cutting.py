"""A granule becomes scenes: which windows of its grid, and which were observed."""

from dataclasses import dataclass

import numpy as np
from pyproj import Transformer
from rasterio import Affine

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.imagery.reflectance import Numbers
from sea_ice_kedro.rasters.footprint import places
from sea_ice_kedro.sources.product_options import CuttingOptions
from sea_ice_kedro.sources.regions import Region

_STEPS = 17
"""Places a side of a window that are looked up in the product's outline."""

_MARGIN = 1 / 16
"""Share of a window's side: an outline this near counts as touching it. ESA's outlines
are simplified: of T33XWJ, 2022-04-13, one holds 1.25 % where 1.56 % was observed."""


_LATTICE = 64
"""Places a side of a granule of which some are chosen to be looked at."""

_LOOKED_AT = 16


@dataclass(frozen=True)
class Grid:
    """The pixels of a granule."""

    georeference: Georeference
    shape: tuple[int, int]
    """(H, W)."""


@dataclass(frozen=True)
class Cut:
    """A window of a granule's grid that becomes a scene."""

    row: int
    column: int
    height: int
    width: int

    def of(self, georeference: Georeference) -> Georeference:
        """Return the window's place, from that of the granule."""
        a, b, _, d, e, _ = georeference.transform
        c, f = places(georeference, self.column, self.row)
        return Georeference(georeference.crs, (a, b, c, d, e, f))


def expect_outline_on(grid: Grid, outline: Region, what: str) -> None:
    """Refuse an outline that lies beside the grid: one of the two is elsewhere.

    Args:
        grid: Of the granule.
        outline: Of the product, in degrees.
        what: Whose they are, for the message.

    Raises:
        InvalidScene: if their boxes on the grid do not meet.
    """
    height, width = grid.shape
    from_degrees = Transformer.from_crs(
        "EPSG:4326", grid.georeference.crs, always_xy=True
    )
    to_pixels = ~Affine(*grid.georeference.transform)
    for ring in outline.rings:
        x, y = from_degrees.transform(*np.array(ring).T)
        columns, rows = to_pixels * (np.asarray(x), np.asarray(y))
        if not np.isfinite([columns, rows]).all():
            return  # it reaches farther than the projection: nothing can be told
        if (
            columns.max() >= 0
            and columns.min() <= width
            and rows.max() >= 0
            and rows.min() <= height
        ):
            return
    raise InvalidScene(
        f"{what}: expected an outline on the grid, got {outline.boxes()[0]} degrees "
        f"beside {width} x {height} pixels at {list(grid.georeference.transform)} of "
        f"{grid.georeference.crs}; one of the two is wrong, and the map would be: "
        "leave this product out, and tell its provider"
    )


def cut_granule(
    grid: Grid, options: CuttingOptions, outline: Region, region: Region | None = None
) -> list[Cut]:
    """Return the windows that become scenes, from the upper left, row by row.

    A window that the product's outline does not come near holds no pixel and is left
    out.

    Args:
        grid: Of the granule.
        options: Size, and how much must have been observed.
        outline: Of the product, in degrees.
        region: Windows whose centre lies elsewhere are left out, unless a granule is
            one scene.
    """
    height, width = grid.shape
    size = options.size_px or max(grid.shape)
    if options.size_px is None:
        region = None
    cuts = [
        Cut(row, column, min(size, height - row), min(size, width - column))
        for row in range(0, height, size)
        for column in range(0, width, size)
    ]
    return [cut for cut in cuts if _is_wanted(cut, grid, options, outline, region)]


def cut_product(
    what: str,
    grid: Grid,
    options: CuttingOptions,
    outline: Region,
    region: Region | None = None,
) -> list[Cut]:
    """Cut one product as `cut_granule` does, if its outline lies on its grid.

    Args:
        what: Whose grid and outline they are, for messages.
        grid: See `cut_granule`, and the others.
        options: As there.
        outline: As there.
        region: As there.

    Raises:
        InvalidScene: if the outline lies beside the grid.
    """
    expect_outline_on(grid, outline, what)
    return cut_granule(grid, options, outline, region)


def _is_wanted(
    cut: Cut,
    grid: Grid,
    options: CuttingOptions,
    outline: Region,
    region: Region | None,
) -> bool:
    least = options.min_observed_fraction
    size = options.size_px
    if least == 1 and size is not None and min(cut.height, cut.width) < size:
        return False
    longitudes, latitudes = _places(cut, grid.georeference)
    middle = _STEPS // 2, _STEPS // 2
    if region is not None and not region.holds(longitudes[middle], latitudes[middle]):
        return False
    if float(outline.holds(longitudes, latitudes).mean()) < least:
        return False
    return bool(outline.holds(*_places(cut, grid.georeference, _MARGIN)).any())


def places_in(grid: Grid, side: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Return longitudes and latitudes of places all over a granule, float (side, side).

    Args:
        grid: Of the granule.
        side: Rows and columns of places.
    """
    height, width = grid.shape
    return _places(Cut(0, 0, height, width), grid.georeference, steps=side)


def inner_pixels(grid: Grid, outline: Region) -> list[tuple[int, int]]:
    """Choose pixels well inside an outline, spread over it; none of a sliver.

    Args:
        grid: Of the granule.
        outline: Of the product, in degrees.

    Returns:
        (row, column) of at most 16 pixels.
    """
    held = outline.holds(*places_in(grid, _LATTICE))
    inner = held.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= np.roll(held, step, axis)
    rows, columns = np.nonzero(inner)
    chosen = np.unique(np.linspace(0, max(len(rows) - 1, 0), _LOOKED_AT).astype(int))
    height, width = grid.shape
    return [
        (
            round(rows[n] * (height - 1) / (_LATTICE - 1)),
            round(columns[n] * (width - 1) / (_LATTICE - 1)),
        )
        for n in chosen
        if len(rows)
    ]


def _places(
    cut: Cut, georeference: Georeference, margin: float = 0.0, steps: int = _STEPS
) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Give longitudes and latitudes of places all over a window, float (steps, steps).

    Args:
        cut: The window.
        georeference: Of the granule.
        margin: Share of the window's sides that the places reach beyond it.
        steps: Rows and columns of places.
    """
    # Half a pixel inside: an outline often runs along the granule's edge.
    beyond_x, beyond_y = margin * cut.width, margin * cut.height
    columns = np.linspace(0.5 - beyond_x, cut.width - 0.5 + beyond_x, steps)
    rows = np.linspace(0.5 - beyond_y, cut.height - 0.5 + beyond_y, steps)[:, None]
    to_degrees = Transformer.from_crs(georeference.crs, "EPSG:4326", always_xy=True)
    found = places(cut.of(georeference), columns, rows)
    longitudes, latitudes = to_degrees.transform(*found)
    return np.asarray(longitudes), np.asarray(latitudes)


def scene_id(product: str, cut: Cut, grid: Grid) -> str:
    """Name a scene after its product and, of several, its upper left pixel."""
    if (cut.height, cut.width) == grid.shape:
        return product
    return f"{product}_y{cut.row:05d}x{cut.column:05d}"


# --- Windows of bands with larger pixels than a scene's, brought to its grid


def coarse_shape(shape: tuple[int, int], factor: int) -> tuple[int, int]:
    """Return (H, W) of a granule's band whose pixels are `factor` times as large."""
    return -(-shape[0] // factor), -(-shape[1] // factor)


def coarse_cut(cut: Cut, factor: int) -> Cut:
    """Return the window of larger pixels that covers a window of the granule."""
    row, column = cut.row // factor, cut.column // factor
    below = -(-(cut.row + cut.height) // factor)
    right = -(-(cut.column + cut.width) // factor)
    return Cut(row, column, below - row, right - column)


def on_grid(numbers: Numbers, cut: Cut, factor: int) -> Numbers:
    """Map each pixel of a window to the larger pixel that it lies in.

    Nearest neighbour, as all bands are brought to a grid: every source gives the same
    numbers, wherever a granule is cut.

    Args:
        numbers: (h, w), the window `coarse_cut(cut, factor)`.
        cut: Window of the granule.
        factor: Pixels along a side of a larger one.

    Returns:
        (height, width) of the cut, of the same dtype.
    """
    coarse = coarse_cut(cut, factor)
    rows = np.arange(cut.row, cut.row + cut.height) // factor - coarse.row
    columns = np.arange(cut.column, cut.column + cut.width) // factor - coarse.column
    return np.asarray(numbers[np.ix_(rows, columns)])
