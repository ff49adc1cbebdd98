"""The examples of docs/extend, done as they say."""

from importlib.util import find_spec

import pytest

from tests.docs.blocks import Block, blocks_of
from tests.docs.worked_examples import copy_project, follow, run
from tests.runs import ROOT

EXTEND = ROOT / "docs" / "extend"
PAGES = sorted(path.stem for path in EXTEND.glob("*.md"))


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_worked_example_works(page, tmp_path):
    if page == "class" and not find_spec("tensorflow"):  # importing it takes long
        pytest.skip("needs TensorFlow: its run trains a network")
    copy = copy_project(tmp_path)
    follow(blocks_of(EXTEND / f"{page}.md"), copy)
    assert list(copy.glob("data/**/*.tif"))


@pytest.mark.parametrize("page", PAGES)
def test_the_changes_of_an_example_fit_the_code_as_it_is(page, tmp_path):
    changes = [b for b in blocks_of(EXTEND / f"{page}.md") if b.language == "diff"]
    follow(changes, copy_project(tmp_path))
    assert changes


@pytest.mark.documented
def test_the_copy_is_what_runs(tmp_path):
    copy = copy_project(tmp_path)
    where = "import sea_ice_kedro; print(sea_ice_kedro.__file__)"
    said = run(f".venv/bin/python -c '{where}'", copy, Block("", 0, "sh", "", ""))
    assert said.strip() == str(copy / "src/sea_ice_kedro/__init__.py")
