import numpy as np
import pytest

from sea_ice_kedro.imagery.predictions import mirrored, reader_of
from tests.fabricate import floes, scene


@pytest.mark.parametrize(
    ("start", "size", "length", "expected"),
    [
        (0, 3, 3, [0, 1, 2]),
        (-2, 4, 3, [1, 0, 0, 1]),
        (1, 4, 3, [1, 2, 2, 1]),
        (-3, 9, 2, [1, 1, 0, 0, 1, 1, 0, 0, 1]),
        (-2, 3, 1, [0, 0, 0]),
        (3, 3, 3, [2, 1, 0]),
    ],
)
def test_outside_its_ends_an_axis_is_mirrored(start, size, length, expected):
    assert mirrored(start, size, length).tolist() == expected


@pytest.mark.parametrize("place", [(0, 0), (-5, -3), (30, 50), (-40, -60)])
def test_a_window_of_a_scene_in_memory_is_that_of_the_padded_scene(place):
    value = scene(rgb=floes(20, 30))
    value.valid_mask[:4, :7] = False
    row, column = place
    rgb, valid_mask = reader_of(value)(row, column, 16)
    around = ((64, 64), (64, 64))
    padded = np.pad(value.rgb, (*around, (0, 0)), mode="symmetric")
    mask = np.pad(value.valid_mask, around, mode="symmetric")
    square = np.s_[row + 64 : row + 80, column + 64 : column + 80]
    assert np.array_equal(rgb, padded[square])
    assert np.array_equal(valid_mask, mask[square])
