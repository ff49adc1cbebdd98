import subprocess
import sys

import plotly.graph_objects as go
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import FigureDataset
from tests.runs import expect_whole


def figure():
    bars = go.Bar(x=["Eis ä", "001"], y=[0.25, 0.75])
    return go.Figure(bars, layout={"title": {"text": "shares"}})


def saved(path):
    dataset = FigureDataset(filepath=str(path))
    dataset.save(figure())
    return dataset


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_a_figure_survives(tmp_path, place):
    path = tmp_path / "f.json" if place == "disk" else "memory://figures-of-tests/f"
    loaded = saved(path).load()
    assert isinstance(loaded, go.Figure)
    assert loaded.to_dict() == figure().to_dict()


def test_the_same_figure_gives_the_same_bytes_and_no_other_file(tmp_path):
    saved(tmp_path / "a.json")
    saved(tmp_path / "b.json")
    for form in ("json", "svg", "png"):
        made = [(tmp_path / f"{name}.{form}").read_bytes() for name in "ab"]
        assert made[0] == made[1]
    expect_whole(tmp_path / "a.json")
    files = {f"{name}.{form}" for name in "ab" for form in ("json", "svg", "png")}
    assert {path.name for path in tmp_path.iterdir()} == files


class Unspeakable:
    """A figure that cannot be written."""

    def to_json(self):
        return "{" + 100_000 * " " + "\ud800"  # half a character: not UTF-8


def test_an_error_while_writing_keeps_the_old_figure(tmp_path):
    dataset = saved(tmp_path / "f.json")
    before = (tmp_path / "f.json").read_bytes()
    with pytest.raises(DatasetError, match="surrogates not allowed"):
        dataset.save(Unspeakable())
    assert (tmp_path / "f.json").read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"f.json", "f.svg", "f.png"}


def days(*names):
    bars = [go.Bar(x=["a"], y=[0.5], name=name) for name in names]
    steps = [
        {"label": n, "args": [{"visible": [n == m for m in names]}, {"title.text": n}]}
        for n in names
    ]
    return go.Figure(bars, layout={"sliders": [{"steps": steps}]})


def test_each_day_that_a_page_lets_one_choose_is_a_file_and_days_that_went_are_none(
    tmp_path,
):
    dataset = FigureDataset(filepath=str(tmp_path / "f.json"))
    dataset.save(days("2019-11-03", "2019-11-04"))
    assert (tmp_path / "f" / "2019-11-03.svg").exists()
    dataset.save(days("2019-11-04", "day not known"))
    assert {p.name for p in (tmp_path / "f").iterdir()} == {
        f"{name}.{form}"
        for name in ("2019-11-04", "day_not_known")
        for form in ("svg", "png")
    }


def test_a_figure_that_cannot_be_written_says_where(tmp_path):
    (tmp_path / "figures").write_text("a file where a folder should be")
    with pytest.raises(DatasetError, match=r"f\.json: expected to write it to"):
        saved(tmp_path / "figures" / "f.json")


def test_a_figure_that_is_not_there_does_not_exist_and_is_not_loaded(tmp_path):
    dataset = FigureDataset(filepath=str(tmp_path / "none.json"))
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="No such file"):
        dataset.load()
    assert saved(tmp_path / "none.json").exists()


def test_kedro_viz_gets_the_figure_and_finds_its_type(tmp_path):
    preview = saved(tmp_path / "f.json").preview()
    assert preview["data"][0]["y"] == [0.25, 0.75]
    assert preview["layout"]["title"] == {"text": "shares"}
    shown = FigureDataset.preview.__annotations__["return"]
    assert shown.__name__ == "PlotlyPreview"


def test_a_figure_describes_itself_by_its_file():
    dataset = FigureDataset(filepath="f.json", metadata={"kedro-viz": {}})
    assert "filepath='f.json'" in str(dataset).replace('"', "'")
    assert dataset.metadata == {"kedro-viz": {}}


def test_a_worker_that_makes_maps_loads_no_library_of_tables_or_figures():
    code = "import sys, sea_ice_kedro.datasets, sea_ice_kedro.training.predict, sea_ice_kedro.sources.folder; "
    code += "sys.exit(bool({'pandas', 'plotly', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
