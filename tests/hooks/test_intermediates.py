"""What a run does that keeps no intermediates, and the runs after it."""

import json
import logging
import shutil
from pathlib import Path

import pytest
from kedro.framework.session import KedroSession
from kedro.runner import ThreadRunner

from sea_ice_kedro.datasets.manifest import Manifest
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.errors import InvalidOption, InvalidScene, MissingInput
from sea_ice_kedro.sources import folder as source
from sea_ice_kedro.verify_command import verify
from tests.fabricate import floes, folder_of_scenes, write
from tests.runs import ROOT, SCENE_PIPELINES, digests, from_folder, run_here, run_in
from tests.runs import files as products

SCENES, FILTERED = "02_intermediate/scenes", "03_primary/filtered_scenes"
MAPS = "04_feature/class_maps"


pytestmark = pytest.mark.slow


def run(folder, *pipelines, **parameters):
    """Run without intermediates; say how many of each product were made."""
    parameters.setdefault("keep_intermediates", False)
    run_here(*pipelines, **from_folder(folder, **parameters))


@pytest.fixture(scope="module")
def once(project, tmp_path_factory):
    """Three scenes, and what a run leaves of them: copied, never written to."""
    made = tmp_path_factory.mktemp("once")
    shutil.copytree(folder_of_scenes(made / "scenes"), made / "in")
    run_in(made / "data", **from_folder(made / "in", keep_intermediates=False))
    return made


@pytest.fixture
def folder(once):
    """A folder with three scenes a, b, c."""
    shutil.rmtree(once / "in")
    return shutil.copytree(once / "scenes", once / "in")


@pytest.fixture
def mapped(once, folder, data_root):
    """The folder, and a data root in which a run without intermediates has ended."""
    shutil.copytree(once / "data", data_root)
    return folder


def made(root):
    """How many of each product the last run made."""
    record = json.loads((root / "08_reporting/run_record.json").read_text())
    last = record["runs"][-1]["run_id"]
    return {
        product["name"]: product["made"]
        for step in record["latest"]
        for product in step["products"]
        if step["run_id"] == last
    }


def rasters(root):
    """Intermediate rasters that lie on the disk."""
    return {n for n in products(root) if n.startswith((SCENES, FILTERED))}


def test_intermediates_go_when_all_that_is_made_of_them_is_made(
    data_root, mapped, tmp_path, monkeypatch
):
    assert rasters(data_root) == set()
    entries = Manifest(str(data_root / SCENES)).entries
    assert {e.status for e in entries.values()} == {"removed"}
    without = digests(data_root)
    monkeypatch.setenv("SEA_ICE_DATA", str(tmp_path / "kept"))
    run(mapped, keep_intermediates=True)
    kept = digests(tmp_path / "kept")
    assert rasters(tmp_path / "kept") == set(kept) - set(without)
    assert {name: kept[name] for name in without} == without


def test_the_same_command_again_makes_nothing_and_opens_no_scene(
    data_root, mapped, monkeypatch
):
    before = digests(data_root)
    monkeypatch.setattr("sea_ice_kedro.sources.folder.read_scene_file", None)
    run(mapped)
    assert set(made(data_root).values()) == {0}
    assert digests(data_root) == before
    run(mapped, "autolabel")
    assert set(made(data_root).values()) == {0}


def test_a_new_scene_is_processed_alone(data_root, mapped):
    write(mapped / "new.tif", floes(seed=9))
    run(mapped)
    assert made(data_root) == {
        **{"scenes": 1, "filtered_scenes": 1, "class_maps": 1, "quicklooks": 1},
        **{"downloads": 0, "manual_labels": 0},
    }
    assert rasters(data_root) == set()


def test_a_setting_that_needs_them_has_them_made_again_and_removed(data_root, mapped):
    run(mapped, autolabel={"quicklooks": {"panel_px": 64}})
    assert made(data_root)["quicklooks"] == 3
    assert made(data_root)["class_maps"] == 0
    run(mapped, filtering={"method": "none"})
    assert made(data_root)["filtered_scenes"] == 3
    assert rasters(data_root) == set()


def test_a_damaged_map_has_its_intermediates_made_again_and_no_others(
    data_root, mapped, caplog
):
    before = digests(data_root)
    (data_root / MAPS / "b.tif").write_bytes(b"damaged")
    with caplog.at_level(logging.INFO):
        run(mapped)
    assert "filtered_scenes: 1 were removed, are needed and made again" in caplog.text
    assert made(data_root)["class_maps"] == 1
    assert digests(data_root) == before


