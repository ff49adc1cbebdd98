import cv2
import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.floes import FloeOptions, find_floes, mean_caliper

THICK, THIN, WATER, LAND, NODATA = 0, 1, 2, 254, 255
OPTIONS = FloeOptions()


def water(height=200, width=300):
    return np.full((height, width), WATER, np.uint8)


def disc(codes, middle, radius, code=THICK):
    cv2.circle(codes, middle, radius, code, -1)
    return codes


def test_floes_are_as_large_as_they_were_drawn():
    codes = disc(disc(water(), (80, 100), 40), (220, 100), 20)
    floes = find_floes(codes, OPTIONS)
    assert floes.area_px == pytest.approx(np.pi * np.array([40**2, 20**2]), rel=0.03)
    assert floes.caliper_px == pytest.approx([81, 41], abs=1)
    assert floes.perimeter_px == pytest.approx([81 * np.pi, 41 * np.pi], rel=0.02)
    assert floes.columns == pytest.approx([80.5, 220.5])
    assert floes.rows == pytest.approx([100.5, 100.5])
    assert not floes.touches_edge.any()
    assert (floes.labels[100, [80, 220, 150]] == [1, 2, 0]).all()


def test_the_mean_caliper_diameter_is_over_all_directions():
    square = np.ones((100, 100), bool)
    assert mean_caliper(square) == pytest.approx(400 / np.pi, abs=1)


def test_floes_that_touch_are_parted_at_their_neck():
    codes = disc(disc(water(), (80, 100), 40), (140, 100), 25)
    areas = find_floes(codes, OPTIONS).area_px
    assert areas == pytest.approx([np.pi * 40**2, np.pi * 25**2], rel=0.05)
    joined = find_floes(codes, FloeOptions(neck=0.0))
    assert len(joined.area_px) == 1
    assert joined.area_px[0] == pytest.approx(areas.sum())


def test_one_floe_with_a_waist_stays_one():
    codes = water()
    codes[60:140, 40:140] = THICK
    codes[70:130, 140:200] = THICK  # three quarters as wide
    assert len(find_floes(codes, OPTIONS).area_px) == 1


def test_a_crack_one_pixel_wide_parts_a_floe_in_any_direction():
    codes = water()
    codes[20:180, 20:180] = THICK
    cv2.line(codes, (20, 20), (180, 180), WATER, 1)
    areas = find_floes(codes, OPTIONS).area_px
    assert areas == pytest.approx([160 * 159 / 2] * 2, rel=0.02)


def test_ponds_smaller_than_a_floe_are_of_the_floe_and_larger_ones_not():
    whole = find_floes(disc(water(), (150, 100), 80), OPTIONS).area_px
    codes = disc(
        disc(disc(water(), (150, 100), 80), (120, 100), 4, WATER), (170, 90), 20, WATER
    )
    codes[130, 130] = NODATA
    floes = find_floes(codes, OPTIONS)
    assert floes.area_px.sum() == pytest.approx(whole[0] - np.pi * 20**2, rel=0.01)
    assert not floes.touches_edge.any()


def test_floes_below_the_smallest_size_are_left_out():
    codes = disc(disc(water(), (80, 100), 10), (220, 100), 3)
    assert len(find_floes(codes, OPTIONS).area_px) == 1
    assert len(find_floes(codes, FloeOptions(smallest_px=4)).area_px) == 2


def test_floes_at_the_edge_at_land_and_at_what_was_not_seen_are_marked():
    codes = water(300, 300)
    for middle in ((20, 150), (150, 100), (100, 250), (230, 250)):
        disc(codes, middle, 25)
    codes[:80] = LAND
    codes[250:, 60:140] = NODATA
    floes = find_floes(codes, OPTIONS)
    by_place = dict(
        zip(floes.columns.round(-1).tolist(), floes.touches_edge, strict=True)
    )
    assert by_place == {20.0: True, 150.0: True, 100.0: True, 230.0: False}


def test_thin_ice_is_of_floes_where_that_is_said():
    codes = disc(disc(water(), (150, 100), 60, THIN), (150, 100), 30)
    thick, all_ice = (
        find_floes(codes, FloeOptions(thin_ice=said)).area_px for said in (False, True)
    )
    assert thick == pytest.approx(np.pi * 30**2, rel=0.03)
    assert all_ice == pytest.approx(np.pi * 60**2, rel=0.03)


def test_half_of_a_rim_of_mixed_pixels_is_of_the_floe():
    def seen(radius):
        fine = disc(np.zeros((600, 600), np.uint8), (300, 300), 3 * radius, 235)
        grey = cv2.GaussianBlur(
            cv2.resize(fine, (200, 200), interpolation=cv2.INTER_AREA), (0, 0), 0.7
        )
        return np.select([grey >= 205, grey >= 31], [THICK, THIN], WATER).astype(
            np.uint8
        )

    codes = seen(12)
    assert (codes == THICK).sum() < 0.9 * np.pi * 12**2
    assert find_floes(codes, OPTIONS).area_px == pytest.approx(np.pi * 12**2, rel=0.04)


@pytest.mark.parametrize("code", [THICK, WATER, LAND, NODATA])
def test_a_map_of_one_value_has_one_floe_or_none(code):
    floes = find_floes(np.full((40, 50), code, np.uint8), OPTIONS)
    assert floes.area_px.tolist() == ([2000] if code == THICK else [])
    assert floes.touches_edge.all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"neck": 2}, "floes.neck"),
        ({"thin_ice": 1}, "floes.thin_ice"),
        ({"smallest_px": 0}, "floes.smallest_px"),
        ({"elongation": "long"}, "floes.elongation"),
    ],
)
def test_limits_that_describe_nothing_are_refused(options, said):
    with pytest.raises(InvalidOption, match=said):
        FloeOptions(**options)
