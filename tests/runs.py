"""Whole runs of the project: in this process, or as a user starts them."""

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import rasterio
from kedro.framework.session import KedroSession
from PIL import Image

from sea_ice_kedro import __main__
from sea_ice_kedro.config_loader import ReadOnceConfigLoader
from sea_ice_kedro.datasets.manifest import NAME as MANIFEST
from sea_ice_kedro.datasets.manifest import SINGLE_FILES
from sea_ice_kedro.settings import CONFIG_LOADER_ARGS
from tests.fabricate import quiet

ROOT = Path(__file__).parents[1]
RECORD = "run_record.json"
ROOT_SCENES = "data_root.json"
SCENE_PIPELINES = ["ingestion", "filtering", "autolabel"]

_KEDRO = [sys.executable, "-m", "kedro", "run", "--env", "test"]


def run_here(*pipelines, **parameters):
    """Run pipelines in this process (all three unless named), env "test"."""
    with KedroSession.create(ROOT, env="test", runtime_params=parameters) as session:
        return session.run(pipeline_names=list(pipelines) or SCENE_PIPELINES)


def run_in(data_root, *pipelines, **parameters):
    """Run pipelines in this process, for tests that share a data root; gives that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEA_ICE_DATA", str(data_root))
        run_here(*pipelines, **parameters)
    return data_root


def command_here(capsys, *arguments):
    """Run a command of `sea-ice-kedro` in this process.

    Returns:
        Its exit code, and what it says on the two outputs.
    """
    code = 0
    try:
        __main__.main([*map(str, arguments)])
    except SystemExit as ended:
        code = ended.code
    return code, *capsys.readouterr()


def from_folder(folder, **parameters):
    """Give the parameters of a run on a folder of files."""
    ingestion = {"source": "folder", "folder": str(folder)}
    return {"ingestion": ingestion | parameters.pop("ingestion", {}), **parameters}


def configuration(env, **runtime_params):
    """Read conf/base and one environment as a run does."""
    return ReadOnceConfigLoader(
        str(ROOT / "conf"), env=env, runtime_params=runtime_params, **CONFIG_LOADER_ARGS
    )


def environment(data_root):
    """The environment of a run of its own."""
    return {
        **os.environ,
        "SEA_ICE_DATA": str(data_root),
        "SEA_ICE_LOG": os.devnull if "://" in str(data_root) else f"{data_root}.log",
        "DO_NOT_TRACK": "1",
        "COLUMNS": "500",
    }


def kedro_run(data_root, *arguments, **variables):
    """Start `kedro run` as a user does and wait for its end."""
    return subprocess.run(
        [*_KEDRO, *arguments],
        cwd=ROOT,
        env=environment(data_root) | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def start_kedro_run(data_root, *arguments):
    """Start `kedro run` and go on."""
    return subprocess.Popen(
        [*_KEDRO, *arguments],
        cwd=ROOT,
        env=environment(data_root),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _is_drawing(path):
    """Tell the drawings of a figure, beside it or in its folder."""
    figures = path.with_suffix(".json"), path.parent.with_suffix(".json")
    return path.suffix in {".svg", ".png"} and any(f.exists() for f in figures)


def files(data_root):
    """Every product of a data root by its name below it, in order.

    The record of the runs, manifests and the note of the folder that the scenes are
    from are none: they hold times, or where the scenes lie. Drawings of a figure for a
    paper belong to it: `tests/datasets/test_figure.py`.
    """
    return {
        str(path.relative_to(data_root)): path
        for path in sorted(Path(data_root).rglob("*"))
        if path.is_file()
        and path.name not in (RECORD, ROOT_SCENES, MANIFEST, SINGLE_FILES)
        and not _is_drawing(path)
    }


def digests(data_root):
    """SHA-256 of every file of a data root, by its name below it."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in files(data_root).items()
    }


def expect_whole(path):
    """Read a product to its end."""
    if path.suffix == ".tif":
        with quiet(), rasterio.open(path) as file:
            file.read()
            file.read_masks()
    elif path.suffix == ".png":
        with Image.open(path) as picture:
            picture.load()
    elif path.suffix == ".csv":
        text = path.read_text()
        assert text.endswith("\n")
        header, *rows = csv.reader(text.splitlines())
        assert header
        assert {len(row) for row in rows} <= {len(header)}
    elif path.suffix in {".xml", ".qml"}:
        ElementTree.parse(path)
    elif path.suffix == ".json":
        json.loads(path.read_text())


def changed_products(before, after):
    """Name the rasters and pictures that differ between two `digests`."""
    return {
        name
        for name in before.keys() | after.keys()
        if name.endswith((".tif", ".png")) and before.get(name) != after.get(name)
    }
