"""Facts about simulated scenes that the default run and the benchmarks rely on."""

import math
from dataclasses import fields, replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from sea_ice_kedro.imagery.simulate import (
    PRESETS,
    SimulatedScene,
    SimulationOptions,
    sample_options,
    sample_scenes,
    simulate_scene,
)
from sea_ice_kedro.imagery.simulate.floes import draw_radii, place_floes
from sea_ice_kedro.imagery.simulate.scene import place_scene, polar_stereographic

THICK, THIN, WATER, NODATA = 0, 1, 2, 255
SMALL = SimulationOptions(height=160, width=160)
CLOUDY = replace(
    SMALL, thin_cloud_fraction=0.4, shadow_fraction=0.3, nodata_wedge_fraction=0.1
)


def arrays(simulated: SimulatedScene) -> list[np.ndarray]:
    """List all rasters of a simulated scene."""
    own = [getattr(simulated, field.name) for field in fields(simulated)]
    rasters = [value for value in own if isinstance(value, np.ndarray)]
    scene = simulated.scene
    return [*rasters, scene.rgb, scene.valid_mask, simulated.truth.codes]


def brightness(rgb: np.ndarray) -> np.ndarray:
    return rgb.max(axis=-1)


def published_rule(rgb: np.ndarray) -> np.ndarray:
    """Iqrah et al. (2024, III-B): 30|31 and 204|205."""
    value = brightness(rgb)
    return np.select([value <= 30, value <= 204], [WATER, THIN], THICK)


def test_the_same_seed_and_options_give_the_same_bytes():
    first, second = simulate_scene(CLOUDY, 5), simulate_scene(CLOUDY, 5)
    for one, other in zip(arrays(first), arrays(second), strict=True):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()
    assert first.scene.georeference == second.scene.georeference
    assert first.scene.acquired == second.scene.acquired


def test_another_seed_gives_another_surface_place_and_time():
    first, second = simulate_scene(SMALL, 5), simulate_scene(SMALL, 6)
    assert (first.truth.codes != second.truth.codes).mean() > 0.1
    assert first.scene.georeference != second.scene.georeference
    assert first.scene.acquired != second.scene.acquired


def test_other_clouds_leave_the_ice_of_a_seed_as_it_is():
    clear_sky, cloudy = simulate_scene(SMALL, 5), simulate_scene(CLOUDY, 5)
    valid = cloudy.scene.valid_mask
    assert np.array_equal(clear_sky.truth.codes[valid], cloudy.truth.codes[valid])
    assert np.array_equal(clear_sky.clear[valid], cloudy.clear[valid])


def test_global_random_state_is_neither_used_nor_changed():
    np.random.seed(1)  # noqa: NPY002 - the state that must not matter
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = simulate_scene(SMALL, 5)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert np.array_equal(first.scene.rgb, simulate_scene(SMALL, 5).scene.rgb)


def test_rasters_have_the_promised_shapes_and_types():
    simulated = simulate_scene(replace(CLOUDY, height=96, width=130), 1, "s1")
    assert simulated.scene.scene_id == simulated.truth.scene_id == "s1"
    for raster, dtype, shape in [
        (simulated.scene.rgb, np.uint8, (96, 130, 3)),
        (simulated.clear, np.uint8, (96, 130, 3)),
        (simulated.truth.codes, np.uint8, (96, 130)),
        (simulated.scene.valid_mask, bool, (96, 130)),
        (simulated.thin_cloud_mask, bool, (96, 130)),
        (simulated.shadow_mask, bool, (96, 130)),
        (simulated.thin_cloud, np.float32, (96, 130)),
        (simulated.shadow, np.float32, (96, 130)),
    ]:
        assert raster.dtype == dtype
        assert raster.shape == shape


@pytest.mark.parametrize("shape", [(32, 32), (33, 200), (200, 33), (256, 256)])
@pytest.mark.parametrize("pixel_size_m", [10.0, 60.0])
def test_small_and_oblong_scenes_work(shape, pixel_size_m):
    options = SimulationOptions(
        *shape, pixel_size_m, wide_leads=1, thin_cloud_fraction=0.5
    )
    assert simulate_scene(options, 3).scene.rgb.shape == (*shape, 3)


