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


def test_viz_without_its_package_says_how_to_get_it():
    result = CliRunner().invoke(cli._viz, ["run", "--no-browser"])
    assert result.exit_code == 1
    assert "sea_ice_kedro[viz]" in result.output