def test_where_no_step_of_the_run_makes_them_the_run_is_refused_and_harms_nothing(
    data_root, mapped
):
    before = digests(data_root)
    with pytest.raises(MissingInput, match=r"keep_intermediates=false.*kedro run"):
        run(mapped, "autolabel", autolabel={"quicklooks": {"panel_px": 64}})
    assert digests(data_root) == before
    run(mapped, *SCENE_PIPELINES, autolabel={"quicklooks": {"panel_px": 64}})
    assert made(data_root)["quicklooks"] == 3


def test_what_a_run_makes_and_does_not_use_stays(folder, data_root):
    run(folder, "ingestion")
    assert len(rasters(data_root)) == 3
    run(folder, "filtering", "autolabel")  # scenes are none of its products
    assert rasters(data_root) == {f"{SCENES}/{i}.tif" for i in "abc"}


def test_kept_again_they_are_there_again(data_root, mapped):
    run(mapped, keep_intermediates=True)
    assert len(rasters(data_root)) == 6
    assert made(data_root)["class_maps"] == 0


def test_a_scene_with_a_failure_keeps_its_intermediates(folder, data_root, monkeypatch):
    quicklook = data_root / "08_reporting/quicklooks/b.png"
    quicklook.mkdir(parents=True)  # cannot be written
    with pytest.raises(PartitionsFailed, match="quicklooks / b"):
        run(folder)
    assert rasters(data_root) == {f"{SCENES}/b.tif", f"{FILTERED}/b.tif"}
    quicklook.rmdir()
    run(folder)
    assert made(data_root)["quicklooks"] == 1
    assert made(data_root)["scenes"] == 0
    assert rasters(data_root) == set()


@pytest.mark.parametrize("engine", ["sequential", "threads"])
def test_what_cannot_be_made_again_fails_alone_and_says_so(
    data_root, mapped, monkeypatch, engine
):
    (data_root / MAPS / "a.tif").write_bytes(b"damaged")
    (data_root / MAPS / "b.tif").write_bytes(b"damaged")
    read = source.read_scene_file

    def unreadable(path, *options):
        if Path(path).stem == "b":
            raise InvalidScene("a disk that fails")
        return read(path, *options)

    monkeypatch.setattr(source, "read_scene_file", unreadable)
    with pytest.raises(PartitionsFailed, match=r"filtered_scenes / b: expected b, whi"):
        run(mapped, engine={"name": engine, "workers": 2})
    assert made(data_root)["class_maps"] == 1
    assert (data_root / MAPS / "a.tif").stat().st_size > 100


def test_steps_that_run_at_the_same_time_make_them_once(data_root, mapped):
    given = from_folder(
        mapped,
        keep_intermediates=False,
        autolabel={"quicklooks": {"panel_px": 64}},
    )
    pipelines = [*SCENE_PIPELINES, "grid_check"]
    with KedroSession.create(ROOT, env="test", runtime_params=given) as session:
        session.run(pipeline_names=pipelines, runner=ThreadRunner())
    assert rasters(data_root) == set()


def test_maps_by_a_network_need_them_no_more_either(folder, data_root):
    run(folder, "inference")
    maps = digests(data_root)
    assert not [n for n in maps if n.startswith("07_model_output/inference/scenes")]
    run(folder, "inference")
    assert set(made(data_root).values()) == {0}
    path = data_root / "07_model_output/predictions/b.tif"
    path.write_bytes(b"damaged")
    run(folder, "inference")
    assert made(data_root)["predictions"] == 1
    assert digests(data_root) == maps


def test_a_pipeline_that_reads_them_later_has_them_made_again(data_root, mapped):
    with pytest.raises(MissingInput, match=r"scenes of a, b, c.*keep_intermediates"):
        run(mapped, "grid_check")
    run(mapped, *SCENE_PIPELINES, "grid_check")
    assert rasters(data_root) == set()


def test_the_catalogue_of_products_names_none_that_goes(folder, data_root):
    for pipelines in ([*SCENE_PIPELINES, "stac_export"], ["stac_export"]):
        write(folder / "x_20191103.tif", floes(seed=1))
        run(folder, *pipelines)
        (item,) = (data_root / "08_reporting/stac").rglob("x_20191103.json")
        assets = json.loads(item.read_text())["assets"]
        assert "class_map" in assets
        assert "filtered_scene" not in assets


def test_verify_knows_what_was_removed(data_root, mapped, capsys):
    capsys.readouterr()
    assert verify([str(data_root)], "sea-ice-kedro")
    assert "all match; 6 removed" in capsys.readouterr().out


def test_the_setting_is_true_or_false(folder, data_root):
    with pytest.raises(InvalidOption, match="keep_intermediates to be true or false"):
        run(folder, keep_intermediates="maybe")
