import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.chips import Window, chip_windows, cut_chip


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((1, 1), 1),
        ((7, 5), 1),
        ((7, 5), 3),
        ((7, 5), 256),
        ((256, 256), 256),
        ((257, 300), 64),
        ((64, 513), 256),
    ],
)
@pytest.mark.parametrize("channels", [(), (3,)])
def test_chips_hold_every_pixel_once(shape, size, channels):
    rng = np.random.default_rng(0)
    scene = rng.integers(0, 256, (*shape, *channels)).astype(np.uint8)
    chips = [(w, cut_chip(scene, w, fill=255)) for w in chip_windows(shape, size)]
    assert all(chip.shape == (size, size, *channels) for _, chip in chips)
    covered, stitched = np.zeros(shape, int), np.empty_like(scene)
    for window, chip in chips:
        rows = slice(window.row, min(window.row + size, shape[0]))
        columns = slice(window.column, min(window.column + size, shape[1]))
        covered[rows, columns] += 1
        inner = chip[: rows.stop - rows.start, : columns.stop - columns.start]
        stitched[rows, columns] = inner
    assert (covered == 1).all()
    assert np.array_equal(stitched, scene)


def test_a_chip_over_the_edge_is_filled():
    chip = cut_chip(np.zeros((3, 3), np.uint8), Window(2, 2, 2), fill=255)
    assert chip.tolist() == [[0, 255], [255, 255]]


def test_chips_are_named_by_scene_row_and_column():
    assert Window(768, 1792, 256).chip_id("s2_vis_00") == "s2_vis_00_r0768_c1792"


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_impossible_chip_sizes_are_refused(size):
    with pytest.raises(InvalidOption, match="chip size"):
        list(chip_windows((4, 4), size))
