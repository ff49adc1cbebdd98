"""Profiles of a season and region: what they change, and that they run."""

import numpy as np
import pandas as pd
import pytest
from kedro.framework.session import KedroSession

from tests.fabricate import write
from tests.runs import ROOT, configuration, from_folder

PROFILES = {
    "ross_sea_november": (31, 205),
    "arctic_summer": (26, 176),
    "low_sun": (21, 117),
}

SELECTION = [
    *(("search", name) for name in ("region", "start", "end")),
    ("cutting", "size_px"),
]


@pytest.mark.parametrize(("env", "limits"), PROFILES.items(), ids=PROFILES)
def test_a_profile_changes_limits_and_selection_and_nothing_else(env, limits):
    base, profile = configuration("base"), configuration(env)
    chosen, every = profile["parameters"], base["parameters"]
    every["autolabel"].pop("thresholds")
    assert chosen["autolabel"].pop("thresholds") == {
        "source": "scene",
        "thin_ice_min": limits[0],
        "thick_ice_min": limits[1],
        "limit_step": 0.05,
    }
    if env == "ross_sea_november":
        for group, name in SELECTION:
            before = every["ingestion"][group].pop(name)
            assert chosen["ingestion"][group].pop(name) != before
    assert chosen == every
    assert profile["globals"] == base["globals"]
    assert profile["catalog"] == base["catalog"]


@pytest.mark.parametrize(("env", "limits"), PROFILES.items(), ids=PROFILES)
def test_a_scene_that_shows_no_class_is_labelled_by_the_profile(
    data_root, tmp_path, env, limits
):
    grey = np.full((64, 64, 3), 120, np.uint8)
    write(tmp_path / "in" / "grey.png", grey)
    parameters = from_folder(
        tmp_path / "in", engine={"name": "sequential", "workers": 1}
    )
    with KedroSession.create(ROOT, env=env, runtime_params=parameters) as session:
        session.run(pipeline_names=["ingestion", "filtering", "autolabel"])
    row = pd.read_csv(data_root / "08_reporting/label_statistics.csv").iloc[0]
    assert (row["thin_ice_min"], row["thick_ice_min"]) == limits
    assert row["limits_source"] == "neither water nor thick ice stands out"
    # 120 is thick ice in the light of a low sun only.
    assert (row["thick_ice_fraction"] == 1) == (env == "low_sun")


def test_every_profile_is_described(project):
    page = (ROOT / "docs/labels.md").read_text()
    for env, (thin, thick) in PROFILES.items():
        assert f"| `{env}` | {thin}, {thick} |" in page
