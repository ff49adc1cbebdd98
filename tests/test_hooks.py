import logging
import sys

import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets.failures import LEDGER, Failure, PartitionsFailed
from sea_ice_kedro.errors import InvalidOption, MissingInput
from sea_ice_kedro.hooks import FailureHooks, ReadableErrorHooks
from tests.fabricate import folder_of_scenes
from tests.runs import from_folder, run_here


@pytest.mark.parametrize(
    ("pipeline", "lines"),
    [
        (
            "autolabel",
            [
                "filtered_scenes@raster: made by: kedro run --pipelines filtering",
                "scene_index: made by: kedro run --pipelines ingestion",
            ],
        ),
        ("filtering", ["scenes@raster: made by: kedro run --pipelines ingestion"]),
    ],
)
def test_a_pipeline_without_its_input_says_which_pipeline_makes_it(
    data_root, pipeline, lines
):
    with pytest.raises(MissingInput) as error:
        run_here(pipeline)
    assert [line for line in lines if line not in str(error.value)] == []


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"autolabl": {"thresholds": {"thin_ice_min": 20}}}, "autolabl.thresholds"),
        ({"autolabel": {"threshold": {"thin_ice_min": 20}}}, "autolabel.threshold."),
        ({"engine": {"nmae": "threads"}}, "engine.nmae"),
        ({"x": 1}, "got x,"),
    ],
)
def test_a_parameter_that_nothing_reads_is_refused_by_name(data_root, parameters, name):
    with pytest.raises(InvalidOption, match="which nothing reads") as error:
        run_here("ingestion", **parameters)
    assert name in str(error.value)
    assert "autolabel.thresholds, engine.name, engine.workers, evaluation" in str(
        error.value
    )


def test_a_parameter_of_another_pipeline_than_the_one_that_runs_is_fine(data_root):
    run_here("ingestion", autolabel={"thresholds": {"thin_ice_min": 20}})


def test_the_places_of_the_products_are_said_at_the_end(data_root, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        run_here(**from_folder(folder_of_scenes(tmp_path / "in", 1)))
    assert f"quicklooks: {data_root}/08_reporting/quicklooks" in caplog.text
    assert f"class_shares: {data_root}/08_reporting/class_shares.json" in caplog.text


def test_what_failed_before_another_error_is_said_as_well(caplog):
    LEDGER.open()
    LEDGER.record([Failure("scenes", "a", "a.png: damaged")])
    FailureHooks().on_pipeline_error()
    assert "scenes / a: a.png: damaged" in caplog.text
    assert not LEDGER.is_open


def chained(error, cause):
    error.__cause__ = cause
    return error


@pytest.fixture
def excepthook(monkeypatch):
    """What ends a run, with a plain hook under ours."""
    monkeypatch.setattr(sys, "excepthook", lambda *_: print("a page of frames"))  # noqa: T201
    monkeypatch.delenv("SEA_ICE_TRACE", raising=False)

    def show(error):
        ReadableErrorHooks().after_context_created()
        sys.excepthook(type(error), error, None)

    return show


@pytest.mark.parametrize(
    "error",
    [
        MissingInput("expected [red] scenes"),
        chained(DatasetError("a wrapper"), MissingInput("expected [red] scenes")),
    ],
)
def test_our_own_errors_end_a_run_in_words(excepthook, capsys, error):
    excepthook(error)
    captured = capsys.readouterr()
    assert "Error: expected [red] scenes" in captured.err
    assert "SEA_ICE_TRACE=1" in captured.err
    assert captured.out == ""


def test_other_errors_end_a_run_with_their_frames(excepthook, capsys):
    excepthook(ZeroDivisionError("nobody thought of this"))
    assert capsys.readouterr().out == "a page of frames\n"


def test_all_errors_have_frames_when_asked_for(excepthook, capsys, monkeypatch):
    monkeypatch.setenv("SEA_ICE_TRACE", "1")
    excepthook(PartitionsFailed([]))
    assert capsys.readouterr().out == "a page of frames\n"
