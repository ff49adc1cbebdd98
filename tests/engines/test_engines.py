"""What all engines promise, and what only processes can."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import cv2
import pytest

from sea_ice_kedro.engines import make_engine
from sea_ice_kedro.engines.local import _pool
from sea_ice_kedro.errors import WorkerLost
from tests.runs import ROOT

ENGINES = [
    "sequential",
    "threads",
    pytest.param("processes", marks=pytest.mark.slow),
]


def square_slowest_first(number):
    time.sleep(0.02 * (3 - number))
    return number * number


def refuse_two(number):
    if number == 2:
        raise ValueError("two is refused")
    return number


def opencv_threads(_):
    return cv2.getNumThreads()


def die_on_two(number):
    if number == 2:
        os._exit(1)
    return number


def be_killed_on_two(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_the_first_time(marker):
    path = Path(marker)
    if not path.exists():
        path.touch()
        os._exit(1)
    return "survived"


@pytest.mark.parametrize("name", ENGINES)
def test_results_come_in_the_order_of_the_items(name):
    engine = make_engine(name, 2)
    assert list(engine.map(square_slowest_first, [0, 1, 2, 3])) == [0, 1, 4, 9]


@pytest.mark.parametrize("name", ENGINES)
def test_nothing_to_do_gives_nothing(name):
    assert list(make_engine(name, 2).map(square_slowest_first, [])) == []


@pytest.mark.parametrize("name", ENGINES)
def test_an_exception_of_the_function_reaches_the_caller(name):
    with pytest.raises(ValueError, match="two is refused"):
        list(make_engine(name, 2).map(refuse_two, [1, 2, 3]))


@pytest.mark.parametrize("name", ENGINES)
def test_opencv_keeps_to_one_thread_inside_a_worker(name):
    assert list(make_engine(name, 2).map(opencv_threads, [0, 1])) == [1, 1]


@pytest.mark.parametrize("name", ["sequential", "threads"])
def test_opencv_has_its_threads_back_afterwards(name, request):
    request.addfinalizer(partial(cv2.setNumThreads, cv2.getNumThreads()))
    cv2.setNumThreads(2)
    list(make_engine(name, 2).map(opencv_threads, [0, 1]))
    assert cv2.getNumThreads() == 2


@pytest.mark.slow
@pytest.mark.parametrize("deadly", [die_on_two, be_killed_on_two])
def test_a_worker_that_dies_costs_its_own_item_only(deadly):
    results = list(make_engine("processes", 2).map(deadly, [0, 1, 2, 3, 4, 5]))
    assert [r for r in results if r != results[2]] == [0, 1, 3, 4, 5]
    assert isinstance(results[2], WorkerLost)
    assert "killed, or out of memory" in str(results[2])
    assert "fewer workers or smaller scenes" in str(results[2])


@pytest.mark.slow
def test_an_item_whose_worker_dies_once_is_tried_again(tmp_path):
    results = make_engine("processes", 1).map(
        die_the_first_time, [str(tmp_path / "marker")]
    )
    assert list(results) == ["survived"]


@pytest.mark.slow
def test_an_idle_worker_that_died_between_two_maps_costs_nothing():
    engine = make_engine("processes", 1)
    assert list(engine.map(refuse_two, [1])) == [1]
    (worker,) = _pool(1)._processes.values()
    worker.kill()
    worker.join()
    time.sleep(0.2)  # the pool notices
    assert list(engine.map(refuse_two, [3, 4, 5])) == [3, 4, 5]


@pytest.mark.slow
def test_workers_end_when_the_run_is_killed(tmp_path):
    items = [str(tmp_path)] * 2
    script = (
        "from sea_ice_kedro.engines import make_engine\n"
        "from tests.engines.test_engines import report_and_sleep\n"
        f"list(make_engine('processes', 2).map(report_and_sleep, {items}))"
    )
    run = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    try:
        workers = wait_for(lambda: list(tmp_path.iterdir()), count=2)
    finally:
        run.kill()
        run.wait()
    pids = [int(path.name) for path in workers]
    gone = wait_for(lambda: [pid for pid in pids if not runs(pid)], count=2)
    assert sorted(gone) == sorted(pids)


def report_and_sleep(folder):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(60)


def runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")  # an ended process may wait there as a zombie
    return not status.exists() or status.read_text().rpartition(") ")[2][0] != "Z"


def wait_for(look, count, seconds=30):
    deadline = time.monotonic() + seconds
    while len(found := look()) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
