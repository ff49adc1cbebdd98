"""The wheel, in an environment of its own, away from the repository."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv

import pytest

from tests.fabricate import cut, folder_of_scenes
from tests.runs import ROOT

UV = ROOT / ".tools" / "uv"
SCENE_PIPELINES = "--pipelines=ingestion,filtering,autolabel"

BUILD = """
import os, sys, tarfile
from pathlib import Path
from setuptools import build_meta

source, made = sys.argv[1:]
archive = Path(source) / build_meta.build_sdist(source)
with tarfile.open(archive) as file:
    file.extractall(source, filter="data")
os.chdir(archive.with_name(archive.name.removesuffix(".tar.gz")))
build_meta.build_wheel(made)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the source distribution as for a release."""
    made = tmp_path_factory.mktemp("dist")
    source = tmp_path_factory.mktemp("source")
    subprocess.run(
        [sys.executable, "-c", BUILD, str(source), str(made)], cwd=ROOT, check=True
    )
    (found,) = made.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Run the installed command in a folder, in an emptied environment."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    install = [UV, "pip", "install", "--quiet", "--offline", "--no-deps"]
    subprocess.run([*install, "--python", python, wheel], check=True)
    # What it depends on comes from here; a .pth file leaves the checkout out, which a
    # .pth file of its own would add.
    packages = home / sysconfig.get_path("purelib", vars={"base": ""}).lstrip("/")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))

    where = [python, "-c", "import sea_ice_kedro as s; print(s.__file__)"]
    bare = {"PATH": os.defpath}  # Kedro puts src/ into PYTHONPATH, for its children too
    found = subprocess.run(
        where, cwd=home, env=bare, capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith(str(packages))

    def run(folder, *arguments, module=False, **variables):
        start = (
            [python, "-m", "sea_ice_kedro"] if module else [home / "bin/sea-ice-kedro"]
        )
        return subprocess.run(
            [*start, *arguments],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder), "COLUMNS": "200"} | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def empty(tmp_path):
    """An empty folder to run in."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_it_runs_on_a_folder_of_scenes_from_an_empty_folder(installed, empty, tmp_path):
    scenes = folder_of_scenes(tmp_path / "in", 2)
    run = installed(
        empty,
        SCENE_PIPELINES,
        f"--params=ingestion.source=folder,ingestion.folder={scenes},engine.name=sequential",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    maps = sorted((empty / "data" / "04_feature" / "class_maps").glob("*.tif"))
    assert [path.name for path in maps] == ["a.tif", "b.tif"]
    assert "class_maps: 2 made, 0 unchanged, 0 failed" in run.stdout
    assert f"look first at: {empty}/data/08_reporting/quicklooks/a.png" in run.stdout
    assert "Running node" not in run.stdout  # Kedro's own log would say
    assert "class_maps: 2 made" in (empty / "info.log").read_text()
    of_matplotlib = {".cache", ".config"}  # HOME is here
    left = {path.name for path in empty.iterdir()} - of_matplotlib
    assert left == {"data", "info.log"}


def test_it_runs_with_settings_of_ones_own(installed, empty, tmp_path):
    scenes = folder_of_scenes(tmp_path / "in", 1)
    assert installed(empty, "--copy-conf", "mine").returncode == 0
    path = empty / "mine" / "base" / "globals.yml"
    path.write_text(path.read_text().replace("SEA_ICE_DATA,data", "SEA_ICE_DATA,there"))
    archive = empty / "mine.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(empty / "mine", "conf")
    params = f"--params=ingestion.source=folder,ingestion.folder={scenes}"
    for source, expected in (("mine", 1), (archive.name, 0)):
        run = installed(
            empty,
            *(SCENE_PIPELINES, f"{params},engine.name=sequential"),
            f"--conf-source={source}",
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert f"class_maps: {expected} made" in run.stdout
    maps = (empty / "there" / "04_feature" / "class_maps").glob("*.tif")
    assert [path.name for path in maps] == ["a.tif"]


def test_errors_are_as_readable_as_at_home(installed, empty, tmp_path):
    scenes = folder_of_scenes(tmp_path / "in", 1)
    cut(scenes / "a.tif", 0.5)
    params = f"--params=ingestion.source=folder,ingestion.folder={scenes}"
    params += ",engine.name=sequential"
    for arguments, code, words in (
        ([SCENE_PIPELINES, params], 1, "a.tif: expected a whole"),
        (["--pipelines=filtering"], 1, "made by: kedro run --pipelines ingestion"),
        (["--conf-source=nowhere"], 2, "Path 'nowhere' does not exist"),
    ):
        run = installed(empty, *arguments, module=True)
        assert run.returncode == code, run.stdout + run.stderr
        assert words in run.stderr
        assert "Traceback" not in run.stdout + run.stderr
    log = (empty / "info.log").read_text()
    assert log.count("the run ended with\nTraceback") >= 2
