import numpy as np
import pytest

from sea_ice_kedro.imagery.histogram import histogram_of


def test_histogram_leaves_out_pixels_without_data():
    grey = np.array([[5, 5, 9]], np.uint8)
    counts = histogram_of(grey, np.array([[True, False, True]]))
    assert (counts[5], counts[9], counts.sum()) == (1, 1, 2)


@pytest.mark.parametrize("pixels", [1, 3, 4, 5, 4099])
def test_histogram_counts_every_pixel_once_whatever_their_number(pixels):
    grey = np.full((1, pixels), 3, np.uint8)
    counts = histogram_of(grey, np.ones(grey.shape, bool))
    assert (counts[3], counts.sum()) == (pixels, pixels)
