"""Nobody takes products of simulated scenes for observations."""

import json

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

from sea_ice_kedro.imagery.arrays import ClassMap, Origin
from sea_ice_kedro.reporting.quicklooks import QuicklookOptions, draw_quicklook
from tests.fabricate import folder_of_scenes, scene
from tests.runs import SCENE_PIPELINES, from_folder, run_in

pytestmark = pytest.mark.slow

MAPS, PREDICTIONS = "04_feature/class_maps", "07_model_output/predictions"
TABLES = ("cloud_statistics", "label_statistics", "network_statistics")
FOLLOWING = ("gridding", "time_series", "stac_export", "reporting")


def made(root, **parameters):
    """Map scenes by brightness and by the network that ships."""
    for pipelines in (SCENE_PIPELINES, ["inference"], FOLLOWING):
        run_in(root, *pipelines, **parameters)
    return root


def sources_in(root):
    """Every source that a product of each kind names."""
    found = {}
    for folder in (MAPS, PREDICTIONS):
        tags = []
        for path in (root / folder).glob("*.tif"):
            with rasterio.open(path) as file:
                tags.append(file.tags()["SEA_ICE_SOURCE"])
        found[folder] = set(tags)
    for name in TABLES:
        table = pd.read_csv(root / "08_reporting" / f"{name}.csv")
        found[name] = set(table["source"])
    return found


@pytest.fixture(scope="module")
def simulated(project, tmp_path_factory):
    """A data root of simulated scenes, for all tests that read its products."""
    root = tmp_path_factory.mktemp("simulated") / "data"
    sample = {"source": "sample", "sample": {"count": 2, "size_px": 96}}
    return made(root, ingestion=sample)


def test_maps_and_tables_of_simulated_scenes_have_that_as_their_source(simulated):
    assert sources_in(simulated) == {
        kind: {"sample"} for kind in (MAPS, PREDICTIONS, *TABLES)
    }
    assert all(p.name.startswith("sim_") for p in (simulated / MAPS).glob("*.tif"))


def test_catalogue_seasons_and_report_of_simulated_scenes_say_so(simulated):
    reports = simulated / "08_reporting"
    items = [json.loads(p.read_text()) for p in reports.rglob("stac/scenes/*/*.json")]
    assert len(items) == 2
    for item in items:
        assert item["properties"]["sea_ice:source"] == "sample"
        assert item["properties"]["title"].endswith(": simulated, no observation")
    for folder in ("daily_cubes", "network_daily_cubes"):
        (cube,) = (reports / folder).glob("*.nc")
        with xr.open_dataset(cube) as season:
            said = season.attrs["source"]
        assert said.startswith("simulated scenes, no observations, classified by")
    assert "2 scenes simulated" in " ".join(
        (reports / "report.html").read_text().split()
    )


def test_products_of_observed_scenes_name_their_source_and_no_simulation(
    data_root, tmp_path
):
    folder = folder_of_scenes(tmp_path / "scenes", 2)
    made(data_root, **from_folder(folder))
    assert sources_in(data_root) == {
        kind: {"folder"} for kind in (MAPS, PREDICTIONS, *TABLES)
    }
    assert (
        "scenes simulated" not in (data_root / "08_reporting/report.html").read_text()
    )


def test_a_quicklook_of_a_simulated_scene_has_that_in_its_title():
    pictures = {}
    for source in ("sample", "folder", "safe"):
        seen = scene(origin=Origin(source, "a", "md5:0"))
        classes = ClassMap("s", np.zeros(seen.shape, np.uint8))
        pictures[source] = draw_quicklook(seen, seen, classes, QuicklookOptions())
    assert np.array_equal(pictures["folder"], pictures["safe"])
    differs = (pictures["sample"] != pictures["folder"]).any(axis=2)
    assert differs[:46].any()
    assert not differs[46:].any()
