import json
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace

import pandas as pd
import pytest
from kedro.framework.project import pipelines

from sea_ice_kedro.datasets import ClassMapDataset, SceneDataset
from sea_ice_kedro.engines import local
from sea_ice_kedro.errors import InvalidOption, MeasurementFailed
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.pipelines import scaling
from sea_ice_kedro.pipelines.scaling import in_fresh_process, labelling_job
from sea_ice_kedro.pipelines.scaling.labelling_job import (
    Request,
    measure_processes,
    wake_up,
)
from sea_ice_kedro.pipelines.scaling.options import ScalingOptions
from tests.fabricate import floes, scene
from tests.runs import run_here

TINY = ScalingOptions(chips=5, chip_px=64, scene_px=128, repeats=1)
WORK = FilterOptions(method="published"), BrightnessThresholds(source="published")


def write_chips(folder, count):
    for number in range(count):
        # Dim: thick ice is thin by its brightness alone, and thick after the filter.
        chip = scene(f"c{number}", floes(seed=number) // 5 * 4 + 1)
        SceneDataset(filepath=f"{folder}/{number:07d}.tif").save(chip)


@pytest.fixture
def request_of(tmp_path):
    """A request for 5 chips, in an empty folder of its own."""
    (tmp_path / "chips").mkdir()
    (tmp_path / "own").mkdir()
    write_chips(tmp_path / "chips", 5)
    return Request(str(tmp_path / "chips"), 5, *WORK, folder=str(tmp_path / "own"))


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files, here and in processes started from here."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("cores", "counts"),
    [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])],
)
def test_processes_go_up_to_the_cores_of_the_machine(cores, counts):
    assert ScalingOptions().process_counts(cores) == counts


@pytest.mark.parametrize(
    ("cores", "shapes"),
    [(1, "1x1"), (2, "1x1 1x2 2x1"), (4, "1x1 1x2 1x4 2x1 2x2 4x1")],
)
def test_executors_are_those_of_the_paper_that_fit_on_the_machine(cores, shapes):
    given = ScalingOptions().spark_shapes(cores)
    assert " ".join(map(str, given)) == shapes


@pytest.mark.parametrize("given", ["1+2+16", [1, 2, 16], ("1", 2, 16)])
def test_processes_may_be_more_than_the_machine_has_cores(given):
    assert ScalingOptions(processes=given).process_counts(2) == [1, 2, 16]


def test_a_single_number_in_params_is_a_list_of_one():
    assert ScalingOptions(processes=1).process_counts(2) == [1]


def test_executors_are_read_from_text_or_a_list():
    for given in ("1x1+2x4", ["1x1", "2x4"]):
        shape = ScalingOptions(executors=given).spark_shapes(2)[1]
        assert (shape.executors, shape.cores, shape.slots) == (2, 4, 8)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"executors": "2x"}, r"executors x cores of each.* got '2x'"),
        ({"executors": "1x1+0x1"}, "got '0x1'"),
        ({"executors": [1]}, "got 1$"),
        ({"executors": "1x2+2x1"}, "to begin with 1x1, .* got 1x2"),
        ({"executors": "1x1+1x1"}, "each once, got"),
        ({"executors": []}, "got none"),
        ({"processes": "2+4"}, r"to begin with 1, .* got 2\+4"),
        ({"processes": "1+1"}, "each once"),
        ({"processes": "1+many"}, "got 'many'"),
        ({"processes": 0}, "got 0"),
        ({"chips": 0}, r"scaling\.chips"),
        ({"repeats": 0}, r"scaling\.repeats"),
        ({"executor_memory_mib": 100}, r"scaling\.executor_memory_mib"),
        ({"chip_px": 256, "scene_px": 128}, "chip_px <= scaling.scene_px"),
    ],
)
def test_what_cannot_be_measured_or_compared_is_refused(options, words):
    with pytest.raises(InvalidOption, match=words):
        ScalingOptions(**options)


def test_settings_take_turns():
    seen = []
    scaling.in_turns("ab", 2, lambda setting: seen.append(setting) or {})
    assert seen == ["a", "b", "a", "b"]


def test_chips_are_whole_pieces_of_scenes_and_repeat_when_scenes_are_used_up(tmp_path):
    options = replace(TINY, chips=45, scene_px=130)  # 4 of each of 10 kinds of scene
    cut = labelling_job.ChipCutter(str(tmp_path), options)
    assert cut.scenes == 10
    listed = labelling_job.sample_scenes(10, 130, options.seed)
    for place, (_, contents, seed) in enumerate(listed):
        cut((place, contents, seed))
    assert len(list(tmp_path.glob("*.tif"))) == 45
    pixels = [
        labelling_job.ChipLabeller(str(tmp_path), "", *WORK).load(n) for n in (0, 4, 40)
    ]
    assert {chip.shape for chip in pixels} == {(64, 64)}
    assert (pixels[0].rgb == pixels[2].rgb).all()
    assert (pixels[0].rgb != pixels[1].rgb).any()


def expect_labelled(folder, request):
    """Compare class maps with what the pipelines make of the same chips."""
    for number in range(request.count):
        chip = SceneDataset(filepath=f"{request.chips}/{number:07d}.tif").load()
        expected = label_scene(filter_scene(chip, *WORK), WORK[1])
        written = ClassMapDataset(filepath=f"{folder}/{number:07d}.tif").load()
        assert (written.codes == expected.codes).all()
        assert (written.codes != label_scene(chip, WORK[1]).codes).any()


