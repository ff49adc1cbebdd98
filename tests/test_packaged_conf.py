import os
import re
import subprocess
import sys

import pytest

from sea_ice_kedro import __main__
from sea_ice_kedro.packaged_conf import (
    conf_source,
    copy_conf,
    logging_of,
    packaged_conf,
    with_conf,
)
from tests.runs import ROOT


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A current folder that is no project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--conf-source", "a", "--env=test"], "a"),
        (["--env=test", "--conf-source=a=b.tar.gz"], "a=b.tar.gz"),
        (["--env", "test"], None),
        (["--conf-source"], None),
    ],
)
def test_the_configuration_that_is_asked_for_is_found(arguments, found):
    assert conf_source(arguments) == found


def test_a_run_anywhere_takes_the_configuration_that_came_with_the_code(elsewhere):
    assert with_conf(["--env=test"]) == ["--env=test", f"--conf-source={ROOT}/conf"]
    assert logging_of([]) == f"{ROOT}/conf/logging.yml"


def test_a_project_of_another_kind_does_not_lend_its_configuration(elsewhere):
    (elsewhere / "conf" / "base").mkdir(parents=True)
    (elsewhere / "conf" / "base" / "catalog.yml").touch()
    assert with_conf([]) == [f"--conf-source={packaged_conf()}"]


@pytest.mark.parametrize("where", ["conf", "settings"])
def test_a_copy_is_used_where_it_is_named_or_called_conf(elsewhere, where):
    copy = copy_conf(where)
    names = {str(path.relative_to(copy)) for path in copy.rglob("*.yml")}
    assert {"base/globals.yml", "test/globals.yml", "logging.yml"} <= names
    assert [path.name for path in (copy / "local").iterdir()] == []
    arguments = [] if where == "conf" else [f"--conf-source={where}"]
    assert with_conf(arguments) == arguments
    assert logging_of(arguments).endswith(f"{where}/logging.yml")


def test_an_archive_of_settings_logs_as_the_package_does(elsewhere):
    assert logging_of(["--conf-source=conf.tar.gz"]) == f"{ROOT}/conf/logging.yml"


def test_nothing_is_copied_over_what_is_there(elsewhere, capsys):
    __main__.main(["--copy-conf", "mine"])
    assert f"copied to {elsewhere}/mine" in capsys.readouterr().out
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        __main__.main(["--copy-conf", "mine"])
    assert ended.value.code == 1
    assert "not there yet" in capsys.readouterr().err
    assert sorted(elsewhere.rglob("*")) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\nroot: {a: [b\n", r", line 3: expected YAML"),
        ("version: 1\nroot: {handlers: [x]}\n", r": expected settings of Python's"),
        (None, r": expected settings of Python's logging .*got .*No such file"),
    ],
)
def test_a_logging_configuration_that_cannot_be_read_is_named(tmp_path, text, said):
    path = tmp_path / "logging.yml"
    if text is not None:
        path.write_text(text)
    ended = subprocess.run(
        [sys.executable, "-m", "sea_ice_kedro", "run"],
        env={**os.environ, "KEDRO_LOGGING_CONFIG": str(path)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 1
    assert re.fullmatch(rf"Error: {re.escape(str(path))}{said}.*\n", ended.stderr)


def test_an_error_that_is_none_of_logging_is_not_blamed_on_its_file(tmp_path):
    """A broken package that Kedro imports, as if it were installed."""
    (tmp_path / "logging.yml").write_text("version: 1\n")
    (tmp_path / "dynaconf.py").write_text("raise ValueError('broken')\n")
    ended = subprocess.run(
        [sys.executable, "-m", "sea_ice_kedro", "run"],
        env={
            **os.environ,
            "KEDRO_LOGGING_CONFIG": str(tmp_path / "logging.yml"),
            "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode != 0
    assert "broken" in ended.stderr
    assert "settings of Python's logging" not in ended.stderr
