import math

import pandas as pd
import pytest

from sea_ice_kedro.imagery.classes import FigureOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.pipelines.autolabel import (
    draw_quicklooks,
    label_scenes,
    summarise_labels,
)
from sea_ice_kedro.reporting.quicklooks import QuicklookOptions
from sea_ice_kedro.reporting.run_figures import draw_class_shares
from tests.fabricate import floes, scene, write
from tests.partitions import known
from tests.runs import changed_products, digests, from_folder, run_here

INDEX = pd.DataFrame({"scene_id": ["a"]})
THRESHOLDS = BrightnessThresholds()


def summary(thick, thin, water, pixels=1000, untrustworthy=0, source="scene", **facts):
    facts |= {
        "pixels": pixels,
        "pixels_thick_ice": thick,
        "pixels_thin_ice": thin,
        "pixels_open_water": water,
        "pixels_untrustworthy": untrustworthy,
        "thin_ice_min": 31,
        "thick_ice_min": 205,
        "limits_source": source,
        "water_channel": "brightest",
    }
    return summarise_labels(INDEX, known({"a": facts}))


def test_classes_are_fractions_of_the_valid_pixels_and_true_areas():
    (row,) = summary(100, 300, 400, pixel_area_m2=103.0).to_dict("records")
    assert row["valid_fraction"] == 0.8
    assert row["sea_ice_concentration"] == 0.5
    assert [row[f"{c}_fraction"] for c in ("thick_ice", "thin_ice", "open_water")] == [
        0.125,
        0.375,
        0.5,
    ]
    assert row["thick_ice_km2"] == pytest.approx(0.0103)
    assert (row["thin_ice_min"], row["thick_ice_min"]) == (31, 205)


def test_what_could_not_be_restored_is_reported_apart():
    (row,) = summary(100, 300, 400, untrustworthy=50, pixel_area_m2=100.0).to_dict(
        "records"
    )
    assert row["untrustworthy_fraction"] == 0.05
    assert row["untrustworthy_km2"] == pytest.approx(0.005)
    assert row["thick_ice_fraction"] == 0.125


def test_limits_that_fell_back_are_warned_of(caplog):
    summary(100, 300, 400)
    assert caplog.messages == []
    summary(100, 300, 0, source="no water stands out")
    assert caplog.messages == [
        "a: no water stands out; labelled with the limits 31 and 205: look at its "
        "quicklook"
    ]


def test_a_scene_without_a_place_has_no_areas():
    (row,) = summary(100, 300, 400).to_dict("records")
    assert math.isnan(row["thick_ice_km2"])
    assert row["thick_ice_pixels"] == 100


def test_a_scene_without_a_valid_pixel_has_no_fractions():
    (row,) = summary(0, 0, 0, pixel_area_m2=100.0).to_dict("records")
    assert row["valid_fraction"] == 0.0
    assert math.isnan(row["sea_ice_concentration"])
    assert math.isnan(row["thick_ice_fraction"])


def test_class_maps_are_declared_and_made_when_called():
    limits = {"thin_ice_min": 31, "thick_ice_min": 205}
    tasks = label_scenes(INDEX, known({"a": limits}, scene()), THRESHOLDS)
    assert set(tasks["a"]().codes.ravel().tolist()) == {0, 1, 2}


def rows_of(data_root):
    table = pd.read_csv(data_root / "08_reporting/label_statistics.csv")
    return table.set_index("scene_id")[
        ["thin_ice_min", "thick_ice_min", "limits_source"]
    ].to_dict("index")


def test_limits_in_scenes_csv_survive_runs_and_remake_their_scene_only(
    tmp_path, data_root
):
    folder = tmp_path / "in"
    for seed, name in enumerate("abcd"):
        write(folder / f"{name}.png", floes(64, 64, seed=seed))
    head = "id,thin_ice_min,thick_ice_min,use,sky\n"
    made = []
    for limits in ((40, 180), (60, 180)):
        text = f"{head}a,{limits[0]},{limits[1]},,clear\nb,50,190,,\nc,,,no,\n"
        (folder / "scenes.csv").write_text(text)
        run_here(**from_folder(folder))
        made.append(digests(data_root))
        rows = rows_of(data_root)
        assert list(rows) == ["a", "b", "d"]
        assert tuple(rows["a"].values()) == (*limits, "yours")
        assert tuple(rows["b"].values()) == (50, 190, "yours")
        assert rows["d"]["limits_source"] != "yours"
    assert {name.rsplit("/", 1)[1][0] for name in changed_products(*made)} == {"a"}
    index = pd.read_csv(data_root / "03_primary/scene_index.csv")
    assert index["sky"].fillna("").tolist() == ["clear", "", ""]


def test_a_quicklook_is_drawn_from_scene_filtered_scene_and_classes():
    maps = {"a": lambda: label_scene(scene(), THRESHOLDS)}
    tasks = draw_quicklooks(
        INDEX,
        {"a": scene},
        {"a": scene},
        maps,
        QuicklookOptions(panel_px=64),
        FigureOptions(),
    )
    assert tasks["a"]().shape == (46 + 48 + 64, 760, 3)


@pytest.mark.parametrize("table", [summary(1, 2, 3), summary(0, 0, 0)])
def test_the_figure_has_a_bar_for_every_class(table):
    figure = draw_class_shares(table, FigureOptions())
    assert [bar.name for bar in figure.data] == ["thick ice", "thin ice", "open water"]
    assert list(figure.data[0].x) == ["a"]
