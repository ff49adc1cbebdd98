import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.datasets import SceneDataset
from sea_ice_kedro.engines.base import recipe_of
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.pipelines.filtering import (
    filter_scenes,
    filtering_by,
    summarise_clouds,
)
from tests.fabricate import floes, scene, write
from tests.partitions import known
from tests.runs import changed_products, digests, from_folder, run_here

LIMITS = BrightnessThresholds()
INDEX = pd.DataFrame({"scene_id": ["a"]})


def summary(valid, cloud=0, shadow=0, changed=0, method="illumination", lost=0):
    facts = {
        "valid_pixels": valid,
        "pixels_thin_cloud": cloud,
        "pixels_shadow": shadow,
        "pixels_changed": changed,
        "pixels_saturated": 40,
        "pixels_untrustworthy": lost,
        "source": "folder",
    }
    scenes = known({"a": facts})
    table = summarise_clouds(INDEX, scenes, FilterOptions(method=method))
    return table.to_dict("records")[0]


def test_cloud_and_shadow_are_fractions_of_the_valid_pixels():
    assert summary(200, cloud=20, shadow=10, changed=30, lost=2) == {
        "scene_id": "a",
        "source": "folder",
        "method": "illumination",
        "method_source": "settings",
        "valid_pixels": 200,
        "thin_cloud_fraction": 0.1,
        "shadow_fraction": 0.05,
        "changed_fraction": 0.15,
        "saturated_fraction": 0.2,
        "untrustworthy_fraction": 0.01,
    }


def test_a_scene_without_a_valid_pixel_has_no_fractions():
    assert math.isnan(summary(0)["thin_cloud_fraction"])


def test_a_table_of_nothing_still_has_its_columns():
    table = summarise_clouds(INDEX, known({}), FilterOptions())
    assert table.columns.tolist()[:3] == ["scene_id", "source", "method"]


@pytest.mark.parametrize("method", ["illumination", "published", "none"])
def test_a_filtered_scene_is_declared_and_made_when_called(method):
    tasks = filter_scenes(INDEX, {"a": scene}, FilterOptions(method=method), LIMITS)
    filtered = tasks["a"]()
    assert filtered.quality.shape == (48, 64)
    assert np.array_equal(filtered.rgb, scene().rgb) == (method != "published")


def test_a_step_of_the_limit_for_an_uncertainty_remakes_no_filtered_scene():
    options, wider = FilterOptions(), replace(LIMITS, limit_step=0.2)
    assert recipe_of(filtering_by(options, LIMITS)) == recipe_of(
        filtering_by(options, wider)
    )


def test_a_filter_in_scenes_csv_survives_runs_and_remakes_its_scene_only(
    tmp_path, data_root
):
    folder = tmp_path / "in"
    for seed, name in enumerate("ab"):
        write(folder / f"{name}.png", floes(64, 64, seed=seed))
    made = []
    for method in ("published", "none", "none"):
        (folder / "scenes.csv").write_text(f"id,filter_method\na,{method}\n")
        run_here(**from_folder(folder))
        made.append(digests(data_root))
        table = pd.read_csv(
            data_root / "08_reporting/cloud_statistics.csv", keep_default_na=False
        )
        assert table[["scene_id", "method", "method_source"]].to_numpy().tolist() == [
            ["a", method, "yours"],
            ["b", "illumination", "settings"],
        ]
        filtered = SceneDataset(
            filepath=str(data_root / "03_primary/filtered_scenes/a.tif")
        ).load()
        unchanged = np.array_equal(filtered.rgb, floes(64, 64, seed=0))
        assert unchanged == (method == "none")
    first, second, third = made
    names = {name.rsplit("/", 1)[1] for name in changed_products(first, second)}
    assert {name[0] for name in names} == {"a"}
    assert not changed_products(second, third)