def test_loading_and_labelling_in_spark_write_what_the_pipelines_write(request_of):
    labeller = request_of.labeller("labels")
    ids = iter([pd.DataFrame({"id": [0, 1, 2]}), pd.DataFrame({"id": [3, 4]})])
    loaded = labelling_job.loading(labeller)(ids)
    columns = ["thick_ice", "thin_ice", "open_water"]
    counts = pd.concat(labelling_job.labelling(labeller, columns)(loaded))
    assert counts.sum(axis=1).tolist() == [48 * 64] * 5
    request_of.expect_labels("labels")
    expect_labelled(labeller.labels, request_of)


def test_a_measurement_that_lost_a_label_is_refused(request_of):
    labeller = request_of.labeller("labels")
    for number in range(4):
        labeller(number)
    with pytest.raises(MeasurementFailed, match="expected 5 class maps, got 4"):
        request_of.expect_labels("labels")


def test_all_workers_are_awake_before_anything_is_timed():
    rounds = iter([{1}, {1}, {1, 2}])
    wake_up(2, lambda: next(rounds))
    assert list(rounds) == []
    with pytest.raises(MeasurementFailed, match="expected 2 worker processes, got 1"):
        wake_up(2, lambda: {1})


def test_executors_of_a_setting_are_processes_with_their_cores(request_of):
    asked = replace(request_of, executors=2, cores=4, executor_memory_mib=700)
    settings = labelling_job.settings_of(asked)
    assert settings["spark.master"] == "local-cluster[2,4,700]"
    assert settings["spark.executor.memory"] == "700m"
    assert settings["spark.cores.max"] == 8


def test_facts_of_the_machine_name_no_host_and_no_folder():
    facts = local.machine_facts()
    text = json.dumps(facts)
    assert socket.gethostname() not in text.split('"')
    assert os.getcwd() not in text
    assert facts["usable_cores"] <= facts["cores"]
    assert facts["packages"]["numpy"]


def test_only_who_asks_for_scaling_gets_it(project):
    pipelines.configure("sea_ice_kedro.pipeline_registry")
    assert "scaling" not in {t for n in pipelines["__default__"].nodes for t in n.tags}
    assert len(pipelines["scaling"].nodes) == 7


def test_what_was_measured_is_saved_before_spark_fails(data_root, monkeypatch):
    def measured(job, request, setting):
        if job == "spark":
            raise MeasurementFailed(f"{setting}: expected a measurement, got no Java")
        return {"start_s": 1.0, "seconds": 2.0 / request.processes}

    monkeypatch.setattr(scaling, "in_fresh_process", measured)
    monkeypatch.setattr(scaling, "cut_folder", lambda folder, options: None)
    with pytest.raises(MeasurementFailed, match=r"1x1 executors: .* no Java"):
        run_here("scaling", scaling={"processes": "1+4"})
    folder = data_root / "08_reporting" / "scaling"
    table = pd.read_csv(folder / "scaling_processes.csv")
    assert table["speedup"].tolist() == [1.0, 4.0]
    assert (folder / "machine_facts.json").exists()
    assert not (folder / "scaling_executors.csv").exists()


@pytest.mark.slow
def test_processes_write_what_the_pipelines_write(request_of):
    found = measure_processes(replace(request_of, processes=2))
    assert found["start_s"] > 0 < found["seconds"]
    expect_labelled(f"{request_of.folder}/labels", request_of)


@pytest.mark.slow
def test_table_i_is_measured_here_and_leaves_nothing_behind(project, temporary):
    table = scaling.measure_processes(replace(TINY, processes="1+2"), *WORK)
    assert table["processes"].tolist() == [1, 2]
    assert (table[["start_s", "seconds", "speedup"]] > 0).all(axis=None)
    assert table["chips"].tolist() == [5, 5]
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_a_measurement_that_fails_says_which_and_why(request_of, temporary):
    os.remove(f"{request_of.chips}/0000004.tif")
    with pytest.raises(
        MeasurementFailed, match=r"(?s)2 processes: .*no such file.*04\.tif"
    ):
        in_fresh_process("processes", replace(request_of, processes=2), "2 processes")
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_nothing_is_measured_for_a_run_that_was_killed(request_of, tmp_path):
    (tmp_path / "own" / "request.json").write_text(json.dumps(asdict(request_of)))
    module = "sea_ice_kedro.pipelines.scaling.measure_once"
    command = [sys.executable, "-m", module, "processes", request_of.folder]
    nobody = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, timeout=60)
    assert nobody.returncode == 1
    assert not (tmp_path / "own" / "answer.json").exists()


@pytest.mark.spark
def test_both_tables_and_the_figure_are_made_of_one_run(data_root, temporary):
    run_here("scaling")
    folder = data_root / "08_reporting" / "scaling"
    table = pd.read_csv(folder / "scaling_executors.csv")
    assert table[["executors", "cores"]].to_numpy().tolist() == [[1, 1], [2, 1]]
    assert table["chips"].tolist() == [20, 20]
    assert (table[["start_s", "load_s", "map_s", "reduce_s"]] > 0).all(axis=None)
    assert table["paper_reduce_s"].tolist() == [390, 156]
    assert set(table["spark"].str[:3]) == {"3.5"}
    made = {path.name for path in folder.iterdir()} - {".files.jsonl"}
    assert made == {
        *("machine_facts.json", "scaling_executors.csv", "scaling_processes.csv"),
        *("training_times.csv", "all_reduce_times.csv", "scaling_training.csv"),
        "training_model.json",
        *(f"scaling_figure.{form}" for form in ("json", "svg", "png")),
        *(f"training_scaling_figure.{form}" for form in ("json", "svg", "png")),
    }
    assert pd.read_csv(folder / "training_times.csv")["images_per_s"][0] > 0
    # What TensorFlow compiles of its generated functions lies beside them.
    left = {path.name for path in temporary.iterdir()} - {"__pycache__"}
    assert left == set()
