import math

from sea_ice_kedro.pipelines.scenes import NO_PIXELS, class_areas


def test_a_class_map_without_a_valid_pixel_has_areas_of_nothing_and_no_fractions():
    row = class_areas("a", {**NO_PIXELS, "pixel_area_m2": 100.0})
    assert (row["scene_id"], row["valid_fraction"], row["thin_ice_km2"]) == ("a", 0, 0)
    assert math.isnan(row["sea_ice_concentration"])
    assert math.isnan(row["thin_ice_fraction"])


def test_both_kinds_of_ice_count_as_sea_ice():
    facts = {"pixels": 10, "pixels_thick_ice": 3, "pixels_thin_ice": 1}
    row = class_areas("a", {**facts, "pixels_open_water": 4})
    assert (row["sea_ice_concentration"], row["valid_fraction"]) == (0.5, 0.8)
