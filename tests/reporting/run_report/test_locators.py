import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.path import Path as Outline
from pyproj import Transformer

from sea_ice_kedro.reporting.run_report import page
from sea_ice_kedro.reporting.run_report.locators import NORTH, SIDE, SOUTH, locate
from tests.reporting.run_report.material import index, material

TEMPLATES = Path(page.__file__).parent / "templates"
ROSS = {"region": "ross_sea", "latitude_deg": -77.0, "longitude_deg": -175.0}


def land_at(pole, longitude, latitude):
    """Whether a place is land in the coastline that ships."""
    to_map = Transformer.from_crs("EPSG:4326", pole.crs, always_xy=True)
    x, y = to_map.transform(longitude, latitude)
    path = (TEMPLATES / f"coast_{pole.name}.txt").read_text(encoding="ascii")
    inside = False
    for piece in re.findall(r"M([^Mz]+)z", path):
        first, steps = piece.split("l")
        numbers = [int(n) for n in re.findall(r"-?\d+", f"{first} {steps}")]
        corners = np.cumsum(np.reshape(numbers, (-1, 2)), axis=0)
        inside ^= Outline(corners).contains_point((x / 1e3, -y / 1e3))
    return inside


@pytest.mark.parametrize(
    ("pole", "longitude", "latitude", "land"),
    [
        (SOUTH, 0, -89.9, True),
        (SOUTH, -175, -80, True),  # Ross Ice Shelf
        (SOUTH, -60, -77.5, True),  # Ronne Ice Shelf
        (SOUTH, -175, -76, False),  # Ross Sea
        (SOUTH, -40, -74, False),  # Weddell Sea
        (NORTH, 0, 89.9, False),
        (NORTH, -40, 75, True),  # Greenland
        (NORTH, -85, 60, False),  # Hudson Bay
        (NORTH, 120, 38.5, False),  # Bohai Sea
        (NORTH, 17, 79, True),  # Spitsbergen
    ],
)
def test_the_coastline_has_land_and_ice_shelves_where_they_are(
    pole, longitude, latitude, land
):
    assert land_at(pole, longitude, latitude) == land


def test_coastlines_take_less_than_100_kb_of_the_package():
    assert sum(file.stat().st_size for file in TEMPLATES.glob("coast_*")) < 100_000


def test_each_region_has_a_map_with_its_scenes_in_the_middle():
    beaufort = index(["b"], region="Beaufort", latitude_deg=74.5, longitude_deg=-140.0)
    ross = index(["r1", "r2"], **ROSS)
    maps = locate(pd.concat([ross, beaufort]))
    assert [(m.region, m.pole) for m in maps] == [
        ("ross sea", "south"),
        ("Beaufort", "north"),
    ]
    assert maps[0].dots == {(SIDE / 2, SIDE / 2): "2 scenes"}
    assert maps[1].dots == {(SIDE / 2, SIDE / 2): "b"}
    assert maps[0].words == "2 scenes, 77.0° S"
    assert maps[1].words == "74.50° N, 140.00° W"
    assert {"75°S", "180°"} <= {line.label for line in maps[0].lines}


def test_scenes_all_around_a_pole_are_in_one_map_of_the_hemisphere():
    around = index(list("abcd"), latitude_deg=-65.0, longitude_deg=[0, 90, 180, -90])
    (view,) = locate(around)
    assert len(view.dots) == 4
    assert all(0 < x < SIDE and 0 < y < SIDE for x, y in view.dots)


@pytest.mark.parametrize("latitude", [-77, 73, 88, 60])
def test_labels_of_parallels_and_meridians_do_not_lie_over_each_other(latitude):
    (view,) = locate(index(["a"], latitude_deg=latitude, longitude_deg=-140.0))
    places = [(line.x, line.y) for line in view.lines if line.label]
    assert len(places) >= 4
    for number, (x, y) in enumerate(places):
        assert 20 < x < SIDE - 20
        assert 7 < y < SIDE - 7
        others = places[:number]
        assert all(abs(x - a) > 20 or abs(y - b) > 14 for a, b in others)


def test_scenes_without_a_place_or_in_the_tropics_are_on_no_map():
    assert locate(index()) == []
    assert locate(index(latitude_deg=np.nan, longitude_deg=np.nan)) == []
    assert locate(index(latitude_deg=5.0, longitude_deg=10.0)) == []


def test_of_many_regions_each_hemisphere_has_one_map():
    ids = [str(n) for n in range(20)]
    many = index(ids, region=ids, latitude_deg=70.0, longitude_deg=range(20))
    (view,) = locate(many)
    assert (view.region, view.words) == ("", "20 scenes, 70.0° N")


def test_the_page_holds_a_coastline_once_and_says_where_no_map_can_be():
    regions = [*["ross_sea"] * 6, *["weddell_sea"] * 6]
    html = page.render_report(material(scenes=index(**(ROSS | {"region": regions}))))
    assert html.count('<path id="coast-south"') == 1
    assert "coast-north" not in html
    assert html.count('class="locator"') == 2
    assert "6 scenes, 77.0° S" in html
    nowhere = page.render_report(material())
    assert "No scene has a place on Earth" in nowhere
    assert "coast-" not in nowhere
