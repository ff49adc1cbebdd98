import json
from functools import partial

import numpy as np
import pytest
from pyproj import Transformer

from sea_ice_kedro.engines.base import recipe_of
from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap, Georeference, Origin, Scene
from sea_ice_kedro.pipelines.ingestion import ingest_manual_labels
from sea_ice_kedro.sources import IngestionOptions, SceneEntry
from sea_ice_kedro.sources.mapped_area import inside_mask, label_within, within
from sea_ice_kedro.sources.regions import Region, outline, region_of

SHAPE = 600, 700
ROSS_SEA = Georeference("EPSG:3031", (500.0, 0, -200_000, 0, -500.0, -1_300_000))
SOUTH_POLE = Georeference("EPSG:3031", (900.0, 0, -300_000, 0, -900.0, 250_000))
ACROSS_180 = Georeference("EPSG:32601", (60.0, 0, 280_000, 0, -60.0, 2_200_000))
DEGREES = Georeference("EPSG:4326", (0.01, 0, 176, 0, -0.01, -72))


def pixel_by_pixel(georeference, area):
    a, b, c, d, e, f = georeference.transform
    x, y = np.meshgrid(np.arange(SHAPE[1]) + 0.5, np.arange(SHAPE[0]) + 0.5)
    to_degrees = Transformer.from_crs(georeference.crs, "EPSG:4326", always_xy=True)
    return area.holds(*to_degrees.transform(a * x + b * y + c, d * x + e * y + f))


@pytest.mark.parametrize(
    ("georeference", "area"),
    [
        (ROSS_SEA, region_of("175/-78/-175/-76.5", "")),
        (ROSS_SEA, region_of("-180/-90/180/-77", "")),
        (SOUTH_POLE, region_of("-60/-89.5/120/-88", "")),
        (ACROSS_180, Region((outline([(179, 19.7), (-179.5, 19.8), (-179, 19.6)]),))),
        (DEGREES, Region((outline([(178, -73), (-179, -73), (-178, -77)]),))),
        (
            DEGREES,
            Region((outline([(179.503, -74.001), (179.513, -74.02), (179, -74)]),)),
        ),
    ],
)
def test_blocks_decide_as_pixels_do(georeference, area):
    inside = inside_mask(georeference, SHAPE, area)
    assert 0 < inside.mean() < 1
    assert np.array_equal(inside, pixel_by_pixel(georeference, area))


def scene(georeference=ROSS_SEA):
    return Scene(
        "a",
        np.full((*SHAPE, 3), 200, np.uint8),
        np.ones(SHAPE, bool),
        georeference,
        origin=Origin("folder", "a.tif", "md5:0", "has no day"),
        extra_bands={"B10": np.full(SHAPE, 9, np.uint8)},
    )


def test_what_lies_outside_was_not_observed():
    wanted = within(scene(), region_of("175/-78/-175/-76.5", ""))
    outside = ~wanted.valid_mask
    assert 0 < outside.mean() < 1
    assert not wanted.rgb[outside].any()
    assert not wanted.extra_bands["B10"][outside].any()
    assert (wanted.rgb[wanted.valid_mask] == 200).all()
    assert wanted.origin.notes == "has no day"


def test_a_label_says_nothing_outside_where_its_scene_is_black():
    area = region_of("175/-78/-175/-76.5", "")
    label = ClassMap("a", np.zeros(SHAPE, np.uint8), georeference=ROSS_SEA)
    codes = label_within(label, area).codes
    assert np.array_equal(codes != 255, within(scene(), area).valid_mask)
    listing = [SceneEntry("a", None, manual_label=lambda: label)]
    options = IngestionOptions(area_of_interest="175/-78/-175/-76.5")
    assert np.array_equal(ingest_manual_labels(listing, options)["a"]().codes, codes)
    nowhere = ClassMap("a", label.codes)
    with pytest.raises(InvalidScene, match=r"'a': expected a place on Earth"):
        label_within(nowhere, area)


def test_a_coast_of_many_corners_is_short_in_tags_and_another_coast_is_another():
    angles = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    x, y = np.cos(angles), -75 + np.sin(angles)
    coast, other = (
        Region((outline(zip(x, y + shift, strict=True)),)) for shift in (0, 0.001)
    )
    texts = [recipe_of(partial(within, area=one)) for one in (coast, other)]
    assert texts[0] != texts[1]
    assert max(map(len, texts)) < 400


def test_a_scene_outside_says_so_and_one_without_a_place_is_refused():
    north = region_of("0/70/20/80", "")
    left = within(scene(), north)
    assert not left.valid_mask.any()
    assert left.origin.notes.endswith("lies outside of ingestion.area_of_interest")
    with pytest.raises(InvalidScene, match=r"'a': expected a place on Earth, as inges"):
        within(scene(None), north)


def test_an_area_that_is_none_is_refused_before_anything_is_read(tmp_path):
    assert IngestionOptions().area() is None
    assert IngestionOptions(area_of_interest=[0, 70, 20, 80]).area().boxes()
    with pytest.raises(InvalidOption, match=r"area_of_interest .*bay\.geojson"):
        IngestionOptions(area_of_interest=str(tmp_path / "bay.geojson"))
    bay = tmp_path / "bay.geojson"
    bay.write_text(json.dumps({"type": "Point", "coordinates": [0, 70]}))
    with pytest.raises(InvalidOption, match="a GeoJSON or GeoPackage file of polygons"):
        IngestionOptions(area_of_interest=str(bay))
