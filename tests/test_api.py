"""What the library offers to import: numpy arrays in, numpy arrays out."""

import doctest
import re
import subprocess
import sys

import numpy as np
import pytest

import sea_ice_kedro
from sea_ice_kedro import (
    ClassMap,
    Scene,
    api,
    filter_scene,
    label_scene,
    predict,
    read_scene,
    simulate,
)
from sea_ice_kedro.errors import InvalidOption
from tests.fabricate import ROSS_SEA, floes, scene, write
from tests.runs import ROOT

FUNCTIONS = ("read_scene", "filter_scene", "label_scene", "simulate")
KEYS = re.compile(r"kedro|--params|\b(ingestion|filtering|autolabel|inference)\.")


def test_the_package_offers_what_its_api_page_lists():
    page = (ROOT / "docs/api.md").read_text()
    listed = re.findall(r"^\| `(\w+)", page, re.MULTILINE)
    assert sorted(listed) == sea_ice_kedro.__all__ == api.__all__
    assert set(api.__all__) <= set(dir(sea_ice_kedro))
    assert all(getattr(sea_ice_kedro, n) is getattr(api, n) for n in api.__all__)


def test_a_name_that_is_not_offered_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'label_everything'"):
        sea_ice_kedro.label_everything  # noqa: B018


def loaded_by(script):
    report = "import sys; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    ran = subprocess.run(
        [sys.executable, "-c", f"{script}; {report}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(ran.stdout.split())


@pytest.mark.slow
def test_importing_the_package_loads_no_library_and_its_names_load_no_kedro():
    assert not loaded_by("import sea_ice_kedro") & {"numpy", "rasterio", "kedro"}
    named = loaded_by("from sea_ice_kedro import read_scene, label_scene, predict")
    assert not named & {"kedro", "kedro_datasets", "tensorflow", "keras", "plotly"}


def examples_of(name):
    found = doctest.DocTestFinder().find(getattr(api, name), name, globs=vars(api))
    assert found[0].examples, "no example"
    return found[0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_in_a_docstring_prints_what_it_says(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.DocTestRunner().run(examples_of(name)).failed == 0


@pytest.mark.train
@pytest.mark.slow
def test_the_example_of_a_prediction_prints_what_it_says():
    assert doctest.DocTestRunner().run(examples_of("predict")).failed == 0


def test_a_file_is_labelled_on_its_own_grid(tmp_path):
    rgb = floes()
    write(
        tmp_path / "s2_20191103T190921.tif",
        rgb,
        crs=ROSS_SEA.crs,
        transform=api_affine(ROSS_SEA),
    )
    read = read_scene(str(tmp_path / "s2_20191103T190921.tif"))
    assert np.array_equal(read.rgb, rgb)
    class_map = label_scene(read, limits=(31, 205))
    assert class_map.georeference == read.georeference == ROSS_SEA
    brightest = rgb.max(axis=2)
    assert np.array_equal(
        class_map.codes, np.digitize(-brightest.astype(int), [-204, -30])
    )


def api_affine(georeference):
    from rasterio import Affine

    return Affine(*georeference.transform)


def test_an_array_is_a_scene_that_was_observed_all_over():
    rgb = floes()
    by_array, by_scene = (
        label_scene(x, limits=(31, 205)) for x in (rgb, scene(rgb=rgb))
    )
    assert np.array_equal(by_array.codes, by_scene.codes)
    assert isinstance(by_array, ClassMap)


def test_a_scene_filtered_as_published_is_labelled_by_the_limits_of_its_filter():
    filtered = filter_scene(floes(200, 200), method="published")
    assert label_scene(filtered).limits == (31, 205)
    assert label_scene(filtered).limits_source == "filter"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: filter_scene(floes(), method="magic"), "expected method to be one of"),
        (lambda: label_scene(floes(), limits=(205, 31)), "0 < thin < thick <= 255"),
        (lambda: simulate(1, kind="desert"), "expected kind to be one of"),
        (lambda: simulate(-1), "expected seed to be a whole number"),
        (lambda: simulate(1, shape=(8, 64)), "expected 32 <= height"),
        (lambda: label_scene(floes()[..., 0]), r"expected rgb as uint8 \(H, W, 3\)"),
        (lambda: predict(floes() / 255), "expected rgb as uint8"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_refused_in_words_of_the_call(call, message):
    with pytest.raises(ValueError, match=message) as refused:
        call()
    assert not KEYS.search(str(refused.value))


def test_a_scene_may_be_made_of_arrays():
    made = Scene("mine", floes(), np.ones((48, 64), bool))
    assert label_scene(made, limits=(31, 205)).scene_id == "mine"
    assert issubclass(InvalidOption, ValueError)
