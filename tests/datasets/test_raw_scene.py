from functools import partial

import numpy as np
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import SceneDataset
from sea_ice_kedro.imagery.arrays import Acquisition, Origin
from sea_ice_kedro.imagery.raw_scenes import RawScene
from sea_ice_kedro.imagery.reflectance import Calibration
from tests.fabricate import ROSS_SEA, WHEN, floes, write
from tests.products import ice_numbers

numbers = partial(SceneDataset, content="digital_numbers")

RAW = RawScene(
    "s",
    ice_numbers(48, 64),
    np.arange(48 * 64).reshape(48, 64) % 7 > 0,
    (Calibration(0.0001, -0.1), Calibration(0.0001), Calibration(0.0002)),
    Origin("earth_engine", "COPERNICUS/S2_HARMONIZED/x", "asset:x"),
    Acquisition("T03CWT", 28.5, None, "N0400", "x"),
    ROSS_SEA,
    WHEN,
    {"qa60": np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)},
)


def test_what_was_downloaded_is_read_back_as_it_was(tmp_path):
    dataset = numbers(filepath=str(tmp_path / "s.tif"), provenance={"fingerprint": "f"})
    dataset.save(RAW)
    raw = dataset.load()
    assert raw.numbers.dtype == np.uint16
    assert np.array_equal(raw.numbers, RAW.numbers)
    assert np.array_equal(raw.valid_mask, RAW.valid_mask)
    assert np.array_equal(raw.extra_bands["qa60"], RAW.extra_bands["qa60"])
    for name in ("scene_id", "calibrations", "origin", "acquisition", "georeference"):
        assert getattr(raw, name) == getattr(RAW, name)
    assert raw.acquired == WHEN
    assert dataset.stored_fingerprint() == "f"


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="no such file"):
        numbers(filepath=str(tmp_path / "s.tif")).load()


def test_a_file_of_somebody_else_is_refused(tmp_path):
    path = write(tmp_path / "s.tif", floes())
    with pytest.raises(DatasetError, match=r"s\.tif: expected digital numbers"):
        numbers(filepath=str(path)).load()
