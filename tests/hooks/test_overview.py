import logging
import re

import pytest
import rich
from rich.console import Console

from sea_ice_kedro.datasets.progress import STEPS, RunSteps
from sea_ice_kedro.hooks import OverviewHooks
from sea_ice_kedro.hooks.overview import shown
from tests.fabricate import folder_of_scenes
from tests.runs import from_folder, run_here


class Named:
    """As much of a node as the hooks look at."""

    name = "train_unet"


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
    monkeypatch.setattr("sea_ice_kedro.hooks.overview._LONG_S", 0.0)
    hooks = OverviewHooks()
    with caplog.at_level(logging.INFO):
        hooks.before_node_run(Named())
        hooks.after_node_run(Named())
    assert caplog.messages == ["train_unet: 0 s"]


def test_the_step_that_failed_is_named(caplog):
    STEPS.start(3)
    STEPS.next("load")
    STEPS.next("train_unet")
    OverviewHooks().on_node_error(Named())
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
