import re
import subprocess
import sys
from importlib.util import find_spec

from sea_ice_kedro import __version__
from sea_ice_kedro.hooks import software
from tests.runs import ROOT


def test_versions_and_machine_are_named_without_user_host_or_folder():
    known = software.software_and_machine()
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
    monkeypatch.setattr(software.sea_ice_kedro, "__file__", str(package))
    return package


def test_the_commit_of_a_checkout_is_told_and_whether_it_was_changed(
    tmp_path, monkeypatch
):
    package = package_in(tmp_path, monkeypatch)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    assert re.fullmatch("[0-9a-f]{40}", software.commit())
    package.write_text("changed")
    assert re.fullmatch(r"[0-9a-f]{40}\+", software.commit())


def test_a_package_that_was_installed_into_somebodys_repository_has_no_commit(
    tmp_path, monkeypatch
):
    package_in(tmp_path, monkeypatch)
    git(tmp_path, "init", "-q")
    (tmp_path / "theirs.txt").write_text("theirs")
    git(tmp_path, "add", "theirs.txt")
    git(tmp_path, "commit", "-qm", "theirs")
    assert software.commit() == ""


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    package_in(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert software.commit() == ""
