import logging
import shutil
from dataclasses import replace

import numpy as np
import pytest

from sea_ice_kedro.engines.base import fingerprint_of
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.sources import IngestionOptions, find_scenes
from tests.products import Fabricated, ice_numbers, shortwave_numbers

NUMBERS = ice_numbers()
CLOUD = np.s_[36:96, 60:120]
PLAIN = Fabricated(NUMBERS)
OLD = replace(PLAIN, shortwave=shortwave_numbers(cloud=CLOUD))
NEW = Fabricated(
    np.where(NUMBERS > 0, NUMBERS + 1000, 0).astype(np.uint16),
    baseline="05.10",
    offset=-1000,
    shortwave=shortwave_numbers(cloud=CLOUD, offset=-1000),
)


def listed(folder, **options):
    return find_scenes(IngestionOptions("safe", str(folder), **options))


def only(folder, **options):
    (entry,) = listed(folder, **options)
    return entry.scene()


@pytest.mark.parametrize("product", [OLD, NEW], ids=["offset 0", "offset -1000"])
@pytest.mark.parametrize("made", ["folder", "zip"])
def test_short_wave_bands_come_beside_a_scene_on_its_grid(tmp_path, product, made):
    product.write(tmp_path) if made == "folder" else product.zipped(tmp_path)
    beside = only(tmp_path).extra_bands
    assert sorted(beside) == ["b10", "b11", "b12"]
    # 0.55, 0.09 and 0.40, 0.06 of white 1.0; 0.08 and 0.002 of white 0.1.
    assert beside["b11"][36, 60] == 140
    assert beside["b11"][35, 60] == 23
    assert np.array_equal(beside["b11"] == 140, beside["b12"] == 102)
    assert (beside["b11"] == 140).sum() == 60 * 60
    assert (beside["b12"] == 15).sum() == 128 * 160 - 3600
    assert beside["b10"][36, 60] == 204
    assert beside["b10"][35, 60] == 5
    assert (beside["b10"] == 204).sum() == 60 * 60


def test_l2a_has_no_b10(tmp_path):
    bands = {name: OLD.shortwave[name] for name in ("B11", "B12")}
    replace(OLD, level="2A", shortwave=bands).write(tmp_path)
    assert sorted(only(tmp_path).extra_bands) == ["b11", "b12"]


def test_cut_scenes_have_the_bands_of_their_window(tmp_path):
    OLD.write(tmp_path)
    whole = only(tmp_path)
    for entry in listed(tmp_path, cutting={"size_px": 65}):
        scene = entry.scene()
        row, column = (int(n) for n in scene.scene_id.rpartition("_y")[2].split("x"))
        window = np.s_[row : row + scene.shape[0], column : column + scene.shape[1]]
        for name, band in scene.extra_bands.items():
            assert np.array_equal(band, whole.extra_bands[name][window])


def test_bands_are_brought_to_a_polar_grid_with_the_scene(tmp_path):
    # Each band shows the same block, on the pixels of 60 m that all of them share.
    block = np.where(shortwave_numbers(cloud=CLOUD)["B11"] > 1000, 9000, 500)
    fine = np.kron(block, np.ones((2, 2), int)).astype(np.uint16)
    replace(OLD, numbers=np.stack([fine] * 3)).write(tmp_path)
    polar = only(tmp_path, safe={"crs": "EPSG:3031"})
    bright = polar.rgb[..., 1] > 200
    assert bright.sum() == pytest.approx(3600, rel=0.1)
    assert np.mean((polar.extra_bands["b11"] > 100) != bright) < 0.002
    assert np.mean((polar.extra_bands["b10"] > 100) != bright) < 0.002


def test_a_scene_without_the_bands_or_without_the_wish_is_as_before(tmp_path):
    PLAIN.write(tmp_path / "plain")
    OLD.write(tmp_path / "with")
    plain, unwished = only(tmp_path / "plain"), only(tmp_path / "with", swir=False)
    assert plain.extra_bands == unwished.extra_bands == {}
    assert np.array_equal(plain.rgb, only(tmp_path / "with").rgb)
    (with_wish,) = listed(tmp_path / "plain")
    (without,) = listed(tmp_path / "plain", swir=False)
    assert fingerprint_of(with_wish.scene) == fingerprint_of(without.scene)


def test_a_fingerprint_changes_with_the_bands(tmp_path):
    OLD.write(tmp_path / "a")
    brighter = {**OLD.shortwave, "B11": OLD.shortwave["B11"] + 1}
    replace(OLD, shortwave=brighter).write(tmp_path / "b")
    (first,), (second,) = listed(tmp_path / "a"), listed(tmp_path / "b")
    (without,) = listed(tmp_path / "a", swir=False)
    prints = {fingerprint_of(entry.scene) for entry in (first, second, without)}
    assert len(prints) == 3


def test_a_listed_band_that_is_missing_is_warned_of_and_costs_no_scene(
    tmp_path, caplog
):
    root = OLD.write(tmp_path)
    next(root.rglob("*_B11*")).unlink()
    with caplog.at_level(logging.WARNING):
        assert sorted(only(tmp_path).extra_bands) == ["b10", "b12"]
    assert "expected band B11, which it lists, got no such file" in caplog.text


def test_a_band_in_part_is_refused(tmp_path):
    band = next(OLD.write(tmp_path).rglob("*_B12*"))
    band.write_bytes(band.read_bytes()[:300])
    with pytest.raises(InvalidScene, match=r"_B12\.jp2, got 300; .*download it again"):
        only(tmp_path)


def test_a_damaged_zip_says_which_band(tmp_path):
    whole = OLD.zipped(tmp_path)
    half = shutil.copy(whole, tmp_path / "half.zip")
    (tmp_path / "half.zip").write_bytes(whole.read_bytes()[:-2000])
    whole.unlink()
    with pytest.raises(InvalidScene, match="expected a whole zip"):
        only(half.parent)
