"""The examples of docs/extend, done as they say."""

from importlib.util import find_spec

import pytest

from tests.docs.blocks import Block, blocks_of
from tests.docs.worked_examples import copy_project, follow, run
from tests.runs import ROOT

EXTEND = ROOT / "docs" / "extend"


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(p.stem for p in EXTEND.glob("*.md")))
def test_a_worked_example_works(page, tmp_path):
    if page == "class" and not find_spec("tensorflow"):  # importing it takes long
        pytest.skip("needs TensorFlow: its run trains a network")
    copy = copy_project(tmp_path)
    follow(blocks_of(EXTEND / f"{page}.md"), copy)
    assert list(copy.glob("data/**/*.tif"))


@pytest.mark.documented
def test_the_copy_is_what_runs(tmp_path):
    copy = copy_project(tmp_path)
    where = "import sea_ice_kedro; print(sea_ice_kedro.__file__)"
    said = run(f".venv/bin/python -c '{where}'", copy, Block("", 0, "sh", "", ""))
    assert said.strip() == str(copy / "src/sea_ice_kedro/__init__.py")
