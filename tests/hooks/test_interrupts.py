import os
import signal
import subprocess
import sys

import pytest

from sea_ice_kedro.interrupts import Interrupts
from sea_ice_kedro.sources.folder import SceneFile
from tests.fabricate import folder_of_scenes
from tests.hooks.test_record import recorded
from tests.runs import from_folder, run_here


@pytest.fixture(autouse=True)
def handler():
    before = signal.getsignal(signal.SIGINT)
    yield before
    signal.signal(signal.SIGINT, before)


def ctrl_c(*_):
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_a_run_with_a_line_and_exit_code_130(capsys):
    ends = []
    Interrupts().expect(lambda: ends.append("closed"))
    with pytest.raises(SystemExit) as end:
        ctrl_c()
    assert (end.value.code, ends) == (130, ["closed"])
    assert capsys.readouterr().err.strip() == (
        "Interrupted: what is done stays done; the same command goes on from there."
    )
    assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL  # a second one kills


def test_after_a_run_ctrl_c_does_what_it_did_before(handler):
    interrupts = Interrupts()
    interrupts.expect(lambda: None)
    assert signal.getsignal(signal.SIGINT) != handler
    interrupts.forget()
    assert signal.getsignal(signal.SIGINT) == handler


def test_the_record_says_that_a_run_was_interrupted(data_root, tmp_path, monkeypatch):
    folder = folder_of_scenes(tmp_path / "in", 1)
    monkeypatch.setattr(SceneFile, "fingerprint", ctrl_c)
    with pytest.raises(SystemExit):
        run_here("ingestion", **from_folder(folder))
    assert recorded(data_root).last_run.outcome == "interrupted"


@pytest.mark.parametrize(("command", "code"), [("run", 130), ("viz", 1)])
def test_ctrl_c_does_so_before_a_run_has_begun(command, code):
    program = (
        f"import os, signal, sys, time; sys.argv = ['kedro', '{command}']\n"
        # as in a terminal: what runs in the background ignores it from the start
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sea_ice_kedro.cli\n"
        "os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    if command == "run":
        assert ended.returncode == code
        assert ended.stderr.strip().startswith("Interrupted: what is done stays done")
    else:
        assert "KeyboardInterrupt" in ended.stderr
