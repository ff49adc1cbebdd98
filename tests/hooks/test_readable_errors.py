import sys

import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets.failures import PartitionsFailed
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.hooks import ReadableErrorHooks


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
