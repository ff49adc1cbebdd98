"""An archive that grows day by day, as docs/daily.md has it."""

import logging
import re
import signal
import time

import pytest

from sea_ice_kedro.datasets.manifest import NAME
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from tests.fabricate import floes, folder_of_scenes, write
from tests.runs import SCENE_PIPELINES, from_folder, run_here, start_kedro_run

MAPS = "04_feature/class_maps"


@pytest.fixture
def folder(tmp_path):
    """A folder of two scenes."""
    return folder_of_scenes(tmp_path / "scenes", 2)


@pytest.fixture
def made(folder, data_root, caplog):
    """Run as every day: how many of each product the run says it has made."""

    def run(failing=None):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            if failing is None:
                run_here(**from_folder(folder))
            else:
                with pytest.raises(PartitionsFailed, match=failing):
                    run_here(**from_folder(folder))
        said = re.findall(r"(\w+): (\d+) made", caplog.text)
        return {name: int(count) for name, count in said}

    return run


def test_only_the_new_is_done_and_a_scene_that_is_known_to_be_bad_fails_no_run(
    made, folder, data_root, caplog
):
    assert made()["class_maps"] == 2
    write(folder / "c.tif", floes(seed=7))
    (folder / "bad.tif").write_text("no raster")
    assert made(failing="scenes / bad: ")["class_maps"] == 1
    assert {p.stem for p in (data_root / MAPS).glob("*.tif")} == {"a", "b", "c"}
    (folder / "scenes.csv").write_text('id,use,why\nbad,no,"half of it is lost"\n')
    assert set(made().values()) == {0}
    assert "left out, as it says use: no: bad" in caplog.text


@pytest.mark.slow
def test_after_ctrl_c_the_same_run_goes_on(made, folder, data_root):
    given = f"ingestion.source=folder,ingestion.folder={folder}"
    command = ("--pipelines", ",".join(SCENE_PIPELINES), "--params", given)
    run = start_kedro_run(data_root, *command)
    begun = data_root / "02_intermediate/scenes" / NAME
    end = time.monotonic() + 100
    while not begun.exists() and time.monotonic() < end:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    before = {p.name: p.stat().st_mtime_ns for p in begun.parent.glob("*.tif")}
    made()
    assert {p.stem for p in (data_root / MAPS).glob("*.tif")} == {"a", "b"}
    after = {p.name: p.stat().st_mtime_ns for p in begun.parent.glob("*.tif")}
    assert before
    assert before.items() <= after.items()
