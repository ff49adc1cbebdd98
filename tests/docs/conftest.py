from importlib.util import find_spec

import pytest
from kedro.framework.startup import bootstrap_project

from tests.runs import ROOT, run_in


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """What `kedro run` makes, on small data."""
    if not find_spec("tensorflow"):
        pytest.skip("needs TensorFlow: the run trains a network")
    bootstrap_project(ROOT)
    root = tmp_path_factory.mktemp("finished") / "data"
    return run_in(root, "__default__")
