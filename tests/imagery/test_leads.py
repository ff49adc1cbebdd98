import cv2
import numpy as np
import pytest

from sea_ice_kedro.imagery.floes import FloeOptions
from sea_ice_kedro.imagery.leads import find_leads

THICK, THIN, WATER, LAND, NODATA = 0, 1, 2, 254, 255


def ice(height=400, width=400):
    return np.full((height, width), THICK, np.uint8)


def band(codes, width, degrees, code=WATER, middle=(200, 200), length=300):
    """Draw a lead whose axis is turned from a row, clockwise in the picture."""
    rows, columns = np.mgrid[: codes.shape[0], : codes.shape[1]] + 0.5
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    x, y = columns - middle[0], rows - middle[1]
    inside = np.abs(cosine * y - sine * x) <= width / 2
    codes[inside & (np.abs(cosine * x + sine * y) <= length / 2)] = code
    return codes


def found(codes, **options):
    return find_leads(codes, 10.0, FloeOptions(**options))


def angles(leads):
    return np.degrees(np.arctan2(leads.along[:, 1], leads.along[:, 0])) % 180


@pytest.mark.parametrize("degrees", [0, 17, 45, 90, 133])
@pytest.mark.parametrize("width", [2, 5, 16])
def test_width_direction_and_place_are_those_that_were_drawn(width, degrees):
    leads = found(band(ice(), width, degrees))
    assert leads.width_px == pytest.approx([width], abs=0.8)
    assert leads.widest_px == pytest.approx([width], abs=1.5)
    assert leads.length_px == pytest.approx([300], abs=width + 9)
    assert abs((angles(leads)[0] - degrees + 90) % 180 - 90) < 0.5
    assert leads.columns == pytest.approx([200], abs=5)
    assert leads.rows == pytest.approx([200], abs=5)
    assert leads.area_px == pytest.approx([300 * width], rel=0.1, abs=301)
    assert leads.touches_edge.tolist() == [False]


def test_leads_may_be_refrozen_unless_thin_ice_is_of_floes():
    codes = band(ice(), 8, 30, THIN)
    assert len(found(codes).width_px) == 1
    assert len(found(codes, thin_ice=True).width_px) == 0


def test_leads_that_cross_are_cut_where_they_meet():
    leads = found(band(band(ice(), 16, 20), 6, 110))
    assert len(leads.width_px) == 4
    assert sorted(leads.width_px) == pytest.approx([6, 6, 16, 16], abs=0.8)
    assert sorted(angles(leads)) == pytest.approx([20, 20, 110, 110], abs=1)


def test_open_sea_is_no_lead_and_a_lead_that_ends_in_it_is():
    codes = band(ice(600, 600), 10, 90, middle=(300, 300), length=500)
    codes[:250] = WATER
    leads = found(codes, widest_m=1000)
    assert leads.width_px == pytest.approx([10], abs=0.8)
    assert leads.labels[:240].max() == 0
    assert 250 < leads.length_px[0] < 300


def test_ponds_and_bays_are_no_leads():
    codes = ice(500, 500)
    cv2.circle(codes, (150, 150), 40, WATER, -1)
    cv2.ellipse(codes, (350, 300), (50, 25), 30, 0, 360, WATER, -1)
    codes[:, :20] = WATER
    cv2.circle(codes, (20, 400), 30, WATER, -1)
    assert len(found(codes, widest_m=100).width_px) == 0
    assert len(found(codes[:, 20:]).width_px) == 0


def test_a_rough_rim_makes_no_leads_of_its_own():
    rng = np.random.default_rng(0)
    codes = ice()
    for column in range(400):
        codes[190 + rng.integers(-1, 2) : 210 + rng.integers(-1, 2), column] = WATER
    leads = found(codes)
    assert leads.width_px == pytest.approx(len(leads.width_px) * [18], abs=1)
    assert leads.length_px.sum() > 300


def test_brash_in_a_lead_is_of_the_lead():
    codes = band(ice(), 30, 45)
    cv2.circle(codes, (200, 200), 4, THICK, -1)
    leads = found(codes)
    assert leads.width_px == pytest.approx([30], abs=1)


def test_leads_at_the_edge_at_land_and_at_what_was_not_seen_are_marked():
    codes = ice()
    for row in (60, 160, 260, 360):
        codes[row : row + 8, 40:360] = WATER
    codes[160:168, :40] = WATER
    codes[255:275, 355:] = LAND
    codes[355:375, 355:] = NODATA
    leads = found(codes)
    assert leads.touches_edge.tolist() == [False, True, True, True]
    assert leads.width_px == pytest.approx([8] * 4, abs=0.5)


def test_short_ones_are_left_out():
    codes = band(ice(), 3, 0, length=30)
    assert len(found(codes).width_px) == 1
    assert len(found(codes, shortest_px=40).width_px) == 0
    assert len(found(codes, elongation=20).width_px) == 0


@pytest.mark.parametrize("code", [THICK, THIN, WATER, LAND, NODATA])
def test_a_map_of_one_value_has_no_lead(code):
    assert len(found(np.full((60, 50), code, np.uint8)).width_px) == 0
