import logging
import re

import pytest
import rich
from kedro.io import DatasetError
from rich.console import Console

from sea_ice_kedro.datasets import RunRecordDataset
from sea_ice_kedro.datasets.run_state import LEDGER, STEPS, PartitionsFailed, RunSteps
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.hooks import RecordHooks
from sea_ice_kedro.hooks import record as hook
from sea_ice_kedro.hooks.record import Overview, Recorder, shown
from sea_ice_kedro.run_record import RunFacts
from tests.fabricate import cut, folder_of_scenes
from tests.runs import from_folder, run_here


def recorded(data_root):
    return RunRecordDataset(filepath=f"{data_root}/08_reporting/run_record.json").load()


def product(record, node):
    return record.step(node).products[0]


def test_a_run_records_what_it_was_asked_for_and_what_each_step_made(
    data_root, tmp_path
):
    folder = folder_of_scenes(tmp_path / "in", 3)
    run_here(**from_folder(folder), filtering={"method": "none"})
    record = recorded(data_root)
    run = record.last_run
    assert (run.env, run.outcome) == ("test", "done")
    assert run.pipelines == ("ingestion", "filtering", "autolabel")
    assert 0 < run.elapsed_s < 60
    settings = {s.name: (s.default, s.value) for s in run.settings}
    assert settings["filtering.method"] == ("illumination", "none")
    assert settings["ingestion.source"] == ("sample", "folder")
    assert product(record, "autolabel.label_scenes").made == 3
    assert product(record, "filtering.filter_scenes").unchanged == 0
    assert record.step("autolabel.summarise_labels").products == ()
    assert record.step("autolabel.label_scenes").pipeline == "autolabel"
    times = [s.elapsed_s for s in record.latest]
    assert all(t >= 0 for t in times)
    assert sum(times) < run.elapsed_s


def test_a_second_run_keeps_how_long_the_first_one_worked(data_root, tmp_path):
    folder = folder_of_scenes(tmp_path / "in", 3)
    run_here(**from_folder(folder))
    first = recorded(data_root)
    run_here(**from_folder(folder))
    second = recorded(data_root)
    assert product(second, "autolabel.label_scenes").unchanged == 3
    full = second.full_step("autolabel.label_scenes")
    assert full == first.step("autolabel.label_scenes")
    assert full.run_id != second.step("autolabel.label_scenes").run_id
    assert [r.run_id for r in second.runs] == [full.run_id, second.last_run.run_id]


def test_failures_are_recorded_and_stay_when_another_pipeline_runs(data_root, tmp_path):
    folder = folder_of_scenes(tmp_path / "in", 3)
    cut(folder / "b.tif", 0.5)
    with pytest.raises(PartitionsFailed):
        run_here(**from_folder(folder))
    with pytest.raises(PartitionsFailed):
        run_here("ingestion", **from_folder(folder))
    failures = recorded(data_root).failures
    assert [(p.name, f.scene_id) for p, f in failures] == [("scenes", "b")]
    assert "b.tif: expected a whole, readable raster" in failures[0][1].reason


def test_a_run_that_is_ended_by_an_error_says_by_which(data_root, tmp_path):
    folder = folder_of_scenes(tmp_path / "in", 1)
    cut(folder / "a.tif", 0.5)
    with pytest.raises(DatasetError):
        run_here(**from_folder(folder))
    record = recorded(data_root)
    assert record.last_run.outcome == "ended by an error"
    assert record.last_run.error.startswith("1 product could not be made")
    assert [f.scene_id for _, f in record.failures] == ["a"]


class Clock:
    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


class Node:
    name, tags, outputs = "step", frozenset({"b", "a"}), ("product",)


class Catalog:
    """A record's place, where saving may fail."""

    def __init__(self, dataset):
        self.dataset, self.saved = dataset, 0

    def load(self, name):
        return self.dataset.load()

    def save(self, name, data):
        self.saved += 1
        self.dataset.save(data)

    def get(self, name):
        return None


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(hook, "time", clock)
    return clock


def recorder(path):
    catalog = Catalog(RunRecordDataset(filepath=str(path)))
    facts = RunFacts("1", "2026-01-01T12:00:00+00:00", "", ("a",))
    return Recorder(catalog, facts), catalog


def test_a_killed_run_loses_ten_seconds_of_its_record_at_most(tmp_path, clock):
    keeper, catalog = recorder(tmp_path / "r.json")
    for clock.now, saved in ((9.9, 0), (10.0, 1), (19.9, 1), (20.0, 2)):
        keeper.begin(Node)
        keeper.enter(Node)
        assert catalog.saved == saved
    assert catalog.dataset.load().step("step").elapsed_s == pytest.approx(10.1)


