import re

import pytest
from click import ClickException
from click.testing import CliRunner

from sea_ice_kedro import cli


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


def test_viz_without_its_package_says_how_to_get_it():
    result = CliRunner().invoke(cli._viz, ["run", "--no-browser"])
    assert result.exit_code == 1
    assert "sea_ice_kedro[viz]" in result.output
