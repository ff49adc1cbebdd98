"""What a reader of a worked example does, done on a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import commands_of
from tests.runs import ROOT

_COPIED = ("src", "conf", "tests", "pyproject.toml", ".telemetry")
_FILE = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)
_HUNK = re.compile(r"^@@.*\n", re.MULTILINE)


def copy_project(folder):
    """Copy what the project runs from; nothing that runs have made."""
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            # What numba has compiled stays, for what the example leaves as it is.
            unwanted = shutil.ignore_patterns("*.pyc", "*.egg-info", "local")
            shutil.copytree(source, folder / name, ignore=unwanted)
        else:
            shutil.copy(source, folder / name)
    (folder / "conf" / "local").mkdir()
    return folder


def follow(blocks, folder):
    """Do what the blocks of a page say, in order; give what their commands printed."""
    said = []
    for block in blocks:
        if block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif block.language == "diff":
            apply(block, folder)
        elif block.language == "sh":
            said += [run(command, folder, block) for command in commands_of(block.text)]
        else:
            raise AssertionError(f"{block}: what is a reader to do with this?")
    return said


def apply(block, folder):
    """Change a file as a diff says; each of its hunks must fit in exactly one place."""
    (name,) = _FILE.findall(block.text)
    path = folder / name
    text = path.read_text()
    for hunk in _HUNK.split(block.text)[1:]:
        lines = hunk.splitlines()
        before = _side(lines, " -")
        places = text.count(before)
        assert places == 1, f"{block}: this is in {name} {places} times:\n{before}"
        text = text.replace(before, _side(lines, " +"))
    path.write_text(text)


def _side(lines, marks):
    """The lines of one side of a hunk; an empty one stands for itself."""
    kept = [line[1:] for line in lines if (line or " ")[0] in marks]
    return "".join(f"{line}\n" for line in kept)


def run(command, folder, block):
    """Run a command of a page in the copy, on small data; give what it printed."""
    bin_folder = Path(sys.executable).parent
    ran = subprocess.run(
        ["bash", "-ceu", command.replace(".venv/bin/", f"{bin_folder}/")],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": f"{folder / 'src'}:{folder}",
            "KEDRO_ENV": "test",
            "SEA_ICE_DATA": "data",
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, f"{block}: {command}\n{ran.stdout}{ran.stderr}"
    return ran.stdout
