import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future

import pytest

from sea_ice_kedro.interrupts import Interrupts
from sea_ice_kedro.sources.folder import SceneFile
from tests.fabricate import folder_of_scenes
from tests.hooks.test_record import recorded
from tests.runs import from_folder, run_here


@pytest.fixture(autouse=True)
def handler():
    before, of_threads = signal.getsignal(signal.SIGINT), threading.excepthook
    yield before
    signal.signal(signal.SIGINT, before)
    threading.excepthook = of_threads


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


def test_after_ctrl_c_no_trace_of_a_pool_whose_workers_were_ended_is_shown(capsys):
    Interrupts().expect(lambda: None)
    threading.excepthook = threading.__excepthook__  # pytest has one of its own
    with pytest.raises(SystemExit):
        ctrl_c()
    cancelled = Future()
    cancelled.cancel()
    pool = threading.Thread(target=cancelled.set_exception, args=[OSError()])
    pool.start()
    pool.join()
    assert "Traceback" not in capsys.readouterr().err


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


INTERRUPTED_AT = """
import os, signal, sys
class At:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, At())
sys.argv = {argv!r}
# as in a terminal: what runs in the background ignores it from the start
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


def interrupted_at(name, argv, program):
    code = INTERRUPTED_AT.format(name=name, argv=argv) + program
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("name", "command", "program"),
    [
        ("sea_ice_kedro.hooks", "kedro", "import sea_ice_kedro.settings"),
        ("click", "sea-ice-kedro", "from sea_ice_kedro.__main__ import main; main()"),
        ("kedro", "sea-ice-kedro", "from sea_ice_kedro.__main__ import main; main()"),
    ],
    ids=["kedro run", "sea-ice-kedro", "sea-ice-kedro, later"],
)
def test_ctrl_c_does_so_before_a_run_has_begun(name, command, program):
    ended = interrupted_at(name, [command, "run"], program)
    assert ended.returncode == 130, ended.stderr
    assert ended.stderr.strip() == (
        "Interrupted: what is done stays done; the same command goes on from there."
    )


def test_other_commands_of_kedro_s_end_as_kedro_ends_them():
    program = "import sea_ice_kedro.settings"
    ended = interrupted_at("sea_ice_kedro.hooks", ["kedro", "viz"], program)
    assert "KeyboardInterrupt" in ended.stderr
