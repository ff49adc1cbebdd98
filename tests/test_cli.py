import re
import sys

import pytest
from click import ClickException
from click.testing import CliRunner
from kedro.io import DatasetError

from sea_ice_kedro import cli
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.hooks.run_log import open_file
from tests.runs import command_here


@pytest.mark.parametrize("name", ["SequentialRunner", "ThreadRunner", None])
def test_a_runner_of_kedro_s_is_taken(name):
    cli.expect_runner(name)


@pytest.mark.parametrize("name", ["FastRunner", "nowhere.Runner", "kedro.runner.No"])
def test_an_unknown_runner_is_refused_with_those_that_work(name):
    with pytest.raises(ClickException, match=r"SequentialRunner, ThreadRunner.*got '"):
        cli.expect_runner(name)


def test_run_takes_what_kedro_s_own_command_takes():
    from kedro.framework.cli.project import run

    assert [option.name for option in cli.run.params] == [o.name for o in run.params]
    assert cli.cli.commands["run"] is cli.run


@pytest.mark.parametrize(
    "value", ["!!python/object:x", "!x 1", "*x", "{", "[1", "${b", "\x07", "'a"]
)
def test_a_value_that_yaml_cannot_read_is_refused_in_words(value):
    params = f"ingestion.source={value}"
    result = CliRunner().invoke(cli.run, ["--params", params])
    assert result.exit_code == 1
    assert result.output.startswith("Error: expected --params to be name=value")
    assert repr(params) in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run: {params\n", r"c\.yml, line \d: expected YAML"),
        ("- run\n", r"c\.yml: expected YAML"),
        ("5\n", r"c\.yml: expected YAML"),
        ("pipelines: a\n", r"expected the options of `kedro run` below `run:`"),
        ("run: a\n", r"expected the options of `kedro run` below `run:`"),
    ],
)
def test_a_file_of_options_that_cannot_be_read_is_named(tmp_path, text, said):
    (tmp_path / "c.yml").write_text(text)
    given = ["--config", str(tmp_path / "c.yml")]
    result = CliRunner().invoke(cli.run, given, prog_name="sea-ice-kedro")
    assert result.exit_code == 1
    assert re.search(said, result.output)


@pytest.mark.parametrize("place", ["/big/a::b", "/big/{br}", "${x}"])
def test_a_place_that_would_be_read_as_more_than_a_name_is_refused(monkeypatch, place):
    monkeypatch.setenv("SEA_ICE_DATA", place)
    with pytest.raises(ClickException, match="expected SEA_ICE_DATA to be a path"):
        cli.expect_plain_places()
    monkeypatch.setenv("SEA_ICE_DATA", "gs://bucket/season 1")
    cli.expect_plain_places()


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ("--env=tset", 1, "conf/tset"),
        ("--pipeline-s=a", 2, "No such option"),
    ],
)
def test_what_is_misspelt_is_said_in_words(data_root, capsys, given, code, words):
    ended, out, err = command_here(capsys, given)
    assert ended == code
    assert words in err
    assert "Traceback" not in out + err


def test_viz_without_its_package_says_how_to_get_it():
    result = CliRunner().invoke(cli._viz, ["run", "--no-browser"])
    assert result.exit_code == 1
    assert "sea_ice_kedro[viz]" in result.output


def chained(error, cause):
    error.__cause__ = cause
    return error


@pytest.fixture
def ended(monkeypatch):
    """End a run by an error: what the command then does and writes."""
    monkeypatch.delenv("SEA_ICE_TRACE", raising=False)

    def end(error):
        def fail(**_):
            raise error

        monkeypatch.setattr(cli.kedro_run, "callback", fail)
        return CliRunner().invoke(cli.run, [])

    return end


@pytest.mark.parametrize(
    "error",
    [
        MissingInput("expected [red] scenes"),
        chained(DatasetError("a wrapper"), MissingInput("expected [red] scenes")),
    ],
)
def test_our_own_errors_end_a_run_in_words(ended, error):
    result = ended(error)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: expected [red] scenes\n")
    assert "SEA_ICE_TRACE=1" in result.stderr
    assert result.stdout == ""


def test_no_key_of_an_address_is_shown(ended):
    result = ended(
        MissingInput("expected scenes at https://host/v1?token=SECRET, got none")
    )
    assert "expected scenes at https://host/v1?... got none" in result.stderr


def test_other_errors_end_a_run_with_their_frames_where_there_is_no_log(ended):
    error = ZeroDivisionError("nobody thought of this")
    assert ended(error).exception is error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("by [red]"), "Error: ZeroDivisionError: by [red]\n"),
        (MissingInput("expected scenes"), "Error: expected scenes\n"),
    ],
)
def test_every_error_ends_a_run_in_a_line_and_has_its_frames_in_the_log(
    ended, tmp_path, error, said
):
    open_file(tmp_path / "info.log")
    result = ended(error)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(said)
    assert f"full log: {tmp_path / 'info.log'};" in result.stderr
    written = (tmp_path / "info.log").read_text()
    assert "the run ended with\nTraceback" in written
    assert "test_cli.py" in written


def test_all_errors_have_frames_when_asked_for(ended, monkeypatch):
    monkeypatch.setenv("SEA_ICE_TRACE", "1")
    error = PartitionsFailed([])
    assert ended(error).exception is error


def test_a_notebook_gets_the_error_itself(ended, monkeypatch):
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    error = MissingInput("expected scenes")
    assert ended(error).exception is error
