import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.project import pipelines

from sea_ice_kedro import __main__, __version__
from sea_ice_kedro.help_page import help_page, pipelines_in_words
from sea_ice_kedro.pipelines import ON_REQUEST
from tests.runs import ROOT


def test_help_names_every_option_of_a_run():
    options = {flag for option in kedro_run.params for flag in option.opts}
    page = help_page()
    assert len(options) >= 20
    assert {flag for flag in options if not re.search(rf"{flag}[ ,\n]", page)} == set()


def test_help_has_a_line_for_every_pipeline_and_says_which_wait_to_be_named(project):
    pipelines.configure("sea_ice_kedro.pipeline_registry")
    registered = set(pipelines) - {"__default__"}
    in_words = pipelines_in_words()
    assert set(in_words) == registered
    assert [name for name, words in in_words.items() if len(words) < 20] == []
    assert list(in_words)[:3] == ["ingestion", "filtering", "autolabel"]
    page = " ".join(help_page().split())
    assert page.count("(only when asked for)") == len(ON_REQUEST)


def test_help_fits_a_terminal_of_100_columns():
    assert max(map(len, help_page().splitlines())) <= 100


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["run", "--help"]])
def test_help_is_said_however_it_is_asked_for(capsys, arguments):
    __main__.main(arguments)
    assert capsys.readouterr().out == f"{help_page()}\n"


def test_the_version_is_the_packages(capsys):
    __main__.main(["--version"])
    assert capsys.readouterr().out == f"sea-ice-kedro {__version__}\n"


def test_help_imports_neither_kedro_nor_anything_that_takes_long():
    code = "import sys, sea_ice_kedro.__main__ as m; m.main(['--help']);"
    code += "print(sorted({n.partition('.')[0] for n in sys.modules}))"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[-1]
    for heavy in ("kedro", "numpy", "pandas", "tensorflow", "pyspark", "rasterio"):
        assert f"'{heavy}'" not in said


def test_what_is_not_understood_ends_with_2_and_says_where_help_is(monkeypatch):
    told = {}

    def exiting(code):
        told["code"] = code
        raise SystemExit(code)

    monkeypatch.setattr(sys, "exit", exiting)
    with pytest.raises(SystemExit):
        __main__.main(["--copy-conf"])
    assert told["code"] == 2
    result = CliRunner().invoke(
        kedro_run, ["--pipelin", "a"], prog_name="sea-ice-kedro"
    )
    assert result.exit_code == 2
    assert "sea-ice-kedro --help" in result.output
