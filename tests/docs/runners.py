"""How the commands of the documentation are tried."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest
from kedro.framework.cli.cli import KedroCLI
from kedro.runner import SequentialRunner

from sea_ice_kedro.cli import RunFailed
from sea_ice_kedro.errors import MissingInput
from tests.docs import cloud
from tests.docs.commands import plain
from tests.runs import ROOT

BIN = Path(sys.executable).parent


class Reached(Exception):
    """All that comes before the work went well."""


def words_of(command):
    """Split a command into its variables and its words."""
    words = shlex.split(plain(command))
    count = next((i for i, w in enumerate(words) if not re.match(r"\w+=", w)), 0)
    return dict(word.split("=", 1) for word in words[:count]), words[count:]


def kedro(command, places, more=""):
    """Run a `kedro` command in this process, with its places put in."""
    _, words = words_of(command)
    arguments = [places.put_into(word) for word in words[1:]]
    if more:
        arguments = _with_params(arguments, places.put_into(more))
    KedroCLI(ROOT).main(arguments, standalone_mode=False)


def _with_params(arguments, more):
    if "--params" not in arguments:
        return [*arguments, "--params", more]
    at = arguments.index("--params") + 1
    return [*arguments[:at], f"{arguments[at]},{more}", *arguments[at + 1 :]]


def up_to_the_work(command, places, monkeypatch):
    """Run a `kedro run` command up to its first node.

    A run on a cluster, whose data are elsewhere, may say that its inputs are not there:
    by then its options and parameters have been checked.
    """

    def reached(self, *args, **kwargs):
        raise Reached

    monkeypatch.setattr(SequentialRunner, "run", reached)
    with pytest.raises((Reached, RunFailed)) as ended:
        kedro(command, places)
    assert isinstance(ended.value.__cause__ or ended.value, Reached | MissingInput)


def options_of_benchmark(command, monkeypatch):
    """Have a benchmark read its options, and nothing more."""
    _, words = words_of(command)
    module, arguments = words[2], words[3:]
    path = ROOT / module.replace(".", "/")
    file = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    if "ArgumentParser" not in file.read_text():
        assert arguments == [], f"{module} takes no options"
        return
    parse = ArgumentParser.parse_args

    def reached(self, *args, **kwargs):
        parse(self, *args, **kwargs)
        raise Reached

    monkeypatch.setattr(ArgumentParser, "parse_args", reached)
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    monkeypatch.delitem(sys.modules, module, raising=False)  # an earlier one's
    with pytest.raises(Reached):
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def make_target(command):
    """See that the target is there, and that the project's own check makes it."""
    _, (_, target) = words_of(command)
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    called = rf"^[^#\n]*\bmake {target}\b"
    assert re.search(called, (ROOT / ".ci/run").read_text(), re.MULTILINE)


def uv_dry_run(command):
    """Have uv resolve what it would install, from the lock file."""
    _, words = words_of(command)
    uv = ROOT / ".tools" / "uv"
    if not uv.exists():
        pytest.skip("needs .tools/uv: make test-docs brings it")
    ran = subprocess.run(
        [uv, *words[1:], "--dry-run", "--locked"],
        cwd=ROOT,
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr


def help_of(command):
    """Ask a program for help on what the command does, with its options."""
    _, words = words_of(command)
    program = BIN / words[0]
    helped = [] if "--help" in words else ["--help"]
    if not program.exists() and not shutil.which(words[0]):
        pytest.skip(f"needs {words[0]}")
    ran = subprocess.run(
        [program if program.exists() else words[0], *words[1:], *helped],
        cwd=ROOT,
        env={**os.environ, "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr


def shell(command, folder):
    """Run a shell command in a folder with a copy of what is deployed."""
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    subprocess.run(["bash", "-ceu", command], cwd=folder, check=True, timeout=60)


def on_products(command, data):
    """Run another program on what a run has made; without it, see that that is there."""
    _, words = words_of(command)
    assert (data.parent / words[-1]).exists(), command
    if shutil.which(words[0]) and not words[0].endswith("open"):
        subprocess.run(words, cwd=data.parent, check=True, timeout=60)


def in_the_cloud(command, places, folder):
    """Run a command whose program is a stub that takes what the real one takes."""
    told = cloud.said_to_stubs(places.put_into(command), folder)
    cloud.expect_known(told)


def dry_run(command, folder):
    """Have a script of deploy/ show what it would do."""
    from tests.deploy.scripts import bare_machine, shown, start

    variables, words = words_of(command)
    place = {"PROJECT": "my-project", "BUCKET": "my-bucket", "DRY_RUN": "1"}
    machine = bare_machine(folder / "bin")
    script = ROOT / words[0]
    assert shown(start(script, *words[1:], machine=machine, **place, **variables))


def elsewhere(name):
    """See that the test which does the work is there."""
    file, _, test = name.partition("::")
    assert f"def {test}(" in (ROOT / file).read_text(), name


def pytest_file(command):
    """See that the file of tests is there; the other tests run it."""
    _, words = words_of(command)
    assert (ROOT / words[-1]).is_file()
