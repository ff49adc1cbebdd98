import numpy as np
import pytest
import rasterio
from kedro.io import DatasetError

from sea_ice_kedro.datasets import SceneDataset
from sea_ice_kedro.imagery.arrays import Acquisition, FilteredScene, Origin, Scene
from sea_ice_kedro.imagery.reflectance import Calibration, Rendering
from tests.fabricate import ROSS_SEA, WHEN, cut, floes, quiet, scene, write

ORIGIN = Origin("folder", "s.png", "sha256:00")


def valid_but_a_corner(shape=(48, 64)):
    valid_mask = np.ones(shape, bool)
    valid_mask[:10, :20] = False
    return valid_mask


def stored(tmp_path, value):
    dataset = SceneDataset(filepath=str(tmp_path / "s.tif"))
    dataset.save(value)
    return dataset.load()


def test_a_scene_survives_whole(tmp_path):
    before = scene(
        valid_mask=valid_but_a_corner(),
        georeference=ROSS_SEA,
        acquired=WHEN,
        origin=ORIGIN,
    )
    after = stored(tmp_path, before)
    assert type(after) is Scene
    assert np.array_equal(after.rgb, before.rgb)
    assert np.array_equal(after.valid_mask, before.valid_mask)
    assert (after.scene_id, after.georeference, after.acquired, after.origin) == (
        "s",
        ROSS_SEA,
        WHEN,
        ORIGIN,
    )


def test_a_filtered_scene_keeps_its_quality_flags(tmp_path):
    quality = np.full((48, 64), 10, np.uint8)
    quality[:3, :5] = 1
    before = FilteredScene("s", floes(), valid_but_a_corner(), quality=quality)
    after = stored(tmp_path, before)
    assert isinstance(after, FilteredScene)
    assert np.array_equal(after.quality, quality)


def test_limits_and_filter_that_somebody_has_set_for_a_scene_stay_with_it(tmp_path):
    given = {"given_limits": (40, 180), "given_filter": "none"}
    after = stored(tmp_path, scene(**given))
    assert (after.given_limits, after.given_filter) == ((40, 180), "none")
    quality = np.zeros((48, 64), np.uint8)
    filtered = FilteredScene(
        "s", floes(), valid_but_a_corner(), quality=quality, **given
    )
    after = stored(tmp_path, filtered)
    assert (after.given_limits, after.limits) == ((40, 180), None)
    assert after.given_filter == "none"


@pytest.mark.parametrize("limits", [(31, 205), (40, 190), None])
def test_a_filtered_scene_remembers_the_limits_it_was_filtered_for(tmp_path, limits):
    quality = np.zeros((48, 64), np.uint8)
    before = FilteredScene(
        "s", floes(), valid_but_a_corner(), quality=quality, limits=limits
    )
    assert stored(tmp_path, before).limits == limits


def test_what_is_not_known_of_a_scene_stays_unknown(tmp_path):
    after = stored(tmp_path, scene())
    assert (after.georeference, after.acquired, after.origin) == (None, None, None)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 257)])
def test_scenes_of_any_size_survive(tmp_path, shape):
    before = scene(rgb=floes(*shape))
    assert np.array_equal(stored(tmp_path, before).rgb, before.rgb)


def test_other_programs_see_colours_mask_and_blocks(tmp_path):
    quality = np.zeros((300, 300), np.uint8)
    valid_mask = valid_but_a_corner((300, 300))
    stored(tmp_path, FilteredScene("s", floes(300, 300), valid_mask, quality=quality))
    with quiet(), rasterio.open(tmp_path / "s.tif") as file:
        assert file.descriptions == ("red", "green", "blue", "quality")
        assert [c.name for c in file.colorinterp][:3] == ["red", "green", "blue"]
        assert file.block_shapes[0] == (256, 256)
        assert file.dataset_mask()[0, 0] == 0


