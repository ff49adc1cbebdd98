import numpy as np

from sea_ice_kedro.reporting.grid_check import (
    BANDS,
    DIFFERS,
    GridCheckOptions,
    draw_differences,
)
from tests.fabricate import scene


def labelled(height=64, width=96):
    """Published labels differ in the left half, own ones nowhere."""
    codes = np.ones((height, width), np.uint8)
    moved = codes.copy()
    moved[:, : width // 2] = 0
    rgb = np.full((height, width, 3), 90, np.uint8)
    beside = dict(zip(BANDS, (codes, moved, codes, codes), strict=True))
    return scene("a", rgb, extra_bands=beside)


def places(page, colour):
    return np.argwhere((page == colour).all(axis=-1))


def test_what_depends_on_the_grid_is_magenta_and_the_rest_is_dimmed():
    page = draw_differences(labelled(), GridCheckOptions(panel_px=96))
    assert page.dtype == np.uint8
    magenta = places(page, DIFFERS)
    assert len(magenta) == 64 * 48
    # The third of five panels, 200 px wide each with their margins.
    assert (magenta[:, 1].min(), magenta[:, 1].max()) == (12 + 2 * 212, 436 + 47)
    assert len(places(page, (30, 30, 30))) == 64 * 48 + 64 * 96
    assert len(places(page, (86, 180, 233))) == 2 * 64 * 96


def test_panels_keep_the_shape_of_a_large_scene():
    page = draw_differences(labelled(400, 800), GridCheckOptions(panel_px=200))
    assert page.shape == (34 + 20 + 100 + 12, 5 * 212 + 12, 3)
