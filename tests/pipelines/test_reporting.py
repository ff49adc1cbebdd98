"""The run report of whole runs, and of parts of them."""

import re

import pytest
from kedro.framework.project import pipelines

from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.pipelines.reporting import pictured
from tests.fabricate import cut, folder_of_scenes
from tests.runs import SCENE_PIPELINES, files, from_folder, run_here

REPORTED = [*SCENE_PIPELINES, "reporting"]


@pytest.fixture
def folder(tmp_path):
    """A folder with three small scenes a, b, c."""
    return folder_of_scenes(tmp_path / "in", 3)


def report(data_root):
    return (data_root / "08_reporting/report.html").read_text()


def pictures(html):
    return re.findall(r'<img class="(\w+)" data-name="\w+" src="data:image/webp', html)


def test_the_report_is_the_last_step_of_the_default_run(project):
    pipelines.set_requested(None)
    nodes = pipelines["__default__"].nodes
    assert nodes[-1].name == "reporting.write_report"


def test_a_run_of_the_labels_ends_with_a_report_that_says_what_it_lacks(
    data_root, folder
):
    run_here(*REPORTED, **from_folder(folder))
    html = report(data_root)
    assert pictures(html) == ["original", "filtered", "quality", "classes"] * 3
    assert "3 scenes" in html
    assert "Class maps by a network: <code>kedro run --pipelines inference" in html
    assert "autolabel.label_scenes" in html
    assert "<code>ingestion.source</code></th><td>sample</td><td>folder</td>" in html
    made = {n for n in files(data_root) if "report_pictures" in n}
    assert made == {f"08_reporting/report_pictures/{i}.zip" for i in "abc"}


def test_a_report_can_be_written_later_of_what_there_is(data_root, folder):
    run_here(*SCENE_PIPELINES, **from_folder(folder))
    assert not (data_root / "08_reporting/report.html").exists()
    run_here("reporting")
    html = report(data_root)
    assert len(pictures(html)) == 4 * 3
    assert "kedro run --env test --pipelines ingestion,filtering,autolabel" in html
    run_here("reporting", reporting={"pictured_scenes": 1})
    assert len(pictures(report(data_root))) == 4


def test_scenes_as_they_came_in_are_enough_for_a_report(data_root, folder):
    run_here("ingestion", "reporting", **from_folder(folder))
    assert pictures(report(data_root)) == ["original"] * 3


def test_without_any_scene_the_error_says_how_to_bring_some(data_root):
    with pytest.raises(
        MissingInput, match="--pipelines ingestion,filtering,autolabel,"
    ):
        run_here("reporting")


def test_the_report_is_there_and_tells_it_when_some_scenes_failed(data_root, folder):
    cut(folder / "b.tif", 0.5)
    with pytest.raises(PartitionsFailed, match=r"scenes / b: b\.tif"):
        run_here(*REPORTED, **from_folder(folder))
    html = report(data_root)
    assert "b.tif: expected a whole, readable raster" in html
    assert "Products of 1 scene could not be made" in html
    run_here("reporting")  # later, too
    assert "b.tif: expected a whole, readable raster" in report(data_root)


def test_a_scene_that_fails_in_the_middle_is_reported_with_what_there_is_of_it(
    data_root, folder
):
    run_here(*SCENE_PIPELINES, **from_folder(folder))
    (data_root / "02_intermediate/scenes/b.tif").write_text("damaged")
    with pytest.raises(PartitionsFailed):
        run_here("filtering", "autolabel", "reporting")
    html = report(data_root)
    assert len(pictures(html)) == 4 * 2
    assert "1 scene without a class map by brightness" in html
    assert "expected the filtered scene of scene b" in html


def test_a_second_run_says_how_long_the_first_one_worked(data_root, folder):
    for _ in range(2):
        run_here(*REPORTED, **from_folder(folder))
    html = report(data_root)
    assert html.count("3 made in ") >= 4
    assert html.count("<h3>Run of ") == 2


def test_a_report_in_a_bucket_is_that_of_a_disk(bucket, data_root, folder, monkeypatch):
    run_here(*REPORTED, **from_folder(folder))
    here = report(data_root)
    monkeypatch.setenv("SEA_ICE_DATA", f"{bucket.url}/season")
    run_here(*REPORTED, **from_folder(folder))
    there = report(bucket.get(data_root.parent / "there", "season"))
    shown = 'src="(data:image/webp[^"]+)"'
    assert re.findall(shown, there) == re.findall(shown, here)
    assert len(pictures(there)) == 4 * 3


@pytest.mark.parametrize(
    ("count", "at_most", "chosen"),
    [(3, 66, "abc"), (5, 3, "ace"), (5, 1, "a"), (5, 0, ""), (0, 3, "")],
)
def test_pictures_of_too_many_scenes_are_spread_evenly(count, at_most, chosen):
    assert "".join(pictured(list("abcde")[:count], at_most)) == chosen
