import posixpath
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import pytest

import sea_ice_kedro.engines.base as module
from sea_ice_kedro.engines import Task, fingerprint_of, map_partitions
from sea_ice_kedro.engines.base import content_digest, recipe_of
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene


@dataclass(frozen=True)
class Stored:
    content: str
    where: str = "here"

    def __call__(self):
        return self.content

    def fingerprint(self):
        return self.content


def label(content="a", where="here", **thresholds):
    func = partial(label_scene, thresholds=BrightnessThresholds(**thresholds))
    return Task(func, (Stored(content, where),))


def test_a_task_computes_from_its_inputs_when_called():
    assert Task("{}-{}".format, (Stored("a"), Stored("b")))() == "a-b"


def test_mapping_computes_nothing_and_keeps_the_order_of_the_scenes():
    def fail():
        raise AssertionError("was computed")

    tasks = map_partitions(str.upper, {"z": fail, "a": fail})
    assert list(tasks) == ["z", "a"]


def test_mapping_pairs_the_inputs_of_the_same_scene():
    tasks = map_partitions(
        "{}{}".format,
        {"x": Stored("1"), "y": Stored("2")},
        {"y": Stored("b"), "x": Stored("a")},
    )
    assert {scene_id: task() for scene_id, task in tasks.items()} == {
        "x": "1a",
        "y": "2b",
    }


def test_the_same_input_and_options_have_the_same_fingerprint():
    assert fingerprint_of(label()) == fingerprint_of(label(where="elsewhere"))


@pytest.mark.parametrize(
    "other",
    [
        label(content="b"),
        label(thin_ice_min=32),
        Task(posixpath.normpath, (Stored("a"),)),
    ],
    ids=["input", "option", "function"],
)
def test_another_input_option_or_function_has_another_fingerprint(other):
    assert fingerprint_of(other) != fingerprint_of(label())


def test_another_version_of_the_software_has_another_fingerprint(monkeypatch):
    before = fingerprint_of(label())
    monkeypatch.setattr(module, "__version__", "99")
    assert fingerprint_of(label()) != before


def test_what_has_no_stable_description_has_no_fingerprint():
    with pytest.raises(TypeError, match="expected a value with a stable description"):
        fingerprint_of(Task(posixpath.normpath, (partial(str, object()),)))


def test_the_recipe_names_function_and_options_without_the_input():
    assert recipe_of(label("secret")) == (
        '["sea_ice_kedro.imagery.labelling.label_scene", [], {"thresholds": '
        '["BrightnessThresholds", {"limit_step": 0.05, "source": "scene", '
        '"thick_ice_min": 205, "thin_ice_min": 31}]}]'
    )


def test_settings_that_stand_for_content_have_a_digest():
    digest = content_digest((1, {"b": [True, None], "a": PurePosixPath("x/y")}))
    assert digest == content_digest([1, {"a": "x/y", "b": (True, None)}])
    assert digest.startswith("sha256:")
    assert len(digest) == 71


def test_a_download_outlives_a_new_version_of_the_software(monkeypatch):
    class Download(Stored):
        product_version = "download 1"

    here, there = fingerprint_of(Download("a")), fingerprint_of(Stored("a"))
    monkeypatch.setattr(module, "__version__", "99.0")
    assert fingerprint_of(Download("a")) == here
    assert fingerprint_of(Stored("a")) != there
    monkeypatch.setattr(Download, "product_version", "download 2")
    assert fingerprint_of(Download("a")) != here
