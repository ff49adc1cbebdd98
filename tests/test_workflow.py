"""The workflow of continuous integration calls what is there."""

import re

import yaml

from tests.runs import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
MATRIX = WORKFLOW["jobs"]["stage"]["strategy"]["matrix"]


def makes(text):
    """Name the targets of make that a script calls."""
    called = re.findall(r"\bmake ([a-z -]+)$", text, re.MULTILINE)
    return {target for line in called for target in line.split()}


def test_a_pull_request_goes_through_every_stage_of_the_projects_own_check():
    stages = {t for one in MATRIX["include"] for t in one["target"].split()}
    stages |= {*MATRIX["target"], "docs"}
    assert stages == makes((ROOT / ".ci/run").read_text())


def test_every_python_that_the_project_supports_is_tested():
    text = (ROOT / "pyproject.toml").read_text()
    first, end = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', text).groups()
    supported = [f"3.{minor}" for minor in range(int(first), int(end))]
    assert [one["python"] for one in MATRIX["include"]] == supported
    for python in supported:
        assert f'"Programming Language :: Python :: {python}"' in text