def test_the_clock_of_a_step_goes_from_its_first_input_to_its_last_output(
    tmp_path, clock
):
    keeper, catalog = recorder(tmp_path / "r.json")
    keeper.begin(Node)
    clock.now = 2.0
    keeper.begin(Node)
    clock.now = 3.5
    keeper.enter(Node)
    keeper.close("done", "")
    step = catalog.dataset.load().step("step")
    assert (step.elapsed_s, step.pipeline) == (3.5, "a b")


@pytest.fixture
def without_room(tmp_path):
    """Hooks of a run whose record has no place."""
    (tmp_path / "folder").write_text("a file where a folder should be")
    hooks = RecordHooks()
    hooks._recorder, _ = recorder(tmp_path / "folder" / "r.json")
    return hooks


def test_a_record_that_cannot_be_written_is_said_with_the_failures(without_room):
    LEDGER.open()
    without_room._close("done")
    failures = LEDGER.close()
    assert [f.dataset for f in failures] == ["run_record"]
    assert "r.json: expected to write it to" in failures[0].reason


def test_a_record_that_cannot_be_written_hides_no_error_that_ended_the_run(
    without_room, caplog
):
    LEDGER.close()  # as it is after all scenes of a step have failed
    without_room.on_pipeline_error(InvalidOption("expected a, got b"))
    assert "its record cannot be stored" in caplog.text
    assert "r.json: expected to write it to" in caplog.text


def test_a_run_says_what_it_does_which_step_it_is_at_and_what_to_open(
    data_root, tmp_path, caplog
):
    with caplog.at_level(logging.INFO, logger="sea_ice_kedro"):
        run_here(**from_folder(folder_of_scenes(tmp_path / "in", 2)))
    ours = [r for r in caplog.records if r.name.startswith("sea_ice_kedro")]
    said = [record.getMessage() for record in ours]
    assert re.fullmatch(
        rf"sea_ice_kedro .*: ingestion \+ filtering \+ autolabel, 11 steps; data: "
        rf"{data_root}; log: {tmp_path}/info.log",
        said[0],
    )
    steps = [re.match(r"(\d+)/11 (\w+): 2 made", line) for line in said]
    assert [found[2] for found in steps if found] == [
        *("scenes", "filtered_scenes", "class_maps", "quicklooks"),
    ]
    numbers = [int(found[1]) for found in steps if found]
    assert numbers == sorted(set(numbers))
    assert f"maps: {data_root}/04_feature/class_maps" in said
    assert f"look first at: {data_root}/08_reporting/quicklooks/a.png" in said
    assert any(re.fullmatch(r"done in \d+ s", line) for line in said)
    assert str(STEPS) == ""


def test_a_long_step_is_named_when_it_is_over(caplog, monkeypatch):
    monkeypatch.setattr(hook, "_LONG_S", 0.0)
    overview = Overview("data")
    with caplog.at_level(logging.INFO):
        overview.next("train_unet")
        overview.ended("train_unet")
    assert caplog.messages == ["train_unet: 0 s"]


def test_the_step_that_failed_is_named(caplog):
    STEPS.start(3)
    STEPS.next("load")
    STEPS.next("train_unet")
    Overview("data").failed("train_unet")
    assert caplog.messages == ["step 2/3 train_unet failed"]


def test_a_terminal_shows_the_step_that_is_under_way(monkeypatch, capsys):
    monkeypatch.setattr(rich, "get_console", lambda: Console(force_terminal=True))
    steps = RunSteps()
    steps.next("outside of a run")
    steps.start(2)
    steps.next("train_unet")
    steps.stop()
    out = capsys.readouterr().out
    assert "1/2 train_unet" in out
    assert "outside" not in out


@pytest.mark.parametrize(
    ("made", "place", "opened"),
    [
        (["pictures/b.png", "pictures/a.png"], "pictures", "pictures/a.png"),
        (["maps/a.tif"], "maps", "maps"),
        (["report.html"], "report.html", "report.html"),
        ([], "report.html", ""),
    ],
)
def test_what_is_opened_first_is_there(tmp_path, made, place, opened):
    for name in made:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert shown(str(tmp_path / place)) == (str(tmp_path / opened) if opened else "")
    assert shown("gs://bucket/maps") == "gs://bucket/maps"
    assert shown("") == ""
