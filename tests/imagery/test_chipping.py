import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.chipping import Window, chip_windows, cut_chip, stitch_chips


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
def test_stitching_is_the_exact_inverse_of_chipping(shape, size, channels):
    rng = np.random.default_rng(0)
    scene = rng.integers(0, 256, (*shape, *channels)).astype(np.uint8)
    chips = [(w, cut_chip(scene, w, fill=255)) for w in chip_windows(shape, size)]
    assert all(chip.shape == (size, size, *channels) for _, chip in chips)
    assert np.array_equal(stitch_chips(reversed(chips), shape), scene)


def test_a_chip_over_the_edge_is_filled():
    chip = cut_chip(np.zeros((3, 3), np.uint8), Window(2, 2, 2), fill=255)
    assert chip.tolist() == [[0, 255], [255, 255]]


def test_chips_are_named_by_scene_row_and_column():
    assert Window(768, 1792, 256).chip_id("s2_vis_00") == "s2_vis_00_r0768_c1792"


def test_missing_or_repeated_chips_are_refused():
    windows = list(chip_windows((4, 4), 2))
    chips = [(w, np.zeros((2, 2), np.uint8)) for w in windows]
    with pytest.raises(ValueError, match=r"75\.0%"):
        stitch_chips(chips[:-1], (4, 4))
    with pytest.raises(ValueError, match="a second time"):
        stitch_chips([*chips, chips[0]], (4, 4))
    with pytest.raises(ValueError, match=r" 0\.0%"):
        stitch_chips([], (4, 4))


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_impossible_chip_sizes_are_refused(size):
    with pytest.raises(InvalidOption, match="chip size"):
        list(chip_windows((4, 4), size))