@pytest.mark.parametrize("name", PRESETS)
def test_class_and_brightness_agree_on_the_clear_surface(name):
    options = replace(PRESETS[name], height=256, width=256)
    simulated = simulate_scene(options, 11)
    valid = simulated.scene.valid_mask
    agree = published_rule(simulated.clear)[valid] == simulated.truth.codes[valid]
    assert agree.mean() >= 0.97


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_all_three_classes(name):
    options = replace(PRESETS[name], height=256, width=256)
    simulated = simulate_scene(options, 4)
    codes = simulated.truth.codes[simulated.scene.valid_mask]
    assert np.bincount(codes, minlength=3).min() >= 0.005 * codes.size
    assert set(np.unique(codes)) == {THICK, THIN, WATER}


@pytest.mark.parametrize(("water", "thin"), [(0.02, 0.1), (0.1, 0.3), (0.6, 0.2)])
def test_wanted_shares_of_water_and_thin_ice_come_out(water, thin):
    options = replace(SMALL, open_water_fraction=water, thin_ice_fraction=thin)
    codes = simulate_scene(options, 2).truth.codes
    assert (codes == WATER).mean() == pytest.approx(water, abs=0.04)
    assert (codes == THIN).mean() == pytest.approx(thin, abs=0.06)


def test_pixels_without_data_are_black_invalid_and_255():
    options = replace(CLOUDY, nodata_wedge_fraction=0.25, light=0.05)
    simulated = simulate_scene(options, 9)
    nodata = ~simulated.scene.valid_mask
    assert nodata.mean() == pytest.approx(0.25, abs=0.01)
    assert (simulated.scene.rgb[nodata] == 0).all()
    assert (simulated.clear[nodata] == 0).all()
    assert (simulated.truth.codes[nodata] == NODATA).all()
    assert not simulated.thin_cloud_mask[nodata].any()
    assert not simulated.shadow_mask[nodata].any()
    assert simulated.scene.rgb[~nodata].min() > 0
    assert (simulated.truth.codes[~nodata] != NODATA).all()


