import pytest

from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.sources.cutting import Cut, Grid, cut_granule, scene_id
from sea_ice_kedro.sources.product_options import CuttingOptions
from sea_ice_kedro.sources.regions import Region, read_region

UTM = Georeference("EPSG:32703", (10.0, 0.0, 399960.0, 0.0, -10.0, 1900020.0))
GRID = Grid(UTM, (10_980, 10_980))
EVERYWHERE = Region((((-180, -90), (180, -90), (180, 90), (-180, 90)),))


def cuts(size_px, outline=EVERYWHERE, region=None, least=0.0, grid=GRID):
    return cut_granule(grid, CuttingOptions(size_px, least), outline, region)


def test_a_granule_is_one_scene_unless_cut():
    assert cuts(None) == [Cut(0, 0, 10_980, 10_980)]


def test_windows_cover_every_pixel_once():
    found = cuts(2048)
    assert len(found) == 36
    assert sum(cut.height * cut.width for cut in found) == 10_980**2
    assert found[5] == Cut(0, 10_240, 2048, 740)
    assert found[-1] == Cut(10_240, 10_240, 740, 740)


def test_only_whole_scenes_on_request():
    found = cuts(2048, least=1.0)
    assert len(found) == 25
    assert {(cut.height, cut.width) for cut in found} == {(2048, 2048)}


def test_a_window_has_its_own_corner():
    assert Cut(2048, 4096, 2048, 2048).of(UTM).transform == (
        10.0,
        0.0,
        440920.0,
        0.0,
        -10.0,
        1879540.0,
    )


def test_windows_outside_the_product_s_outline_are_left_out():
    west = Region((((-170, -80), (-166.5, -80), (-166.5, -60), (-170, -60)),))
    some, whole = cuts(2048, west), cuts(2048, west, least=1.0)
    assert (
        {cut.column for cut in whole}
        < {cut.column for cut in some}
        < set(range(10_980))
    )


def test_scenes_belong_to_the_region_that_holds_their_centre():
    region = read_region((-180, -80, -166.0, -60))
    inside = cuts(2048, region=region)
    outside = cuts(2048, region=read_region((-166.0, -80, -160, -60)))
    assert len(inside) + len(outside) == 36
    assert inside
    assert outside


def test_a_whole_granule_needs_only_to_touch_the_region():
    assert len(cuts(None, region=read_region((0, -80, 10, -70)))) == 1


def test_a_granule_across_the_antimeridian_is_cut_as_any_other():
    place = Georeference("EPSG:32701", (10.0, 0.0, 300000.0, 0.0, -10.0, 2000020.0))
    box = read_region((175.0, -75.0, -175.0, -65.0))
    assert (
        len(cuts(2048, outline=box, region=box, grid=Grid(place, (10_980, 10_980))))
        == 36
    )


@pytest.mark.parametrize(
    ("cut", "name"),
    [
        (Cut(0, 0, 10_980, 10_980), "P"),
        (Cut(2048, 0, 2048, 2048), "P_y02048x00000"),
        (Cut(10_240, 4096, 740, 2048), "P_y10240x04096"),
    ],
)
def test_a_scene_is_named_after_its_product_and_place(cut, name):
    assert scene_id("P", cut, GRID) == name
