import re

import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidModel, InvalidOption
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.imagery.predictions import (
    PROBABILITY_BANDS,
    WindowOptions,
    blended_strips,
    reader_of,
    window_starts,
    window_weights,
)
from tests.fabricate import floes, scene


def by_brightness(images):
    """A network that knows each pixel by its brightness: 0.8, 0.1, 0.1."""
    brightness = images.max(axis=-1)
    codes = np.where(brightness >= 205, 0, np.where(brightness >= 31, 1, 2))
    return np.where(np.eye(3)[codes] == 1, 0.8, 0.1).astype(np.float32)


def by_place(images):
    """A network that is surer to the left of a window: thin ice, else open water."""
    ramp = np.linspace(0.9, 0.1, images.shape[2], dtype=np.float32)
    thin = np.broadcast_to(ramp, images.shape[:3])
    return np.stack([np.zeros_like(thin), thin, 1 - thin], axis=-1)


def blended(value, predict, options):
    """Codes and confidence of a whole scene, put together from its strips."""
    strips = list(blended_strips(reader_of(value), predict, value.shape, options))
    assert [s.row for s in strips] == np.cumsum(
        [0, *(len(s.codes) for s in strips[:-1])]
    ).tolist()
    return (
        np.concatenate([s.codes for s in strips]),
        np.concatenate([s.confidence for s in strips]),
    )


OPTIONS = [
    WindowOptions(32, 0),
    WindowOptions(32, 8),
    WindowOptions(32, 7, batch_size=3),
    WindowOptions(32, 16, batch_size=64),
    WindowOptions(32, 8, shift_px=16),
    WindowOptions(32, 16, shift_px=15),
    WindowOptions(128, 64),
    WindowOptions(1, 0),
]


@pytest.mark.parametrize("options", OPTIONS, ids=repr)
@pytest.mark.parametrize("shape", [(1, 1), (5, 90), (48, 64), (31, 33)])
def test_every_pixel_is_predicted_once_whatever_the_windows(shape, options):
    value = scene(rgb=floes(*shape))
    codes, confidence = blended(value, by_brightness, options)
    assert (codes.dtype, confidence.dtype) == (np.uint8, np.uint8)
    assert codes.shape == confidence.shape == shape
    assert np.array_equal(codes, by_brightness(value.rgb).argmax(axis=-1))
    assert set(np.unique(confidence)) == {80}


@pytest.mark.parametrize("options", OPTIONS[:-2], ids=repr)
def test_weights_are_never_zero_and_sum_to_one(options):
    starts = window_starts(100, options)
    total = np.zeros(400)
    weights = window_weights(len(starts), options)
    assert weights.min() > 0
    for start, window in zip(starts, weights, strict=True):
        total[100 + start : 132 + start] += window
    assert np.allclose(total[100:200], 1.0)


def test_windows_reach_over_the_edges_by_half_an_overlap():
    assert window_starts(48, WindowOptions(32, 8)) == [-4, 20]
    assert window_starts(49, WindowOptions(32, 8)) == [-4, 20, 44]
    assert window_starts(48, WindowOptions(32, 8, shift_px=1)) == [-5, 19, 43]


def test_no_seam_shows_where_windows_disagree():
    value = scene(rgb=floes(64, 256))
    without, with_overlap = WindowOptions(64, 0), WindowOptions(64, 32)

    def steepest(options):
        codes, percent = blended(value, by_place, options)
        thin = np.where(codes == 1, percent, 100 - percent.astype(int))
        return np.abs(np.diff(thin[10].astype(int))).max()

    assert steepest(without) == 80
    assert steepest(with_overlap) < 5


def test_the_class_is_that_of_the_blended_probabilities():
    # Between two windows that say (0.9, 0.1, 0) and (0, 0.2, 0.8): the mean is thick.
    options = WindowOptions(4, 2)
    told = iter([[0.9, 0.1, 0.0], [0.0, 0.2, 0.8], [0.0, 0.2, 0.8], [0.0, 0.2, 0.8]])

    def predict(images):
        return np.tile(np.float32(next(told)), (*images.shape[:3], 1))

    value = scene(rgb=floes(2, 4))
    codes, confidence = blended(value, predict, options)
    assert codes.tolist() == [[0, 0, 2, 2]] * 2
    assert confidence[0].tolist() == [90, 77, 68, 80]