@pytest.mark.parametrize("wanted", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("what", ["thin_cloud", "shadow"])
def test_cloud_and_shadow_cover_the_wanted_share_of_observed_pixels(what, wanted):
    options = replace(SMALL, nodata_wedge_fraction=0.2, **{f"{what}_fraction": wanted})
    simulated = simulate_scene(options, 3)
    mask = getattr(simulated, f"{what}_mask")
    assert mask[simulated.scene.valid_mask].mean() == pytest.approx(wanted, abs=0.03)


def test_without_cloud_and_noise_the_scene_is_the_clear_surface():
    simulated = simulate_scene(replace(SMALL, noise=0), 3)
    assert np.array_equal(simulated.scene.rgb, simulated.clear)


def test_without_cloud_the_scene_is_the_clear_surface_up_to_small_noise():
    simulated = simulate_scene(SMALL, 3)
    difference = simulated.scene.rgb.astype(int) - simulated.clear
    assert 0.2 < difference.std() < 1.5
    assert abs(difference).max() <= 8


def test_haze_lifts_water_out_of_its_class_and_hardly_touches_snow():
    options = replace(
        SMALL, open_water_fraction=0.3, thin_cloud_fraction=0.8, cloud_opacity=0.33
    )
    simulated = simulate_scene(options, 3)
    change = brightness(simulated.scene.rgb).astype(int) - brightness(simulated.clear)
    hazy = simulated.thin_cloud_mask
    water = hazy & (simulated.truth.codes == WATER)
    snow = hazy & (simulated.truth.codes == THICK)
    assert 30 < np.median(brightness(simulated.scene.rgb)[water]) < 90
    assert change[water].mean() > 8 * abs(change[snow].mean())


def test_shadow_darkens_and_leaves_half_to_most_of_the_light():
    options = replace(SMALL, shadow_fraction=0.5, shadow_depth=0.5, noise=0)
    simulated = simulate_scene(options, 3)
    ratio = brightness(simulated.scene.rgb) / brightness(simulated.clear)
    snow = simulated.truth.codes == THICK
    assert np.median(ratio[snow & simulated.shadow_mask]) < 0.9
    assert ratio[snow].min() > 0.45
    untouched = simulated.shadow == 0
    assert (ratio[untouched] == 1).all()


def test_hard_cloud_edges_are_steeper_than_soft_ones():
    def steepest(softness: float) -> float:
        options = replace(SMALL, thin_cloud_fraction=0.5, cloud_softness=softness)
        return np.abs(np.diff(simulate_scene(options, 3).thin_cloud)).max()

    assert steepest(0.0) > 3 * steepest(1.0)


def test_a_wide_lead_is_wider_than_the_filter_window_of_the_paper():
    options = replace(PRESETS["wide_lead"], height=512, width=512)
    thin = (simulate_scene(options, 8).truth.codes == THIN).astype(np.uint8)
    # Floes and cracks in it aside.
    closed = cv2.morphologyEx(thin, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    assert 2 * cv2.distanceTransform(closed, cv2.DIST_L2, 5).max() > 155


def test_leads_as_narrow_as_one_pixel_exist():
    codes = simulate_scene(SMALL, 3).truth.codes
    lead = codes != THICK
    alone_in_row = lead[:, 1:-1] & ~lead[:, :-2] & ~lead[:, 2:]
    alone_in_column = lead[1:-1] & ~lead[:-2] & ~lead[2:]
    assert alone_in_row.sum() + alone_in_column.sum() > 50


@pytest.mark.parametrize("exponent", [1.5, 2.0, 2.5])
def test_placed_floes_follow_the_power_law(exponent):
    rng = np.random.default_rng(0)
    density = np.ones((700, 700), np.float32)
    radii = place_floes(density, rng, (3.0, 90.0), exponent, 0.35).radii_px
    # Maximum likelihood (Clauset et al. 2009, eq. 3.1), for a law without upper end:
    # cut off well below the largest floe.
    lower = 3.0
    fitted = len(radii) / np.log(radii / lower).sum()
    assert fitted == pytest.approx(exponent, abs=0.35)


def test_radii_are_drawn_within_their_limits():
    radii = draw_radii(np.random.default_rng(0), 1000, 2.0, 50.0, 1.8)
    assert 2.0 <= radii.min() <= radii.max() <= 50.0
    assert np.median(radii) == pytest.approx(2.0 * 2 ** (1 / 1.8), rel=0.1)


def latitude_longitude(x: float, y: float) -> tuple[float, float]:
    """Invert EPSG:3031 (Snyder 1987, eq. 7-9 by iteration), degrees."""
    e, a = 0.0818191908426, 6378137.0

    def conformal(phi: float) -> float:
        s = e * math.sin(phi)
        return math.tan(math.pi / 4 - phi / 2) * ((1 + s) / (1 - s)) ** (e / 2)

    true_scale = math.radians(71)
    m = math.cos(true_scale) / math.sqrt(1 - (e * math.sin(true_scale)) ** 2)
    t = math.hypot(x, y) * conformal(true_scale) / (a * m)
    phi = math.pi / 2 - 2 * math.atan(t)
    for _ in range(8):
        s = e * math.sin(phi)
        phi = math.pi / 2 - 2 * math.atan(t * ((1 - s) / (1 + s)) ** (e / 2))
    return -math.degrees(phi), math.degrees(math.atan2(x, y))


@pytest.mark.parametrize("seed", range(8))
def test_scenes_are_from_november_2019_on_a_grid_of_10_m(seed):
    scene = simulate_scene(SimulationOptions(height=40, width=60), seed).scene
    assert scene.georeference.crs == "EPSG:3031"
    a, b, left, d, e, top = scene.georeference.transform
    assert (a, b, d, e) == (10.0, 0.0, 0.0, -10.0)
    assert left % 10 == top % 10 == 0
    assert datetime(2019, 11, 1, tzinfo=UTC) <= scene.acquired
    assert scene.acquired < datetime(2019, 12, 1, tzinfo=UTC)


def test_the_projection_puts_points_where_proj_does():
    # rasterio.warp.transform("EPSG:4326", "EPSG:3031", [-160], [-75])
    x, y = polar_stereographic(-75.0, -160.0)
    assert (x, y) == pytest.approx((-560496.88, -1539952.52), abs=0.01)


def test_no_scene_of_a_granule_s_fifth_leaves_the_ross_sea():
    options = SimulationOptions(height=2048, width=2048)
    for seed in range(200):
        transform = place_scene(options, np.random.default_rng(seed)).transform
        left, top = transform[2], transform[5]
        for x in (left, left + 20_480):
            for y in (top, top - 20_480):
                latitude, longitude = latitude_longitude(x, y)
                assert -78 < latitude < -70
                assert -180 < longitude < -140


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 31}, "expected 32 <= height <= 20000, got 31"),
        ({"width": 0}, "width"),
        ({"pixel_size_m": 0.0}, "pixel_size_m"),
        ({"thin_cloud_fraction": 1.2}, "0 <= thin_cloud_fraction <= 1, got 1.2"),
        ({"shadow_fraction": -0.1}, "shadow_fraction"),
        ({"shadow_depth": math.nan}, "shadow_depth"),
        ({"floe_exponent": 0.0}, "floe_exponent"),
        ({"floe_min_m": 900.0, "floe_max_m": 800.0}, "got 900.0 and 800.0"),
        ({"wide_leads": -1}, "wide_leads"),
        ({"nodata_wedge_fraction": 1.0}, "nodata_wedge_fraction"),
        ({"noise": -1.0}, "noise"),
        ({"light": 0.0}, "light"),
        ({"stretch": 0.0}, "stretch"),
        (
            {"open_water_fraction": 0.7, "thin_ice_fraction": 0.4},
            r"<= 1, got 0.7 \+ 0.4",
        ),
    ],
)
def test_options_that_describe_no_scene_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        SimulationOptions(**change)


