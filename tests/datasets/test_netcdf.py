import numpy as np
import pytest
import xarray as xr
from kedro.io import DatasetError

from sea_ice_kedro.datasets import FileDataset

SEASON = xr.Dataset(
    {"ice": (("time", "x"), np.array([[0.5, np.nan]], np.float32))},
    {"time": ("time", [18203.5], {"units": "days since 1970-01-01"})},
)


def saved(path):
    dataset = FileDataset(
        filepath=str(path), file_format="netcdf", provenance={"fingerprint": "f"}
    )
    dataset.save(SEASON)
    return dataset


def test_arrays_and_times_survive(tmp_path):
    after = saved(tmp_path / "s.nc").load()
    assert after["ice"].to_numpy().tolist()[0][0] == 0.5
    assert np.isnan(after["ice"][0, 1])
    assert str(after["time"].to_numpy()[0]).startswith("2019-11-03T12:00")


def test_a_file_tells_what_it_was_made_from(tmp_path):
    assert saved(tmp_path / "s.nc").load().attrs == {"sea_ice_fingerprint": "f"}


def test_the_same_arrays_give_the_same_bytes(tmp_path):
    saved(tmp_path / "a.nc")
    saved(tmp_path / "b.nc")
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


def test_a_place_that_cannot_be_written_to_is_said_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="SEA_ICE_DATA to a folder"):
        saved(tmp_path / "file" / "s.nc")


def test_a_bucket_gets_and_gives_the_file(bucket):
    url = f"{bucket.url}/cubes/s.nc"
    assert float(saved(url).load()["ice"][0, 0]) == 0.5
