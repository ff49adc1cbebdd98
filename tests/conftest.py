from collections import Counter

import pytest
from kedro.framework.startup import bootstrap_project

from sea_ice_kedro.datasets.run_state import LEDGER, STEPS
from sea_ice_kedro.hooks.run_log import close_log
from tests import runs


def pytest_configure(config):
    """Leave out what Kedro's own configuration loader warns of, as settings.py does."""
    config.addinivalue_line(
        "filterwarnings", r"ignore:\s*register_new_resolver\(\) is deprecated"
    )


def pytest_ignore_collect(collection_path, config):
    """Leave files alone that have no test of the one kind that is asked for.

    Importing all of them, TensorFlow among what they need, takes ten seconds.
    """
    kind = config.option.markexpr
    if collection_path.suffix == ".py" and kind.isidentifier():
        return f"mark.{kind}" not in collection_path.read_text() or None
    return None


def pytest_collection_modifyitems(items):
    """Begin with the files that take long: the last one keeps nobody waiting."""
    long = Counter(item.path for item in items if _takes_seconds(item))
    items.sort(key=lambda item: -long[item.path])


def _takes_seconds(item):
    return item.get_closest_marker("slow") or "data_root" in item.fixturenames


@pytest.fixture(scope="session")
def project():
    """The project as Kedro knows it, once for all tests."""
    return bootstrap_project(runs.ROOT)


@pytest.fixture
def data_root(project, tmp_path, monkeypatch):
    """An empty data root that runs in this process write to."""
    root = tmp_path / "data"
    monkeypatch.setenv("SEA_ICE_DATA", str(root))
    monkeypatch.setenv("SEA_ICE_LOG", str(tmp_path / "info.log"))
    return root


@pytest.fixture
def variants():
    """Put back the variants that pipelines are wired for, which a run may change."""
    from sea_ice_kedro.pipelines.variants import choose, chosen

    before = [variant.name for variant in chosen()]
    yield
    choose(before)


@pytest.fixture
def bucket(monkeypatch):
    """An empty bucket of Cloud Storage, for this process and those that it starts."""
    pytest.importorskip("gcp_storage_emulator")
    from tests.buckets import serving_bucket

    with serving_bucket() as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        pytest.importorskip("gcsfs")
        yield bucket


@pytest.fixture
def impatient(bucket):
    """Let gcsfs in this process try again at once."""
    from tests.buckets import impatient

    with impatient():
        yield


@pytest.fixture
def page():
    """An empty page of a browser, which reaches this machine and no other."""
    pytest.importorskip("playwright")
    from tests.browser import CHROMIUM, opened_browser

    if not CHROMIUM:
        pytest.fail("expected Debian's chromium for the browser tests; apt install it")
    with opened_browser() as page:
        yield page


@pytest.fixture(autouse=True)
def closed_ledger():
    """No test sees the failures of another, its log or its steps."""
    yield
    LEDGER.close()
    close_log()
    STEPS.stop()
