"""Every block of the documentation is of a kind that a test tries."""

import os
import shutil
import subprocess
import sys

import pytest
import yaml
from kedro.framework.project import pipelines

from sea_ice_kedro.sources.earth_engine_search import configure, entry_in
from tests.docs.blocks import PAGES, blocks_of
from tests.docs.places import regions
from tests.runs import ROOT, configuration
from tests.test_conventions import leaves, parameters_in_use

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
TRIED = {
    "sh": "tests/docs/test_commands.py, tests/docs/test_worked_examples.py",
    "python": "here; on pages of docs/extend, tests/docs/test_worked_examples.py",
    "diff": "tests/docs/test_worked_examples.py",
    "yaml": "here",
    "json": "here",
    "text": "nobody: a drawing, a formula, or what a program printed",
}
EXAMPLES = "docs/extend/"


def in_language(*names):
    found = [b for b in BLOCKS if b.language in names and EXAMPLES not in b.page]
    return pytest.mark.parametrize("block", found, ids=str)


def test_every_block_says_its_language_and_somebody_tries_it():
    assert [str(block) for block in BLOCKS if block.language not in TRIED] == []
    assert len(BLOCKS) >= 55


def test_diffs_and_files_are_for_worked_examples():
    wrong = [b for b in BLOCKS if b.language == "diff" or b.title]
    assert [str(block) for block in wrong if EXAMPLES not in block.page] == []


def values_at(nested, name):
    for part in name.split("."):
        nested = nested.get(part, {}) if isinstance(nested, dict) else {}
    return nested


def merged(below, above):
    both = dict(below)
    for key, value in above.items():
        known = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if known else value
    return both


@in_language("yaml", "json")
def test_settings_are_such_that_the_project_takes(block, project, tmp_path):
    bay = str(regions(tmp_path / "bay.geojson"))
    text = block.text.replace("/path/to/my_bay.geojson", bay)
    given = yaml.safe_load(text)  # JSON is YAML, too
    assert isinstance(given, dict)
    if given.keys() == {"earth_engine"}:
        (tmp_path / "credentials.yml").write_text(block.text)
        configure(entry_in(tmp_path / "credentials.yml"), tmp_path)
        configure({}, tmp_path)
        return
    settings = configuration("base")["parameters"]
    if not given.keys() <= settings.keys():
        return  # a catalog, or what another program reads: it is YAML
    assert set(leaves(given)) <= set(leaves(settings))
    for name, record in parameters_in_use(dict(pipelines)).items():
        if values_at(given, name):
            assert record(**merged(values_at(settings, name), values_at(given, name)))


PYTHON = sorted({b.page for b in BLOCKS if b.language == "python"} - {""})


@pytest.mark.documented
@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PYTHON if EXAMPLES not in p])
def test_python_of_a_page_runs_from_its_top_to_its_end(page, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "data")
    texts = [b.text for b in BLOCKS if b.page == page and b.language == "python"]
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(texts)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
