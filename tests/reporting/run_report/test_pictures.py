import io

import numpy as np
import pytest
from PIL import Image

from sea_ice_kedro.engines import Task
from sea_ice_kedro.engines.base import fingerprint_of
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene
from sea_ice_kedro.imagery.classes import LAND_COLOUR, FigureOptions
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.reporting.run_report.pictures import (
    CHANNEL_COLOURS,
    PAINTERS,
    QUALITY_COLOURS,
    TITLES,
    ReportOptions,
    paint_histogram,
    paint_quality,
    pictures_of,
)
from tests.fabricate import floes, scene

OPTIONS = ReportOptions(panel_px=64, thumbnail_px=32)


def opened(picture):
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def class_map(code=1, shape=(128, 128)):
    return ClassMap("s", np.full(shape, code, np.uint8))


def filtered(flags):
    return FilteredScene(
        "s", floes(*flags.shape), np.ones(flags.shape, bool), quality=flags
    )


def test_every_picture_of_a_scene_has_a_title_or_is_a_thumbnail():
    rasters = {
        "scene": scene(rgb=floes(96, 128)),
        "filtered": filtered(np.zeros((96, 128), np.uint8)),
        "class_map": class_map(),
        "prediction": PredictedMap(
            "s", class_map().codes, confidence=np.full((128, 128), 90, np.uint8)
        ),
    }
    rasters["polar"] = rasters["prediction"]
    made = [
        n for k, r in rasters.items() for n in PAINTERS[k](r, OPTIONS, FigureOptions())
    ]
    small = ["thumbnail", "thumbnail_classes", "thumbnail_prediction"]
    assert sorted(set(made) - set(TITLES)) == ["histogram", *small]
    assert set(TITLES) <= set(made)


def test_a_scene_is_shrunk_to_the_size_of_a_picture_and_never_enlarged():
    large = PAINTERS["scene"](scene(rgb=floes(96, 128)), OPTIONS, FigureOptions())
    assert opened(large["original"]).shape == (48, 64, 3)
    assert opened(large["thumbnail"]).shape == (24, 32, 3)
    small = PAINTERS["scene"](scene(rgb=floes(16, 24)), OPTIONS, FigureOptions())
    assert opened(small["original"]).shape == (16, 24, 3)


def test_classes_keep_their_colours_to_the_last_bit():
    picture = opened(
        PAINTERS["class_map"](class_map(1), OPTIONS, FigureOptions())["classes"]
    )
    assert np.unique(picture.reshape(-1, 3), axis=0).tolist() == [[86, 180, 233]]


def test_the_graver_flag_is_painted_over_the_lesser():
    flags = np.array([[0, 2, 2 + 4, 2 + 8, 4 + 32, 1 + 32]], np.uint8)
    colours = paint_quality(flags)[0].tolist()
    assert colours[1] == [86, 180, 233]
    assert colours[2] == [240, 228, 66]
    assert colours[3] == [0, 158, 115]
    assert colours[4] == [255, 255, 255]
    assert colours[5] == [0, 0, 0]
    assert len({tuple(c) for c in QUALITY_COLOURS.values()}) == len(QUALITY_COLOURS)


def load():
    return class_map()


def test_pictures_are_made_of_what_there_is_and_again_when_options_change():
    task = pictures_of({"class_map": load}, OPTIONS)
    assert isinstance(task, Task)
    assert sorted(task()) == ["classes", "thumbnail_classes"]
    other = pictures_of({"class_map": load}, ReportOptions(panel_px=65))
    assert fingerprint_of(task) != fingerprint_of(other)
    published = pictures_of({"class_map": load}, OPTIONS, FigureOptions("published"))
    assert fingerprint_of(task) != fingerprint_of(published)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"panel_px": 63}, "reporting.panel_px"),
        ({"thumbnail_px": 257}, "reporting.thumbnail_px"),
        ({"quality": 0}, "reporting.quality"),
        ({"pictured_scenes": -1}, "reporting.pictured_scenes"),
        ({"pictured_scenes": 501}, "reporting.pictured_scenes"),
    ],
)
def test_options_that_make_no_report_are_refused(options, name):
    with pytest.raises(InvalidOption, match=f"expected {name}"):
        ReportOptions(**options)


def test_land_is_land_in_every_picture_that_is_not_of_the_scene_itself():
    land = np.zeros((48, 64), bool)
    land[:20] = True
    value = filtered(np.zeros((48, 64), np.uint8)).with_land(land, "coast.gpkg md5:0")
    codes = np.where(land, np.uint8(254), np.uint8(1))
    sure = np.where(land, np.uint8(255), np.uint8(90))
    pictures = {
        **PAINTERS["filtered"](value, OPTIONS, FigureOptions()),
        **PAINTERS["class_map"](ClassMap("s", codes), OPTIONS, FigureOptions()),
        **PAINTERS["prediction"](
            PredictedMap("s", codes, confidence=sure), OPTIONS, FigureOptions()
        ),
    }
    for name in ("quality", "classes", "prediction"):
        assert (opened(pictures[name])[:20] == LAND_COLOUR).all(), name
    near = np.abs(opened(pictures["confidence"])[:12].astype(int) - LAND_COLOUR)
    assert near.max() < 12


def test_a_histogram_shows_both_channels_of_what_is_observed():
    rgb = np.full((8, 8, 3), (40, 100, 200), np.uint8)
    rgb[:2] = 0
    mask = np.ones((8, 8), bool)
    mask[:2] = False
    picture = paint_histogram(FilteredScene("s", rgb, mask, quality=None))
    columns = np.flatnonzero(picture[..., 3].any(axis=0))
    assert columns.tolist() == [40, 200]
    brightest, darkest = CHANNEL_COLOURS.values()
    assert tuple(picture[-1, 200]) == brightest
    assert tuple(picture[-1, 40]) == darkest
