"""Products are made again when code that they are made by has changed, and only then."""

import os
import shutil
import subprocess
import sys
import zipfile
from functools import cache, partial
from pathlib import Path

import pytest

from sea_ice_kedro.datasets import ClassMapDataset, FileDataset, SceneDataset
from sea_ice_kedro.engines import Task
from sea_ice_kedro.engines.code import Code, read_source
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.raw_scenes import render
from sea_ice_kedro.pipelines import grid_check
from sea_ice_kedro.reporting.quicklooks import QuicklookOptions, draw_quicklook
from sea_ice_kedro.training.model_file import ModelFile
from sea_ice_kedro.training.predict import InferenceOptions, predict_scene

LIMITS = BrightnessThresholds()
PACKAGE = Path(sys.modules["sea_ice_kedro"].__file__).parent
PRODUCTS = {
    "scenes": (Task(render, ()), SceneDataset),
    "filtered": (
        Task(partial(filter_scene, options=FilterOptions(), thresholds=LIMITS), ()),
        SceneDataset,
    ),
    "labels": (Task(partial(label_scene, thresholds=LIMITS), ()), ClassMapDataset),
    "predictions": (
        partial(predict_scene, model=ModelFile("m"), options=InferenceOptions()),
    ),
    "quicklooks": (
        Task(partial(draw_quicklook, options=QuicklookOptions()), ()),
        FileDataset,
    ),
    "grid counts": (grid_check._counts,),
    "networks": ("sea_ice_kedro.training.fit:fit",),
}


@cache
def source_of(module):
    return read_source(module)


def digests(*edits, version=lambda name: "1"):
    """The digests of the products, with some modules edited."""

    def read(module):
        source = source_of(module)
        for edited, old, new in edits:
            if module == f"sea_ice_kedro.{edited}":
                assert old in source
                source = source.replace(old, new)
        return source

    code = Code(read, version)
    return {name: code.digest(*values) for name, values in PRODUCTS.items()}


@pytest.fixture(scope="module")
def before():
    return digests()


def remade(before, *edits, **versions):
    after = digests(*edits, **versions)
    return {name for name in before if before[name] != after[name]}


FILTERED = {"filtered", "predictions"}  # a network may have learnt from filtered images