def test_less_sun_and_another_stretch_change_brightness_but_not_truth():
    plain = simulate_scene(SMALL, 3)
    dim = simulate_scene(replace(SMALL, light=0.6), 3)
    lifted = simulate_scene(replace(SMALL, stretch=0.6), 3)
    water = plain.truth.codes == WATER
    assert np.array_equal(dim.truth.codes, plain.truth.codes)
    assert dim.clear.mean() == pytest.approx(0.6 * plain.clear.mean(), rel=0.02)
    assert np.median(brightness(lifted.clear)[water]) > 31


def test_sample_scenes_are_varied_named_and_reproducible():
    samples = sample_scenes(12, 64, 7)
    assert [scene_id for scene_id, _, _ in samples][:2] == [
        "sim_ross_sea_00",
        "sim_ross_sea_01",
    ]
    assert len({seed for _, _, seed in samples}) == 12
    assert len({options for _, options, _ in samples}) == len(PRESETS)
    assert all(options.shape == (64, 64) for _, options, _ in samples)
    assert samples[:5] == sample_scenes(5, 64, 7)
    assert samples[0][2] != sample_scenes(1, 64, 8)[0][2]


def test_the_default_set_covers_the_cases_that_labelling_meets():
    options = [sample_options(index) for index in range(len(PRESETS))]
    assert any(o.wide_leads and not o.thin_cloud_fraction for o in options)
    assert any(o.wide_leads and o.thin_cloud_fraction for o in options)
    assert any(o.shadow_fraction and not o.thin_cloud_fraction for o in options)
    assert any(o.shadow_fraction and o.thin_cloud_fraction for o in options)
    assert any(o.nodata_wedge_fraction for o in options)
    assert any(o.open_water_fraction > 0.8 for o in options)
