"""The notebooks: stored without output, run from top to bottom, each on its own."""

import nbformat
import pytest

from tests.runs import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [
    "1_a_scene_and_its_limits",
    "2_the_filter_under_the_microscope",
    "3_train_and_judge",
    "4_a_season_of_ice",
]

pytestmark = pytest.mark.documented


def by_name(path):
    return path.stem


@pytest.fixture
def executed(tmp_path, monkeypatch):
    """Run a notebook in a kernel of its own, in its folder, with a data root of its own."""
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("SEA_ICE_DATA", str(tmp_path))
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    # what asks another host fails: nothing listens there
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    def run(path):
        notebook = nbformat.read(path, as_version=4)
        where = {"metadata": {"path": str(path.parent)}}
        return nbclient.NotebookClient(
            notebook, timeout=240, kernel_name="python3", resources=where
        ).execute()

    return run


def html_of(notebook):
    """Everything that cells show as HTML: tables, figures, the script of figures."""
    return [
        output["data"]["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]


def test_there_are_four():
    assert [path.stem for path in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_a_notebook_is_stored_without_what_it_showed(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [c.outputs for c in code if c.outputs or c.execution_count] == []
    assert notebook.cells[0].source.startswith("# ")


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_a_notebook_runs_and_draws_without_a_network(path, executed):
    shown = html_of(executed(path))
    (script,) = (html for html in shown if "sea_ice_define" in html)
    figures = [html for html in shown if "Plotly.newPlot" in html and html != script]
    assert figures
    assert [html for html in figures if "src=" in html] == []
