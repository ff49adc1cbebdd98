"""Each part of the configuration is read once in a run, and is what Kedro reads."""

import re
import shutil
from copy import copy

import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import settings

from sea_ice_kedro.config_loader import ReadOnceConfigLoader, with_layers
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.settings import CONFIG_LOADER_ARGS
from tests.runs import ROOT, kedro_run

PARTS = ["globals", "parameters", "catalog"]


def loader(kind=None, **more):
    kind = kind or settings.CONFIG_LOADER_CLASS
    return kind(str(ROOT / "conf"), env="test", **more, **CONFIG_LOADER_ARGS)


@pytest.fixture
def reads(monkeypatch):
    """The parts that Kedro has read from files since the test began."""
    read, found = OmegaConfigLoader.__getitem__, []
    monkeypatch.setattr(
        OmegaConfigLoader,
        "__getitem__",
        lambda self, key: found.append(key) or read(self, key),
    )
    return found


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_read_once_and_is_what_kedro_reads(project, reads, part):
    ours = loader()
    got = [ours[part], ours[part]]
    assert reads.count(part) == 1
    theirs = loader(OmegaConfigLoader)[part]
    assert got == [with_layers(theirs) if part == "catalog" else theirs] * 2


@pytest.mark.parametrize(
    ("entry", "layer"),
    [
        ({"path": "data/04_feature/class_maps"}, "04_feature"),
        ({"filepath": "gs://a/08_reporting/{folder}/{table}.csv"}, "08_reporting"),
        ({"path": "/disk/01_raw/season/03_primary/labels"}, "03_primary"),
        ({"filepath": "08_reporting.csv"}, None),
        ({"type": "MemoryDataset"}, None),
    ],
)
def test_the_layer_of_an_entry_is_the_folder_that_it_lies_in(entry, layer):
    told = with_layers({"entry": entry})["entry"].pop("metadata", {})
    assert told.get("kedro-viz", {}).get("layer") == layer


def test_an_entry_may_name_another_layer_and_keeps_what_else_it_tells():
    rows = {"preview_args": {"nrows": 50}}
    entry = {"filepath": "data/06_models/a", "metadata": {"kedro-viz": rows}}
    assert with_layers({"a": entry})["a"]["metadata"]["kedro-viz"] == {
        **rows,
        "layer": "06_models",
    }
    named = {**entry, "metadata": {"kedro-viz": {"layer": "05_model_input"}}}
    assert with_layers({"a": named}) == {"a": named}


def test_who_changes_what_he_got_changes_nobody_elses(project):
    ours = loader()
    ours["parameters"]["engine"] = ours["parameters"]["modeling"].pop("split")
    assert ours["parameters"] == loader()["parameters"]


def test_other_params_and_another_environment_are_followed(project):
    ours = loader()
    assert ours["parameters"]["ingestion"]["sample"]["count"] == 3
    ours.runtime_params = {"ingestion": {"sample": {"count": 7}}}
    assert ours["parameters"]["ingestion"]["sample"]["count"] == 7
    base = copy(ours)
    base.env, base.runtime_params = "base", {}
    assert base["parameters"]["ingestion"]["sample"]["count"] not in (3, 7)
    assert ours["parameters"]["ingestion"]["sample"]["count"] == 7


def test_what_was_set_by_hand_comes_before_what_was_read(project):
    ours = loader()
    assert ours["catalog"]
    ours["catalog"] = {}
    assert ours["catalog"] == {}


@pytest.mark.parametrize("name", ["parameters_mine.yml", "globals.yml"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: 1\nautolabel:\n\tb: 1\n", ", line 3: expected YAML"),
        (b"a: {b: 1\n", ", line 2: expected YAML"),
        (b"a: b: 1\n", ", line 1: expected YAML"),
        (b"a: 1\na: 2\n", ", line 2: expected YAML .* duplicate key a"),
        (b"- a\n", ": expected YAML"),
        (b"a: !!python/object:b {}\n", ", line 1: expected YAML"),
        (b"a: \x07\n", ", line 1: expected YAML"),
        (b"a: \xe9\n", ", line 1: expected text in UTF-8, got the byte 0xe9"),
        (b"a:\n  b: ${c}\n", ", line 2: expected a.b to be a value"),
        (b"a:\n  b: ${c\n", ", line 2: expected a.b to be a value"),
        (b"a: ${oc.env:NOT_SET}\n", ", line 1: expected a to be a value"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path, name, text, said):
    for folder in ("base", "local"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "globals.yml").write_text("c1: 1\n")
        (tmp_path / folder / "parameters.yml").write_text(f"x_{folder}: 1\n")
    path = tmp_path / "local" / name
    path.write_bytes(text)
    part = name.partition(".")[0].partition("_")[0]
    with pytest.raises(
        InvalidOption, match=f"{re.escape(str(path))}{said}.*(mend|save)"
    ):
        ReadOnceConfigLoader(str(tmp_path), env="local", **CONFIG_LOADER_ARGS)[part]


@pytest.mark.parametrize(
    ("value", "sign"),
    [
        ("${oc.env:KEY}", "${"),
        ("/a/${oc.env:KEY}", "${"),
        (["x", "${globals:data_root}"], "${"),
        ("???", "???"),
    ],
)
def test_a_value_of_params_that_would_be_looked_up_is_refused_unread(
    project, monkeypatch, value, sign
):
    monkeypatch.setenv("KEY", "S3CRET")
    asked = {"ingestion": {"folder": value}}
    with pytest.raises(
        InvalidOption, match=r"of ingestion\.folder in --params"
    ) as error:
        loader(runtime_params=asked)["parameters"]
    assert f"got one with {sign}, " in str(error.value)
    assert "S3CRET" not in str(error.value)


def test_credentials_that_cannot_be_read_are_not_quoted(tmp_path):
    for folder in ("base", "local"):
        (tmp_path / folder).mkdir()
    (tmp_path / "local" / "credentials.yml").write_text("a: {key: S3CRET\n")
    ours = ReadOnceConfigLoader(str(tmp_path), env="local", **CONFIG_LOADER_ARGS)
    with pytest.raises(InvalidOption, match=r"credentials\.yml, line 2") as error:
        ours["credentials"]
    assert "S3CRET" not in str(error.value)


def test_a_run_names_it_without_a_trace(tmp_path):
    conf = tmp_path / "conf"
    shutil.copytree(ROOT / "conf", conf)
    (conf / "local").mkdir(exist_ok=True)
    (conf / "local" / "parameters_mine.yml").write_text("autolabel:\n\tthresholds: 1\n")
    run = kedro_run(tmp_path / "data", f"--conf-source={conf}", "--env", "local")
    assert run.returncode == 1
    assert "parameters_mine.yml, line 2: expected YAML" in run.stderr
    assert "Traceback" not in run.stderr
