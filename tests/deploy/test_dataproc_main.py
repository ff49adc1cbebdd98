import importlib.util
import os
import tarfile
from pathlib import Path

import pytest

import sea_ice_kedro.__main__
from tests.deploy.scripts import DATAPROC
from tests.runs import ROOT

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

    set_by_it = ("KEDRO_LOGGING_CONFIG", "DO_NOT_TRACK", "SEA_ICE_DATA", "COLUMNS")
    for name in (*set_by_it, "SEA_ICE_TABLES"):
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
