"""The scripts of deploy/dataproc, run where there is no Google Cloud."""

import os
import re
import shlex
import shutil
import subprocess

from tests.runs import ROOT

DATAPROC = ROOT / "deploy" / "dataproc"
SCRIPTS = sorted(DATAPROC.glob("*.sh"))
EXAMPLE = DATAPROC / "settings.env.example"

# All that the scripts need of a machine, besides what a dry run only shows.
_TOOLS = (
    "bash basename cat chmod cp dirname env grep ln mkdir mktemp paste rm sed tar uname"
)


def settings():
    """The settings of the example file, as a shell reads them."""
    names = re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    show = "; ".join(f'printf "%s\\n" "${name}"' for name in names)
    values = subprocess.run(
        ["bash", "-c", f". {shlex.quote(str(EXAMPLE))}; {show}"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return dict(zip(names, values, strict=True))


def bare_machine(folder):
    """Make a folder of programs for PATH, without gcloud, docker, uv and kedro."""
    folder.mkdir()
    for tool in _TOOLS.split():
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


def program(folder, name, text):
    """Put a shell script on that machine."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def start(script, *arguments, machine, **variables):
    """Run a script with these variables and nothing else in its environment."""
    return subprocess.run(
        [script, *arguments],
        env={"PATH": str(machine), "SETTINGS": "none", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def shown(run):
    """The commands that a dry run has shown, as a shell would split them."""
    assert run.returncode == 0, run.stderr
    return [shlex.split(line) for line in run.stdout.splitlines()]


def properties(command):
    """The properties of a command's --properties, as gcloud would split them."""
    (text,) = [a for a in command if a.startswith("--properties=")]
    text = text.removeprefix("--properties=")
    separator = ","
    if text.startswith("^"):
        _, separator, text = text.split("^", 2)
    return dict(item.split("=", 1) for item in text.split(separator))
