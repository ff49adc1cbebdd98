import sys

import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets.failures import PartitionsFailed
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.hooks import ReadableErrorHooks
from sea_ice_kedro.hooks.run_log import LOG


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


def test_no_key_of_an_address_is_shown(excepthook, capsys):
    excepthook(
        MissingInput("expected scenes at https://host/v1?token=SECRET, got none")
    )
    assert "expected scenes at https://host/v1?... got none" in capsys.readouterr().err


def test_other_errors_end_a_run_with_their_frames_where_there_is_no_log(
    excepthook, capsys
):
    excepthook(ZeroDivisionError("nobody thought of this"))
    assert capsys.readouterr().out == "a page of frames\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("by [red]"), "Error: ZeroDivisionError: by [red]\n"),
        (MissingInput("expected scenes"), "Error: expected scenes\n"),
    ],
)
def test_every_error_ends_a_run_in_a_line_and_has_its_frames_in_the_log(
    excepthook, capsys, tmp_path, error, said
):
    LOG.open(tmp_path / "info.log")
    try:
        raise error
    except type(error) as raised:
        excepthook(raised)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(said)
    assert f"all of it is in {tmp_path / 'info.log'};" in captured.err
    written = (tmp_path / "info.log").read_text()
    assert "the run ended with\nTraceback" in written
    assert "test_readable_errors.py" in written


def test_all_errors_have_frames_when_asked_for(excepthook, capsys, monkeypatch):
    monkeypatch.setenv("SEA_ICE_TRACE", "1")
    excepthook(PartitionsFailed([]))
    assert capsys.readouterr().out == "a page of frames\n"
