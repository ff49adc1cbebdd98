"""Every command of the documentation is known, and tried."""

import re
import shutil
from contextlib import ExitStack
from dataclasses import replace

import pytest

from sea_ice_kedro.hooks import checks
from tests.docs import runners
from tests.docs.blocks import PAGES, blocks_of, commands_of, inline_commands_of
from tests.docs.commands import RULES, plain, rule_for
from tests.docs.places import make_places, serve_earth_engine
from tests.runs import ROOT

HOW = {
    *("a part of one", "make", "uv", "help", "parsed", "run", "benchmark", "file"),
    *("cloud", "shell", "dry run", "elsewhere", "on products"),
}


def shown():
    """Give each command once, with where it is shown first.

    Blocks of docs/extend are for test_worked_examples.
    """
    found = {}
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        in_blocks = [
            (command, str(block))
            for block in blocks_of(page)
            if block.language == "sh" and not name.startswith("docs/extend/")
            for command in commands_of(block.text)
        ]
        for command, where in [
            *in_blocks,
            *((c, name) for c in inline_commands_of(page)),
        ]:
            found.setdefault(plain(command), where)
    return found


SHOWN = shown()


def test_commands_are_found():
    assert len(SHOWN) >= 90
    assert "make run" in SHOWN


def test_every_command_is_one_that_a_rule_knows():
    unknown = {c: where for c, where in SHOWN.items() if rule_for(c) is None}
    assert unknown == {}


def test_every_run_of_named_scenes_names_a_data_root_of_their_own():
    sources = [c for c in SHOWN if re.search(r"kedro run .*ingestion\.source=\w", c)]
    assert len(sources) >= 10
    assert [c for c in sources if "SEA_ICE_DATA=" not in c] == []


def test_every_rule_says_how_its_commands_are_tried():
    assert {rule.how for rule in RULES} == HOW


@pytest.fixture
def data(finished, tmp_path, monkeypatch):
    """A copy of it, where runs of this process write to."""
    root = shutil.copytree(finished, tmp_path / "data")
    monkeypatch.setenv("SEA_ICE_DATA", str(root))
    monkeypatch.setenv("KEDRO_ENV", "test")
    return root


@pytest.fixture
def places(data, command, tmp_path, monkeypatch):
    """What a reader would have, with the servers of a command on this machine."""
    (tmp_path / "in").mkdir()
    here = make_places(tmp_path / "in", data)
    with ExitStack() as stack:
        if "earth_engine" in command:
            url = serve_earth_engine(tmp_path, stack, monkeypatch)
            here = replace(here, names={**here.names, "{earth_engine}": url})
        yield here


def of_kind(*kinds):
    """Give the commands that are tried in one of these ways."""
    rules = {command: rule_for(command) for command in SHOWN}
    return [c for c, rule in rules.items() if rule is not None and rule.how in kinds]


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.parametrize("command", of_kind("run"))
def test_a_run_does_what_its_command_says(command, places, monkeypatch, tmp_path):
    variables, _ = runners.words_of(command)
    if "ingestion.source=" in command:  # a root of its own
        monkeypatch.setenv("SEA_ICE_DATA", str(tmp_path / "another"))
    for name in variables.keys() - {"SEA_ICE_DATA"}:
        monkeypatch.setenv(name, variables[name])
    runners.kedro(command, places, rule_for(command).params)


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.parametrize("command", of_kind("parsed"))
def test_a_run_of_more_than_this_machine_has_its_options_read(
    command, places, monkeypatch
):
    variables, _ = runners.words_of(command)
    for name in variables.keys() - {"SEA_ICE_DATA"}:
        monkeypatch.setenv(name, variables[name])
    # Horovod and GPUs may be absent here: tests/hooks/test_requirements.py refuses that.
    monkeypatch.setattr(checks, "expect_workers", lambda workers: None)
    runners.up_to_the_work(command, places, monkeypatch)
    runners.elsewhere(rule_for(command).elsewhere)


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.parametrize("command", of_kind("benchmark"))
def test_a_benchmark_knows_its_options(command, monkeypatch):
    runners.options_of_benchmark(command, monkeypatch)


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.parametrize("command", of_kind("on products"))
def test_another_program_opens_what_a_run_has_made(command, data):
    runners.on_products(command, data)


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.parametrize("command", of_kind("uv", "help"))
def test_a_program_knows_its_options(command):
    runners.uv_dry_run(command) if "uv sync" in command else runners.help_of(command)


@pytest.mark.parametrize("command", of_kind("make", "file", "elsewhere"))
def test_what_other_tests_run_is_there(command):
    rule = rule_for(command)
    if rule.how == "make":
        runners.make_target(command)
    elif rule.how == "file":
        runners.pytest_file(command)
    else:
        runners.elsewhere(rule.elsewhere)


@pytest.mark.documented
@pytest.mark.parametrize("command", of_kind("cloud", "shell", "dry run"))
def test_a_command_to_elsewhere_is_well_formed(command, tmp_path):
    how = rule_for(command).how
    if how == "shell":
        runners.shell(command, tmp_path)
    elif how == "dry run":
        runners.dry_run(command, tmp_path)
    else:
        (tmp_path / "data").mkdir()
        here = make_places(tmp_path / "in", tmp_path / "data")
        runners.in_the_cloud(command, here, tmp_path / "bin")
