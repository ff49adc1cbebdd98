"""Each part of the configuration is read once in a run, and is what Kedro reads."""

from copy import copy

import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import settings

from sea_ice_kedro.settings import CONFIG_LOADER_ARGS
from tests.runs import ROOT

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
    assert got == [loader(OmegaConfigLoader)[part]] * 2


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
