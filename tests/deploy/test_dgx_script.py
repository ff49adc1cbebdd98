import shlex
import subprocess

from tests.runs import ROOT

SCRIPT = ROOT / "deploy/dgx/train.sh"


def said(*arguments, **kwargs):
    command = ["bash", str(SCRIPT), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, **kwargs
    )


def test_a_dry_run_shows_the_command_and_runs_nothing(tmp_path):
    root = tmp_path / "sea ice"
    root.mkdir()
    shown = said("--dry-run", root, "--params", "modeling.training.epochs=5", env={})
    assert shown.returncode == 0, shown.stderr
    words = shlex.split(shown.stdout)
    assert words[:2] == ["docker", "run"]
    assert f"{root}:/data" in words
    assert words[-7:] == [
        *("run", "--pipelines", "modeling,evaluation", "--env", "dgx"),
        *("--params", "modeling.training.epochs=5"),
    ]


def test_help_tells_what_the_folder_is():
    helped = said("--help")
    assert helped.returncode == 0
    assert "deploy/dgx/train.sh [--dry-run] /raid/sea_ice" in helped.stdout
    assert "set -euo" not in helped.stdout


def test_a_folder_that_is_not_there_is_refused():
    refused = said("/nowhere")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "got: /nowhere" in refused.stderr
