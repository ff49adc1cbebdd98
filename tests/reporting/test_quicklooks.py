import numpy as np
import pytest

from sea_ice_kedro.imagery.arrays import FilteredScene
from sea_ice_kedro.imagery.classes import LAND_COLOUR, FigureOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.reporting.quicklooks import (
    QuicklookOptions,
    draw_prediction_quicklook,
    draw_quicklook,
    paint_scene,
)
from tests.fabricate import ROSS_SEA, WHEN, floes, scene


def drawn(value, panel_px=64, **figures):
    class_map = label_scene(value, BrightnessThresholds())
    options = QuicklookOptions(panel_px), FigureOptions(**figures)
    return draw_quicklook(value, value, class_map, *options)


@pytest.mark.parametrize(
    ("shape", "height"),
    [((48, 64), 48), ((1, 1), 64), ((16, 20), 48), ((200, 10), 64), ((128, 256), 32)],
)
def test_a_scene_of_any_shape_is_shown_three_times_beside_its_legend(shape, height):
    picture = drawn(scene(rgb=floes(*shape), georeference=ROSS_SEA, acquired=WHEN))
    assert picture.dtype == np.uint8
    assert picture.shape == (46 + height + 64, 760, 3)


def test_a_scene_without_any_observation_is_drawn_without_a_concentration():
    nothing = scene(valid_mask=np.zeros((48, 64), bool))
    picture = drawn(nothing)
    hatched = picture[46 : 46 + 48, 16 : 16 + 64]
    assert set(np.unique(hatched)) == {150, 190}


def test_classes_are_shown_in_the_accessible_or_the_published_colours():
    water = scene(rgb=np.full((48, 64, 3), 12, np.uint8))
    for palette, colour in (("accessible", [0, 70, 140]), ("published", [0, 255, 0])):
        picture = drawn(water, palette=palette)
        assert picture[60, 16 + 2 * 80 + 5].tolist() == colour
        legend = picture[46 + 48 :].reshape(-1, 3).tolist()
        assert legend.count(colour) > 100


def predicted(code, confidence):
    prediction = PredictedMap(
        "s",
        np.full((48, 64), code, np.uint8),
        confidence=np.full((48, 64), confidence, np.uint8),
    )
    return draw_prediction_quicklook(scene(), prediction, QuicklookOptions(64))


@pytest.mark.parametrize(
    ("confidence", "colour"),
    [(100, [253, 231, 37]), (33, [68, 1, 84]), (10, [68, 1, 84]), (255, [0, 0, 0])],
)
def test_a_prediction_is_shown_in_class_colours_beside_how_sure_it_is(
    confidence, colour
):
    picture = predicted(1 if confidence < 255 else 255, confidence)
    assert picture.shape == (46 + 48 + 64, 760, 3)
    classes = [86, 180, 233] if confidence < 255 else [0, 0, 0]
    assert picture[60, 16 + 80 + 5].tolist() == classes
    assert picture[60, 16 + 2 * 80 + 5].tolist() == colour


def test_drawing_leaves_the_scene_as_it_was():
    before = scene(valid_mask=np.zeros((48, 64), bool))
    drawn(before)
    assert np.array_equal(before.rgb, floes())


@pytest.mark.parametrize("panel_px", [63, 4097])
def test_panels_that_nobody_can_read_are_refused(panel_px):
    with pytest.raises(
        ValueError, match=rf"expected .*panel_px .*64.*4096.*got {panel_px}"
    ):
        QuicklookOptions(panel_px)


def test_land_is_as_observed_beside_its_own_colour_among_the_classes():
    land = np.zeros((48, 64), bool)
    land[8:40] = True
    observed = scene()
    value = observed.with_land(land, "coast.gpkg md5:0")
    picture = drawn(value)
    assert np.array_equal(picture[46 : 46 + 48, 16 : 16 + 64], observed.rgb)
    assert picture[66, 16 + 2 * 80 + 5].tolist() == [*LAND_COLOUR]
    assert picture[46 + 48 :].reshape(-1, 3).tolist().count([*LAND_COLOUR]) > 100
    filtered = FilteredScene("s", value.rgb, value.valid_mask, land=value.land)
    painted = paint_scene(filtered, 1.0)
    assert (painted[land] == LAND_COLOUR).all()
    assert np.array_equal(painted[~land], observed.rgb[~land])