@pytest.mark.parametrize(
    ("edit", "products"),
    [
        # a kernel that is imported inside of a function
        (("imagery.kernels", "def label(", "def label(_=0, *, "), {"labels"} | FILTERED),
        (("imagery.illumination.kernels", "def propagate(", "@d\ndef propagate("), FILTERED),
        (("reporting.grid_check", "def count_differences(", "@d\ndef count_differences("), {"grid counts"}),
        (("imagery.predictions", "def window_weights(", "@d\ndef window_weights("), {"predictions"}),
        # known to TensorFlow by its name alone
        (("training.unet", "def build_unet(", "@d\ndef build_unet("), {"predictions", "networks"}),
        (("training.fit", "def masked_cross", "@d\ndef masked_cross"), {"networks"}),
        (("reporting.quicklooks", "def draw_quicklook(", "@d\ndef draw_quicklook("), {"quicklooks"}),
        (("datasets.maps", "class ClassMapDataset", "@d\nclass ClassMapDataset"), {"labels"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_edited_code_remakes_what_is_made_by_it_and_nothing_else(
    before, edit, products
):
    assert remade(before, edit) == products


HARMLESS = (
    ("reporting.run_report.page", "\ndef ", "\n@d\ndef "),
    ("reporting.run_report.findings", "\ndef ", "\n@d\ndef "),
    ("reporting.grid_check", "def draw_differences", "@d\ndef draw_differences"),
    ("pipelines.autolabel", "\ndef ", "\n@d\ndef "),
    ("hooks.record", "\ndef ", "\n@d\ndef "),
    ("engines.local", "\nclass ", "\n@d\nclass "),
    ("datasets.parallel_partitions", "\ndef ", "\n@d\ndef "),
    ("errors", "\nclass ", "\n@d\nclass "),
    ("rasters.files", "\ndef ", "\n@d\ndef "),
    ("imagery.labelling", "\ndef ", "\n# A comment.\ndef "),
    ("imagery.labelling", '    """Label', '    """Another docstring: label'),
    ("errors", "expected ", "wished for "),
)


def test_an_edited_report_hook_message_or_comment_remakes_nothing(before):
    assert remade(before, *HARMLESS) == set()


def test_a_definition_that_has_moved_remakes_nothing():
    source = read_source("sea_ice_kedro.imagery.histogram")
    named = "Density, Histogram, Modes, Shown, find_modes, histogram_of, smoothed"
    moved = f"from sea_ice_kedro.imagery.histogram_elsewhere import {named}\n"

    def read(module):
        if module == "sea_ice_kedro.imagery.histogram_elsewhere":
            return source
        return moved if module.endswith(".histogram") else read_source(module)

    values = PRODUCTS["labels"]
    assert Code(read, str).digest(*values) == Code(version=str).digest(*values)


@pytest.mark.parametrize(
    ("library", "products"),
    [
        ("numpy", set(PRODUCTS)),
        ("tensorflow", {"predictions", "networks"}),
        ("PIL", {"quicklooks"}),
    ],
)
def test_another_version_of_a_library_remakes_what_it_computes(
    before, library, products
):
    version = {library: "2"}.get
    assert remade(before, version=lambda name: version(name, "1")) == products


def test_installed_versions_count_with_that_of_gdal():
    asked = {}
    Code(version=lambda name: asked.setdefault(name, "1")).digest(*PRODUCTS["labels"])
    assert {"numpy", "numba", "rasterio"} <= set(asked) <= set(module_versions())
    assert "GDAL 3." in module_versions()["rasterio"]


def module_versions():
    from sea_ice_kedro.engines.code import _LIBRARIES, library_version

    return {name: library_version(name) for name in _LIBRARIES}


def test_each_module_is_read_once():
    read = []
    code = Code(lambda module: (read.append(module), read_source(module))[1])
    for values in PRODUCTS.values():
        code.digest(*values)
        code.digest(*values)
    assert len(read) == len(set(read))


def test_what_is_not_of_this_package_has_no_sources_to_read():
    code = Code(lambda module: pytest.fail(f"read {module}"))
    assert code.digest(partial(sorted, key=len)) == code.digest(Path.exists)


DIGEST = """
from sea_ice_kedro.engines.code import CODE
print(CODE.digest("sea_ice_kedro.training.fit:fit"))
"""


@pytest.mark.slow
def test_a_zip_on_the_path_has_the_digest_of_the_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
        for path in PACKAGE.rglob("*.py"):
            archive.write(path, path.relative_to(PACKAGE.parent))
    places = PACKAGE.parent, tmp_path / "package.zip"
    assert len({run(DIGEST, path) for path in places}) == 1


LABEL = """
from functools import partial
from pathlib import Path
import numpy as np
from sea_ice_kedro.datasets.parallel_partitions import ParallelPartitionedDataset
from sea_ice_kedro.engines import Task
from sea_ice_kedro.imagery.arrays import Scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene

rgb = np.zeros((1, 3, 3), np.uint8) + np.array([10, 100, 250], np.uint8)[:, None]

def stored():
    return Scene("s", rgb, np.ones((1, 3), bool))

maps = ParallelPartitionedDataset(
    path=str(Path("maps").resolve()),
    filename_suffix=".tif",
    dataset="sea_ice_kedro.datasets.ClassMapDataset",
)
label = partial(label_scene, thresholds=BrightnessThresholds(source="values"))
maps.save({"s": Task(label, (stored,))})
print(maps.last_saved.made, *maps.load()["s"]().codes.ravel())
"""


@pytest.mark.slow
def test_labels_are_made_again_once_their_kernel_was_edited(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    copy = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("weights", "*.pyc"))
    made = [run(LABEL, tmp_path), run(LABEL, tmp_path)]
    edit(copy / "reporting/quicklooks.py", "\ndef ", "\n@staticmethod\ndef ")
    made.append(run(LABEL, tmp_path))
    edit(copy / "imagery/kernels.py", "code = thin_ice", "code = open_water")
    made += [run(LABEL, tmp_path), run(LABEL, tmp_path)]
    assert made == ["1 2 1 0\n", "0 2 1 0\n", "0 2 1 0\n", "1 2 2 0\n", "0 2 2 0\n"]


def edit(path, old, new):
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))


def run(script, path):
    """Run a script with the package at a path, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=path if path.is_dir() else path.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout
