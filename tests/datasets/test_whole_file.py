from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
import xarray as xr
from kedro.io import DatasetError

from sea_ice_kedro.datasets import FigureDataset, FileDataset
from sea_ice_kedro.errors import InvalidRecord

parquet, netcdf, pictures = (
    partial(FileDataset, file_format=name) for name in ("parquet", "netcdf", "pictures")
)
MADE = {
    "a.json": (FigureDataset, go.Figure(go.Bar(x=[1], y=[2]))),
    "a.parquet": (parquet, pd.DataFrame({"scene_id": ["001"], "n": [7]})),
    "a.nc": (netcdf, xr.Dataset({"n": ("x", np.arange(100.0))})),
    "a.zip": (pictures, {"classes": bytes(100)}),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("harm", ["cut", "empty", "zeros", "no text"])
def test_a_damaged_file_is_named_with_the_way_out(tmp_path, name, harm):
    kind, value = MADE[name]
    dataset = kind(filepath=str(tmp_path / name))
    dataset.save(value)
    whole = (tmp_path / name).read_bytes()
    contents = {"cut": whole[:-20], "empty": b"", "zeros": bytes(len(whole))}
    (tmp_path / name).write_bytes(contents.get(harm, b"\x80\xff" * 99))
    with pytest.raises(DatasetError, match=rf"{name}: expected it as") as error:
        dataset.load()
    assert isinstance(error.value.__cause__, InvalidRecord)
    assert "run the pipeline again that makes it" in str(error.value)
