from itertools import combinations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.classes import (
    COLOURS,
    LAND_COLOUR,
    NODATA_COLOUR,
    PALETTES,
    FigureOptions,
)

# In linear RGB, at severity 1 (Machado, Oliveira & Fernandes 2009, Table 1).
SEEN = {
    "normal vision": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def lab(colour, vision):
    """Give CIE L*a*b* of an sRGB colour as somebody with that vision sees it."""
    value = np.array(colour) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(SEEN[vision]) @ linear, 0, 1)
    back = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return rgb2lab(back)


def least_difference(colours, vision):
    seen = [lab(colour, vision) for colour in colours]
    return min(deltaE_ciede2000(*pair) for pair in combinations(seen, 2))


@pytest.mark.parametrize("vision", SEEN)
def test_classes_no_data_land_and_paper_are_told_apart_with_any_colour_vision(vision):
    others = NODATA_COLOUR, LAND_COLOUR, (255, 255, 255)
    colours = [*FigureOptions().colours.values(), *others]
    assert least_difference(colours, vision) >= 20


@pytest.mark.parametrize("vision", SEEN)
@pytest.mark.parametrize("palette", PALETTES)
def test_land_is_told_from_all_else_in_either_palette(vision, palette):
    for other in (*FigureOptions(palette).colours.values(), NODATA_COLOUR):
        assert least_difference([LAND_COLOUR, other], vision) >= 20


def test_the_published_red_and_green_are_not():
    assert least_difference(COLOURS.values(), "deuteranopia") < 20


def test_the_accessible_palette_survives_a_print_in_grey():
    thick, thin, water = (
        lab(colour, "normal vision")[0] for colour in PALETTES["accessible"].values()
    )
    assert thick - 15 > thin > water + 30


def test_the_published_palette_is_that_of_class_maps():
    assert FigureOptions("published").colours is COLOURS


def test_an_unknown_palette_is_refused_with_those_that_exist():
    with pytest.raises(InvalidOption, match=r"palette .* accessible, published"):
        FigureOptions("viridis")
