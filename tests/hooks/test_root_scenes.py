import json
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.warp import transform_bounds

from sea_ice_kedro.errors import InvalidOption, InvalidScene
from tests.fabricate import folder_of_scenes, write
from tests.runs import files, from_folder, run_here, run_in


@pytest.fixture
def real(data_root, tmp_path):
    """A data root of real scenes."""
    folder = folder_of_scenes(tmp_path / "scenes")
    run_here("ingestion", **from_folder(folder))
    return data_root


@pytest.fixture(scope="module")
def left_alone(project, tmp_path_factory):
    """A data root of real scenes, which no run changes."""
    made = tmp_path_factory.mktemp("real")
    folder = folder_of_scenes(made / "scenes")
    return run_in(made / "data", "ingestion", **from_folder(folder))


def sources(root):
    note = json.loads((root / "data_root.json").read_text())
    return note["source"], note["folder"]


def indexed(root):
    return (root / "03_primary/scene_index.csv").read_text()


def test_a_root_says_what_scenes_it_is_of(real, tmp_path):
    assert sources(real) == ("folder", str(tmp_path / "scenes"))


@pytest.mark.parametrize(
    "parameters",
    [{}, {"ingestion": {"swir": True}}, {"ingestion": {"source": "folder"}}],
)
def test_a_run_that_names_none_goes_on_with_the_scenes_of_the_root(real, parameters):
    before = indexed(real)
    with suppress(InvalidOption):  # swir is nothing to a folder
        run_here("ingestion", **parameters)
    assert indexed(real) == before
    assert not list(real.rglob("sim_*"))


@pytest.mark.parametrize("pipeline", ["ingestion", "inference", "__default__"])
@pytest.mark.parametrize(
    "ingestion",
    [
        {"source": "sample"},
        {"source": "sample", "sample": {"count": 1}},
        {"source": "sample", "folder": None},
    ],
)
def test_simulated_scenes_never_enter_a_root_of_real_ones(
    left_alone, data_root, monkeypatch, pipeline, ingestion
):
    monkeypatch.setenv("SEA_ICE_DATA", str(left_alone))
    before = files(left_alone).keys()
    with pytest.raises(
        InvalidOption,
        match=r"source folder, folder .* got source sample.*SEA_ICE_DATA=",
    ):
        run_here(pipeline, ingestion=ingestion)
    assert files(left_alone).keys() == before


def test_scenes_of_another_folder_are_refused_with_the_way_to_a_second_root(
    real, tmp_path, monkeypatch
):
    other = folder_of_scenes(tmp_path / "others")
    with pytest.raises(InvalidOption, match=rf"got source folder, folder {other}"):
        run_here("ingestion", **from_folder(other))
    monkeypatch.setenv("SEA_ICE_DATA", str(tmp_path / "second"))
    run_here("ingestion", **from_folder(other))
    assert sources(tmp_path / "second") == ("folder", str(other))


def test_real_scenes_do_not_enter_a_root_of_simulated_ones(data_root, tmp_path):
    run_here("ingestion")
    with pytest.raises(InvalidOption, match="expected scenes of source sample"):
        run_here("inference", **from_folder(folder_of_scenes(tmp_path / "scenes")))


def test_a_mistyped_folder_claims_no_root(data_root, tmp_path):
    with pytest.raises(InvalidScene, match="does not exist"):
        run_here("ingestion", **from_folder(tmp_path / "scnes"))
    run_here("ingestion", **from_folder(folder_of_scenes(tmp_path / "scenes")))


def test_scenes_that_have_moved_are_known_again_where_the_note_says_so(real, tmp_path):
    (tmp_path / "scenes").rename(tmp_path / "moved")
    note = real / "data_root.json"
    note.write_text(note.read_text().replace("/scenes", "/moved"))
    run_here("ingestion")
    assert sources(real) == ("folder", str(tmp_path / "moved"))


def lands(root):
    """Give the share of land of each scene by the index."""
    return pd.read_csv(root / "03_primary/scene_index.csv")["land_fraction"].tolist()


def test_a_root_remembers_its_land_and_area_until_others_or_none_are_named(
    data_root, tmp_path
):
    folder = folder_of_scenes(tmp_path / "scenes")
    run_here("ingestion", **from_folder(folder))
    free = lands(data_root)
    mask = tmp_path / "coast.tif"
    with rasterio.open(folder / "a.tif") as scene:
        left, *_, top = scene.bounds
        place = {"crs": scene.crs, "transform": scene.transform}
    write(mask, np.full((40, 20, 3), 1, np.uint8), **place)
    around = transform_bounds(place["crs"], "EPSG:4326", left, top - 99, left + 99, top)
    area = "/".join(f"{degrees:g}" for degrees in around)
    run_here("ingestion", **from_folder(folder, ingestion={"land": str(mask)}))
    covered = lands(data_root)
    assert covered != free
    assert "coast.tif" in indexed(data_root)
    run_here("ingestion")
    assert lands(data_root) == covered
    run_here("ingestion", ingestion={"area_of_interest": list(around)})
    run_here("ingestion")
    note = json.loads((data_root / "data_root.json").read_text())
    assert note["land"] == str(mask)
    assert note["area_of_interest"] == area
    run_here("ingestion", ingestion={"area_of_interest": None, "land": None})
    assert lands(data_root) == free
