import numpy as np

from sea_ice_kedro.imagery.classes import (
    COLOURS,
    DARK_TO_BRIGHT,
    LAND,
    LAND_COLOUR,
    NODATA,
    SeaIceClass,
    classed,
    colourise,
)
from sea_ice_kedro.imagery.scores import class_counts, concentration


def test_codes_are_those_written_to_files():
    codes = {c.name: c.value for c in SeaIceClass}
    assert codes == {"THICK_ICE": 0, "THIN_ICE": 1, "OPEN_WATER": 2}
    assert NODATA == 255


def test_colours_are_the_published_ones():
    assert [COLOURS[c] for c in SeaIceClass] == [(255, 0, 0), (0, 0, 255), (0, 255, 0)]


def test_class_maps_are_painted_in_their_colours_and_no_data_black():
    picture = colourise(np.array([[0, 1, 2, 255]], np.uint8))
    assert picture.tolist() == [[[255, 0, 0], [0, 0, 255], [0, 255, 0], [0, 0, 0]]]


def test_all_but_open_water_is_ice():
    assert [c.name for c in SeaIceClass if c.is_ice] == ["THICK_ICE", "THIN_ICE"]


def test_the_order_of_brightness_names_every_class_once():
    assert [c.name for c in DARK_TO_BRIGHT] == ["OPEN_WATER", "THIN_ICE", "THICK_ICE"]
    assert sorted(DARK_TO_BRIGHT) == sorted(SeaIceClass)


def test_land_is_neither_a_class_nor_no_data():
    assert LAND == 254
    codes = np.array([[0, 1, 2, 254, 255]], np.uint8)
    assert classed(codes).tolist() == [[True, True, True, False, False]]
    assert colourise(codes)[0, 3].tolist() == [*LAND_COLOUR]
    assert 254 not in class_counts(codes)
    assert concentration(class_counts(codes)) == 2 / 3
