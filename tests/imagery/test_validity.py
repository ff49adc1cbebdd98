import numpy as np

from sea_ice_kedro.imagery.raw_scenes import valid_by_border


def picture(*black):
    rgb = np.full((40, 40, 3), 120, np.uint8)
    for rows, columns in black:
        rgb[rows, columns] = 0
    return rgb


def test_a_black_wedge_at_the_border_was_not_observed():
    valid = valid_by_border(picture((slice(0, 10), slice(0, 10))))
    assert not valid[:10, :10].any()
    assert valid.sum() == 1600 - 100


def test_a_black_lake_inside_is_water():
    assert valid_by_border(picture((slice(10, 30), slice(10, 30)))).all()


def test_a_few_black_pixels_at_the_border_are_water():
    assert valid_by_border(picture((slice(0, 7), slice(0, 9)))).all()
    assert not valid_by_border(picture((slice(0, 8), slice(0, 8)))).all()


def test_one_dark_channel_is_not_black():
    rgb = picture()
    rgb[:20, :20, :2] = 0
    assert valid_by_border(rgb).all()


def test_the_margin_takes_the_mixed_rim_along():
    valid = valid_by_border(picture((slice(0, 10), slice(0, 10))), margin_px=2)
    assert not valid[:12, :12].any()
    assert valid[12, 12]


def test_all_black_is_nothing_observed():
    assert not valid_by_border(np.zeros((20, 20, 3), np.uint8)).any()
