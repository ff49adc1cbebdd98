import numpy as np
import pytest

from sea_ice_kedro.sources.cutting import Cut, coarse_cut, coarse_shape, on_grid


def test_a_granule_has_fewer_large_pixels_and_a_part_of_one_counts():
    assert coarse_shape((10_980, 10_980), 6) == (1830, 1830)
    assert coarse_shape((128, 160), 6) == (22, 27)


@pytest.mark.parametrize(
    ("cut", "coarse"),
    [
        (Cut(0, 0, 12, 6), Cut(0, 0, 2, 1)),
        (Cut(5, 6, 2, 6), Cut(0, 1, 2, 1)),
        (Cut(2048, 2048, 2048, 2048), Cut(341, 341, 342, 342)),
    ],
)
def test_large_pixels_cover_a_window(cut, coarse):
    assert coarse_cut(cut, 6) == coarse


@pytest.mark.parametrize("start", [(5, 4), (11, 16)])
def test_each_pixel_takes_the_large_pixel_that_it_lies_in(start):
    numbers = np.array([[1, 2], [3, 4]], np.uint16)
    found = on_grid(numbers, Cut(*start, 3, 4), 6)
    assert found.tolist() == [[1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert found.dtype == np.uint16
