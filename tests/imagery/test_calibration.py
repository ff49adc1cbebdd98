import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidLabel
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.labelling import count_brightness, limits_of_labels


def scene(values, valid=None, quality=None):
    grey = np.array([values], np.uint8)
    valid = np.ones(grey.shape, bool) if valid is None else np.array([valid])
    quality = None if quality is None else np.array([quality], np.uint8)
    return FilteredScene("a", np.dstack([grey] * 3), valid, quality=quality)


def test_pixels_are_counted_by_brightness_and_manual_label():
    label = ClassMap("a", np.array([[0, 1, 2, 255]], np.uint8))
    counts = count_brightness(scene([230, 120, 12, 40]), label)
    assert [counts[row, value] for row, value in ((0, 230), (1, 120), (2, 12))] == [
        1,
        1,
        1,
    ]
    assert counts.sum(axis=1).tolist() == [1, 1, 1, 4]
    assert counts[3, 40] == 1


def test_what_was_not_observed_or_not_trusted_is_not_counted():
    counts = count_brightness(
        scene(
            [230, 120, 12],
            valid=[True, False, True],
            quality=[0, 0, QualityFlag.UNTRUSTWORTHY],
        )
    )
    assert counts.sum(axis=1).tolist() == [0, 0, 0, 1]


def test_a_label_of_another_size_is_refused():
    label = ClassMap("a", np.zeros((2, 2), np.uint8))
    with pytest.raises(InvalidLabel, match=r"a: expected .*\(1, 3\), got \(2, 2\)"):
        count_brightness(scene([1, 2, 3]), label)


def test_limits_lie_between_the_labelled_classes():
    label = ClassMap("a", np.array([[2, 2, 1, 1, 0, 0]], np.uint8))
    counts = count_brightness(scene([10, 20, 41, 180, 201, 250]), label)
    assert limits_of_labels(counts) == (31, 191)


def test_a_rare_class_counts_as_much_as_a_frequent_one():
    # Two pixels of water among 1000 of thin ice that reach down to its brightness.
    counts = np.zeros((4, 256), np.int64)
    counts[2, [20, 24]] = 1
    counts[1, [22, 100]] = (10, 990)
    counts[0, 230] = 5000
    thin_ice_min, _ = limits_of_labels(counts)
    assert 25 <= thin_ice_min <= 100


def test_without_labels_of_each_class_there_are_no_limits():
    assert limits_of_labels(np.ones((4, 256), np.int64) * [[1], [1], [0], [2]]) is None