def test_tags_say_what_tables_need(tmp_path):
    quality = np.zeros((48, 64), np.uint8)
    quality[0, :4] = 10  # thin cloud, changed
    quality[1, :3] = 12  # shadow, changed
    filtered = FilteredScene(
        "s", floes(), valid_but_a_corner(), ROSS_SEA, WHEN, ORIGIN, quality
    )
    path = tmp_path / "s.tif"
    SceneDataset(filepath=str(path), provenance={"fingerprint": "f"}).save(filtered)
    with rasterio.open(path) as file:
        tags = file.tags()
    expected = {
        "SEA_ICE_SCENE_ID": "s",
        "SEA_ICE_VALID_PIXELS": "2872",
        "SEA_ICE_PIXELS_THIN_CLOUD": "4",
        "SEA_ICE_PIXELS_SHADOW": "3",
        "SEA_ICE_PIXELS_CHANGED": "7",
        "SEA_ICE_PIXEL_SIZE_M": "10",
        "SEA_ICE_ACQUIRED": "2019-11-03T19:09:21+00:00",
        "SEA_ICE_LOCATION": "s.png",
        "SEA_ICE_FINGERPRINT": "f",
    }
    assert {key: tags[key] for key in expected} == expected


def test_a_foreign_raster_is_no_scene_of_ours(tmp_path):
    path = write(tmp_path / "s.tif", floes())
    with pytest.raises(DatasetError, match=r"s\.tif: expected a scene written by this"):
        SceneDataset(filepath=str(path)).load()


def test_a_truncated_scene_is_an_error(tmp_path):
    path = tmp_path / "s.tif"
    SceneDataset(filepath=str(path)).save(scene())
    cut(path, 0.6)
    with pytest.raises(DatasetError, match=r"s\.tif: expected a whole"):
        SceneDataset(filepath=str(path)).load()


def test_a_scene_that_is_not_there_does_not_exist(tmp_path):
    dataset = SceneDataset(filepath=str(tmp_path / "s.tif"))
    assert not dataset.exists()
    assert dataset.stored_fingerprint() is None
    dataset.save(scene())
    assert dataset.exists()


def test_the_fingerprint_of_a_stored_scene_is_known_without_its_pixels(tmp_path):
    path = str(tmp_path / "s.tif")
    SceneDataset(filepath=path, provenance={"fingerprint": "f1"}).save(scene())
    assert SceneDataset(filepath=path).stored_fingerprint() == "f1"


def test_what_is_no_raster_has_no_fingerprint(tmp_path):
    (tmp_path / "s.tif").write_text("not a raster")
    assert SceneDataset(filepath=str(tmp_path / "s.tif")).stored_fingerprint() is None


def test_acquisition_rendering_and_bands_beside_the_scene_are_kept(tmp_path):
    known = {
        "acquisition": Acquisition("T03CWT", 28.5, None, "N0400", "p"),
        "rendering": Rendering((Calibration(0.0001, -0.1),) * 3),
        "extra_bands": {"saturated": np.eye(48, 64, dtype=np.uint8)},
    }
    dataset = SceneDataset(filepath=str(tmp_path / "s.tif"))
    dataset.save(scene(**known))
    loaded = dataset.load()
    assert type(loaded) is Scene
    assert loaded.acquisition == known["acquisition"]
    assert loaded.rendering == known["rendering"]
    assert np.array_equal(loaded.extra_bands["saturated"], np.eye(48, 64))
    facts = SceneDataset(filepath=str(tmp_path / "s.tif")).facts()
    assert (facts["white_reflectance"], facts["offset"]) == (1.0, "-0.1")
    assert (facts["processing_baseline"], facts["saturated_pixels"]) == ("N0400", 48)


@pytest.mark.parametrize("filtered", [False, True])
def test_a_scene_keeps_what_of_it_is_land_and_by_which_mask(tmp_path, filtered):
    land = np.zeros((48, 64), bool)
    land[5:30, 10:40] = True
    before = scene(valid_mask=valid_but_a_corner())
    if filtered:
        quality = np.full((48, 64), 2, np.uint8)
        before = FilteredScene("s", before.rgb, before.valid_mask, quality=quality)
    before = before.with_land(land, "coast.gpkg md5:0")
    after = stored(tmp_path, before)
    assert type(after) is type(before)
    assert np.array_equal(after.land.mask, land & valid_but_a_corner())
    assert after.land.source == "coast.gpkg md5:0"
    assert np.array_equal(after.valid_mask, before.valid_mask)
    assert np.array_equal(after.rgb, before.rgb)
    assert after.extra_bands == {}
    facts = SceneDataset(filepath=str(tmp_path / "s.tif")).facts()
    assert facts["land"] == "coast.gpkg md5:0"
    assert facts["pixels_land"] == after.land.mask.sum()
