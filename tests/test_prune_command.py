"""Products whose scenes are gone, listed and removed by one command."""

import os
import socket
import subprocess
import sys

import pandas as pd
import pytest

from sea_ice_kedro.datasets.manifest import Manifest, held_alone
from tests.fabricate import folder_of_scenes
from tests.runs import command_here, from_folder, run_here

MAPS = "04_feature/class_maps"


def pruned(capsys, *arguments):
    """Give the exit code and the lines of the command."""
    code, out, err = command_here(capsys, "prune", *arguments)
    return code, (out + err).splitlines()


def names(root):
    return sorted(
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()
    )


def of_scene(root, scene_id):
    """Files of one scene."""
    return [n for n in names(root) if n.rpartition("/")[2].startswith(f"{scene_id}.")]


@pytest.fixture
def scenes(data_root, tmp_path, capsys):
    """A folder whose scenes a, b and c have been mapped to `data_root`."""
    folder = folder_of_scenes(tmp_path / "scenes")
    run_here(**from_folder(folder))
    capsys.readouterr()
    return folder


def test_where_no_scene_is_gone_nothing_is_to_be_removed(scenes, data_root, capsys):
    before = names(data_root)
    code, lines = pruned(capsys, data_root, "--yes")
    assert code == 0
    assert lines[0] == f"source folder, folder {scenes}: 3 scenes are there, 0 gone"
    assert lines[-1] == "to remove: 0 files, 0.0 MB"
    assert names(data_root) == before


def test_products_of_gone_scenes_are_listed_and_removed_only_if_that_is_said(
    scenes, data_root, capsys
):
    before = names(data_root)
    (scenes / "b.tif").unlink()
    code, lines = pruned(capsys, data_root)
    assert code == 0
    assert lines[0].endswith("2 scenes are there, 1 gone: b")
    assert any(line.startswith(f"  {MAPS}: products of 1, ") for line in lines)
    assert "  03_primary/scene_index.csv: rows of 1" in lines
    assert lines[-1] == "nothing is removed yet: add --yes"
    assert names(data_root) == before
    files = of_scene(data_root, "b")
    assert len(files) == 6
    code, lines = pruned(capsys, data_root, "--yes")
    assert code == 0
    assert names(data_root) == sorted({*before} - {*files})
    assert set(Manifest(str(data_root / MAPS)).entries) == {"a", "c"}
    index = pd.read_csv(data_root / "03_primary/scene_index.csv")
    assert index["scene_id"].tolist() == ["a", "c"]
    code, lines = pruned(capsys, data_root)
    assert lines[0].endswith("2 scenes are there, 0 gone")
    run_here("autolabel")  # ids come from the index: nothing is missing


def test_scenes_that_are_not_to_be_used_are_not_gone(scenes, data_root, capsys):
    (scenes / "scenes.csv").write_text("id,use\nb,no\n")
    run_here(**from_folder(scenes))
    capsys.readouterr()
    before = names(data_root)
    assert of_scene(data_root, "b")
    code, lines = pruned(capsys, data_root, "--yes")
    assert code == 0
    assert lines[0].endswith("3 scenes are there, 0 gone")
    assert names(data_root) == before
    # A row of a scene that is gone ends runs, and not this command.
    (scenes / "b.tif").unlink()
    pruned(capsys, data_root, "--yes")
    assert of_scene(data_root, "b") == []


@pytest.mark.parametrize("harm", ["missing", "empty"])
def test_a_source_that_cannot_be_listed_costs_nothing(scenes, data_root, capsys, harm):
    before = names(data_root)
    scenes.rename(scenes.with_name("elsewhere"))
    if harm == "empty":  # a disk that is not mounted
        scenes.mkdir()
    code, lines = pruned(capsys, data_root, "--yes")
    assert code == 1
    assert lines[0].startswith("Error: nothing is removed, as the scenes of source")
    assert names(data_root) == before


def test_downloads_and_files_that_no_manifest_knows_stay(scenes, data_root, capsys):
    (scenes / "b.tif").unlink()
    mine = data_root / MAPS / "b edited.tif"
    mine.write_text("mine")
    raw = data_root / "01_raw" / "downloads"
    raw.mkdir(parents=True)
    for name in ("b.tif", ".manifest.jsonl"):
        source = data_root / MAPS / name
        (raw / name).write_bytes(source.read_bytes())
    code, lines = pruned(capsys, data_root, "--yes")
    assert code == 0
    assert f"  {MAPS}/b edited.tif: unknown, is kept" in lines
    assert mine.exists()
    assert (raw / "b.tif").exists()


def test_what_a_killed_run_had_begun_to_write_goes_and_what_a_running_one_has_stays(
    scenes, data_root, capsys
):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = socket.gethostname()
    folder = data_root / MAPS
    left = folder / f".a.tif.{host}-{ended.pid}.part"
    kept = [folder / f".a.tif.{n}.part" for n in (f"{host}-{os.getpid()}", "moon-1")]
    for path in (left, *kept):
        path.write_text("half")
    code, lines = pruned(capsys, data_root, "--yes")
    assert code == 0
    assert f"  {MAPS}/{left.name}: left by a killed run, 0.0 MB" in lines
    assert not left.exists()
    assert all(path.exists() for path in kept)


def test_nothing_is_removed_while_a_run_writes_to_one_of_the_folders(
    scenes, data_root, capsys
):
    (scenes / "b.tif").unlink()
    before = names(data_root)
    with held_alone(str(data_root / MAPS)):
        code, lines = pruned(capsys, data_root, "--yes")
    assert code == 1
    assert "expected to be the only run that writes to" in lines[-1]
    assert names(data_root) == before


def test_the_source_is_listed_with_the_settings_of_the_run(
    data_root, capsys, monkeypatch
):
    run_here("ingestion", ingestion={"sample": {"count": 2, "size_px": 64}})
    capsys.readouterr()
    code, lines = pruned(capsys)
    assert code == 0
    assert lines[0] == "source sample: 2 scenes are there, 0 gone"


def test_a_folder_that_is_no_data_root_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SEA_ICE_DATA", "unset later")
    code, lines = pruned(capsys, tmp_path / "nothing", "--yes")
    assert code == 1
    assert "data_root.json" in lines[0]