def test_pixels_without_data_have_no_class_and_no_confidence():
    value = scene()
    value.valid_mask[:20, :30] = False
    codes, confidence = blended(value, by_brightness, WindowOptions(32, 8))
    absent = ~value.valid_mask
    assert set(codes[absent].tolist()) == {255} == set(confidence[absent].tolist())
    assert 255 not in codes[value.valid_mask]


def test_windows_without_an_observed_pixel_are_not_predicted():
    value = scene(valid_mask=np.zeros((48, 64), bool))

    def refuse(images):
        raise AssertionError(f"{len(images)} windows were predicted")

    codes, confidence = blended(value, refuse, WindowOptions(32, 8))
    assert set(codes.ravel().tolist()) == {255} == set(confidence.ravel().tolist())


def test_no_more_windows_are_predicted_at_a_time_than_a_batch_holds():
    sizes = []

    def predict(images):
        sizes.append(len(images))
        return by_brightness(images)

    blended(scene(rgb=floes(20, 150)), predict, WindowOptions(32, 0, batch_size=2))
    assert sizes == [2, 2, 1]


def test_strips_come_before_all_of_the_scene_is_read():
    value, rows = scene(rgb=floes(320, 32)), []
    whole = reader_of(value)

    def read(row, column, size):
        rows.append(row)
        return whole(row, column, size)

    next(blended_strips(read, by_brightness, value.shape, WindowOptions(32, 8)))
    assert rows == [-4, -4]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda p: p[..., :2], "expected a network that gives (2, 32, 32, 3)"),
        (lambda p: p[:, ::2], "expected a network that gives (2, 32, 32, 3)"),
        (lambda p: p * np.float32("nan"), "expected probabilities from the network"),
    ],
    ids=["two classes", "half the rows", "not a number"],
)
def test_what_are_no_probabilities_is_refused(wrong, message):
    def predict(images):
        return wrong(by_brightness(images))

    with pytest.raises(InvalidModel, match=re.escape(message)):
        blended(scene(), predict, WindowOptions(32, 0, batch_size=2))


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((0, 0), "window_px"),
        ((32, 17), "overlap_px"),
        ((32, -1), "overlap_px"),
        ((32, 8, 0), "batch_size"),
        ((32, 8, 1, 24), "shift_px"),
        ((32.0, 8), "window_px"),
    ],
)
def test_windows_that_leave_gaps_are_refused(values, named):
    with pytest.raises(InvalidOption, match=f"inference.{named}"):
        WindowOptions(*values)


@pytest.mark.parametrize("unclassed", [False, True])
def test_probabilities_of_all_classes_and_the_margin_are_given_on_request(unclassed):
    value = scene(rgb=floes(20, 30))
    value.valid_mask[:5] = False
    chances = [0.2, 0.5, 0.3, 0.0] if not unclassed else [0.1, 0.2, 0.3, 0.4]

    def predict(images):
        return np.broadcast_to(np.float32(chances), (*images.shape[:-1], 4))

    read = reader_of(value)
    options = WindowOptions(32, 8, probabilities=True)
    (strip,) = blended_strips(read, predict, value.shape, options)
    assert len(strip.probabilities) == len(PROBABILITY_BANDS)
    margin = 10 if unclassed else 20
    expected = [round(100 * chance) for chance in chances[:3]] + [margin]
    for plane, percent in zip(strip.probabilities, expected, strict=True):
        assert (plane[:5] == NODATA).all()
        assert (plane[5:] == percent).all()
    plain = next(blended_strips(read, predict, value.shape, WindowOptions(32, 8)))
    assert not plain.probabilities
    np.testing.assert_array_equal(strip.codes, plain.codes)
    np.testing.assert_array_equal(strip.confidence, plain.confidence)


def test_strips_say_how_many_pixels_are_expected_to_be_the_other_of_ice_and_water():
    value = scene(rgb=floes(48, 64))
    strips = blended_strips(
        reader_of(value), by_brightness, value.shape, WindowOptions(32, 8)
    )
    parts = [(strip.codes, strip.doubted_pixels) for strip in strips]
    codes = np.concatenate([part[0] for part in parts])
    no_ice, no_water = np.sum([part[1] for part in parts], axis=0)
    # 0.8 for the class, 0.1 for each other: ice is water by 0.1, water is ice by 0.2.
    assert no_ice == pytest.approx(0.1 * np.isin(codes, (0, 1)).sum(), rel=1e-5)
    assert no_water == pytest.approx(0.2 * (codes == 2).sum(), rel=1e-5)
