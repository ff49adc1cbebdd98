import numpy as np
import pytest

from sea_ice_kedro.imagery.scores import area_adjusted

OLOFSSON = np.array(
    [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]], np.int64
)
"""Error matrix of their example (2014, section 5): rows map, columns reference."""

HECTARES = np.array([200_000, 150_000, 3_200_000, 6_450_000], np.int64)


def test_the_published_example_comes_out():
    found = area_adjusted(OLOFSSON, HECTARES)
    assert round(found.accuracy, 2) == 0.95
    assert round(1.96 * found.accuracy_error, 2) == 0.02
    assert found.user.round(2).tolist() == [0.88, 0.73, 0.93, 0.96]
    assert (1.96 * found.user_error).round(2).tolist() == [0.07, 0.10, 0.04, 0.02]
    assert found.producer.round(2).tolist() == [0.75, 0.85, 0.93, 0.96]
    assert round(1.96 * found.producer_error[0], 2) == 0.21
    assert found.area[0] * 10_000_000 == pytest.approx(235_086, abs=1)
    assert 1.96 * found.area_error[0] * 10_000_000 == pytest.approx(68_418, abs=50)


def test_a_mapped_class_with_a_single_point_is_refused_and_one_not_mapped_is_not():
    counts = np.array([[5, 1, 0], [0, 1, 0], [0, 0, 0]], np.int64)
    with pytest.raises(ValueError, match=r"two points or more .* got \[6, 1, 0\]"):
        area_adjusted(counts, np.array([10, 10, 0]))
    counts[1, 1] = 4
    found = area_adjusted(counts, np.array([10, 10, 0]))
    assert found.accuracy == pytest.approx(0.5 * 5 / 6 + 0.5)
    assert np.isnan(found.user[2])
