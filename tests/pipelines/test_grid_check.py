import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.datasets import SceneDataset
from sea_ice_kedro.pipelines.grid_check import summarise_grids
from tests.fabricate import floes, write
from tests.runs import digests, from_folder, run_here

INDEX = pd.DataFrame({"scene_id": ["a", "b", "c"]})


def test_shares_are_of_the_observed_pixels():
    rows = {"a": (200, 50, 0), "b": (0, 0, 0)}
    counts = {
        i: (lambda i=i, row=row: pd.DataFrame([(i, *row)])) for i, row in rows.items()
    }
    table = summarise_grids(INDEX, counts)
    assert table["scene_id"].tolist() == ["a", "b"]
    assert table.loc[0, ["published_fraction", "own_fraction"]].tolist() == [0.25, 0]
    assert np.isnan(table.loc[1, "own_fraction"])


def test_a_table_of_nothing_still_has_its_columns():
    assert summarise_grids(INDEX, {}).columns[-1] == "own_fraction"


@pytest.mark.parametrize("engine", ["sequential", "threads"])
def test_one_command_maps_what_depends_on_the_grid(data_root, tmp_path, engine):
    for seed, name in enumerate("ab"):
        write(tmp_path / "in" / f"{name}.png", floes(200, 240, seed))
    run_here(
        *("ingestion", "grid_check"),
        **from_folder(tmp_path / "in", grid_check={"chip_px": 64}),
        engine={"name": engine, "workers": 2},
    )
    folder = data_root / "08_reporting/grid_check"
    table = pd.read_csv(folder / "grid_statistics.csv")
    assert table["scene_id"].tolist() == ["a", "b"]
    assert (table["published_fraction"] > 0).all()
    assert table["own_fraction"].tolist() == [0, 0]
    assert table["pixels"].tolist() == [48_000, 48_000]
    assert len(list((folder / "pictures").glob("*.png"))) == 2
    labels = SceneDataset(filepath=str(folder / "labels/a.tif")).load().extra_bands
    differs = labels["published"] != labels["published_moved"]
    assert differs.mean() == pytest.approx(table["published_fraction"][0])
    before = digests(data_root)
    run_here("grid_check", **from_folder(tmp_path / "in", grid_check={"chip_px": 64}))
    assert digests(data_root) == before
