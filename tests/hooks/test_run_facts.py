import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from sea_ice_kedro import __version__
from sea_ice_kedro.hooks import run_log
from sea_ice_kedro.hooks.run_log import settings_that_differ
from tests.runs import ROOT, configuration


def differing(env, **runtime_params):
    settings = settings_that_differ(configuration(env, **runtime_params))
    return {s.name: (s.default, s.value) for s in settings}


def test_nothing_differs_from_itself():
    assert differing("base") == {}


def test_an_environment_and_one_run_are_told_apart_from_the_defaults():
    used = differing("paper", filtering={"published": {"window_px": 99}})
    assert used["filtering.method"] == ("illumination", "published")
    assert used["filtering.published.window_px"] == ("155", "99")
    assert used["modeling.training.batch_size"] == ("4", "32")
    assert used["variants.sample"] == (
        '["manual_original"]',
        '["auto_original", "manual_original", "auto_filtered", "manual_filtered"]',
    )
    assert "filtering.illumination.cell_px" not in used


def test_settings_of_the_engine_are_told_and_places_of_data_are_not(monkeypatch):
    monkeypatch.setenv("SEA_ICE_DATA", "/home/someone/ice")
    assert differing("test", engine={"name": "threads"})["engine.name"] == (
        "processes",
        "threads",
    )
    assert "/home/someone" not in str(differing("test"))


def test_reading_the_defaults_leaves_the_configuration_of_the_run_as_it_is():
    loader = configuration("paper")
    settings_that_differ(loader)
    assert loader["parameters"]["filtering"]["method"] == "published"
    assert len(loader["globals"]["variants"]["sample"]) == 4
    assert loader["parameters"]["modeling"]["split"]["seed"] == 2019


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@host/stac", "https://host/stac"),
        ("https://host/stac?token=secret&x=1", "https://host/stac"),
        ("gs://bucket/scenes", "gs://bucket/scenes"),
        ("/data/what?", "/data/what?"),
    ],
)
def test_a_url_is_shown_without_what_only_its_owner_should_know(url, shown):
    used = differing("base", ingestion={"stac": {"url": url}})
    assert used["ingestion.stac.url"] == ("null", shown)


def test_versions_and_machine_are_named_without_user_host_or_folder():
    known = run_log.software_and_machine()
    assert known["sea_ice_kedro"] == __version__
    assert known["kedro"].startswith("1.")
    assert {"GDAL", "PROJ", "onnxruntime"} <= known.keys()
    assert ("tensorflow" in known) is (find_spec("tensorflow") is not None)
    assert known["python"] == ".".join(map(str, sys.version_info[:3]))
    assert re.search(r", \d+ cores usable$", known["processor"])
    assert str(ROOT) not in str(known)
    assert "pyspark" not in known or known["pyspark"]


def git(folder, *arguments):
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    command = ["git", *who, *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def package_in(folder, monkeypatch):
    package = folder / "package" / "__init__.py"
    package.parent.mkdir()
    package.write_text("")
    monkeypatch.setattr(run_log.sea_ice_kedro, "__file__", str(package))
    return package


def test_the_commit_of_a_checkout_is_told_and_whether_it_was_changed(
    tmp_path, monkeypatch
):
    package = package_in(tmp_path, monkeypatch)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    assert re.fullmatch("[0-9a-f]{40}", run_log.commit())
    package.write_text("changed")
    assert re.fullmatch(r"[0-9a-f]{40}\+", run_log.commit())


def test_a_package_that_was_installed_into_somebodys_repository_has_no_commit(
    tmp_path, monkeypatch
):
    package_in(tmp_path, monkeypatch)
    git(tmp_path, "init", "-q")
    (tmp_path / "theirs.txt").write_text("theirs")
    git(tmp_path, "add", "theirs.txt")
    git(tmp_path, "commit", "-qm", "theirs")
    assert run_log.commit() == ""


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    package_in(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_log.commit() == ""
