"""An archive that grows day by day, as docs/daily.md has it."""

import re
import signal
import time

import pytest

from sea_ice_kedro.datasets.manifest import NAME
from tests.fabricate import floes, folder_of_scenes, write
from tests.runs import kedro_run, start_kedro_run

MAPS = "04_feature/class_maps"


@pytest.fixture
def daily(tmp_path):
    """The folder, the data root, and the arguments that cron gives every day."""
    folder = folder_of_scenes(tmp_path / "scenes", 2)
    given = f"ingestion.source=folder,ingestion.folder={folder}"
    pipelines = "ingestion,filtering,autolabel"
    return folder, tmp_path / "maps", ("--pipelines", pipelines, "--params", given)


def made(run):
    """How many of each product a run says it has made."""
    words = run.stdout + run.stderr
    return {n: int(c) for n, c in re.findall(r"(\w+): (\d+) made", words)}


@pytest.mark.slow
def test_only_the_new_is_done_and_a_scene_that_is_known_to_be_bad_fails_no_run(daily):
    folder, root, command = daily
    first = kedro_run(root, *command)
    assert first.returncode == 0
    assert made(first)["class_maps"] == 2
    write(folder / "c.tif", floes(seed=7))
    (folder / "bad.tif").write_text("no raster")
    second = kedro_run(root, *command)
    assert second.returncode == 1
    assert "scenes / bad: " in second.stderr
    assert made(second)["class_maps"] == 1
    assert {p.stem for p in (root / MAPS).glob("*.tif")} == {"a", "b", "c"}
    (folder / "scenes.csv").write_text('id,use,why\nbad,no,"half of it is lost"\n')
    third = kedro_run(root, *command)
    assert third.returncode == 0
    assert "left out, as it says use: no: bad" in third.stdout + third.stderr
    assert set(made(third).values()) == {0}


@pytest.mark.slow
def test_after_ctrl_c_the_same_command_goes_on(daily):
    _, root, command = daily
    run = start_kedro_run(root, *command)
    begun = root / "02_intermediate/scenes" / NAME
    end = time.monotonic() + 100
    while not begun.exists() and time.monotonic() < end:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    before = {p.name: p.stat().st_mtime_ns for p in begun.parent.glob("*.tif")}
    again = kedro_run(root, *command)
    assert again.returncode == 0
    assert {p.stem for p in (root / MAPS).glob("*.tif")} == {"a", "b"}
    after = {p.name: p.stat().st_mtime_ns for p in begun.parent.glob("*.tif")}
    assert before
    assert before.items() <= after.items()
