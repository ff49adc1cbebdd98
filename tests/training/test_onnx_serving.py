"""Networks served by ONNX Runtime: as Keras gives them, and without Keras."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from sea_ice_kedro.engines import make_engine
from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.imagery.scene_context import CONTEXT_SIZE
from sea_ice_kedro.training.model_file import (
    ModelFile,
    load_model,
    save_model,
    trained_in,
)
from tests.fabricate import cut
from tests.networks import SEES_SCENE, untrained, untrained_network
from tests.runs import ROOT, environment

pytestmark = pytest.mark.train

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 32, 64, 3), dtype=np.uint8)
CONTEXT = np.linspace(0, 1, CONTEXT_SIZE, dtype=np.float32)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same network in both formats."""
    folder = tmp_path_factory.mktemp("both")
    trained = untrained()
    for name in ("unet.keras", "unet.onnx"):
        save_model(str(folder / name), trained)
    return ModelFile(str(folder / "unet.keras")), ModelFile(str(folder / "unet.onnx"))


def test_a_network_is_the_same_in_either_format(both):
    keras, onnx = both
    assert onnx.card() == keras.card()
    assert onnx.fingerprint() == keras.fingerprint()
    served = pickle.loads(pickle.dumps(onnx)).predict(PIXELS)
    np.testing.assert_allclose(served, keras.predict(PIXELS), atol=1e-4)


def test_a_network_that_sees_the_scene_is_served_with_its_context(tmp_path):
    trained = untrained(SEES_SCENE)
    for name in ("unet.keras", "unet.onnx"):
        save_model(str(tmp_path / name), trained)
    keras, onnx = (
        ModelFile(str(tmp_path / name)).predict_in(CONTEXT)(PIXELS)
        for name in ("unet.keras", "unet.onnx")
    )
    assert onnx.shape == (*PIXELS.shape[:3], 4)
    np.testing.assert_allclose(onnx, keras, atol=1e-4)


def test_what_is_exported_is_what_was_trained(both):
    keras, onnx = both
    again = f"{onnx.path}.again.onnx"
    save_model(again, trained_in(keras.path))
    with open(onnx.path, "rb") as first, open(again, "rb") as second:
        assert first.read() == second.read()


def test_the_number_of_threads_changes_no_bit(both):
    from sea_ice_kedro.training.onnx_serving import Serving

    one, two = (Serving(both[1].path, threads)(PIXELS) for threads in (1, 2))
    assert np.array_equal(one, two)


def test_another_network_under_the_same_name_is_noticed(tmp_path):
    path = untrained_network(tmp_path / "unet.onnx")
    model = ModelFile(str(path))
    before, fingerprint = model.predict(PIXELS), model.fingerprint()
    untrained_network(path)
    assert model.fingerprint() != fingerprint
    assert not np.array_equal(model.predict(PIXELS), before)


def test_half_a_network_is_refused_and_a_missing_one_says_how_one_is_made(tmp_path):
    path = cut(untrained_network(tmp_path / "unet.onnx"), 0.5)
    for served in (lambda m: m.card(), lambda m: m.predict):
        with pytest.raises(InvalidModel, match=r"unet\.onnx: expected a whole \.onnx"):
            served(ModelFile(str(path)))
    with pytest.raises(FileNotFoundError, match="kedro run --pipelines modeling"):
        ModelFile(str(tmp_path / "none.onnx")).card()


def test_what_is_served_is_not_trained_on(both):
    with pytest.raises(InvalidModel, match=r"unet\.onnx: expected a \.keras file to"):
        load_model(both[1].path)


def loaded_by(path):
    """Serve a network; name what a process that only serves must not load."""
    ModelFile(path).predict(PIXELS)
    return sorted({"tensorflow", "keras", "sklearn"} & set(sys.modules))


@pytest.mark.slow
def test_workers_serve_it_without_tensorflow_and_keras(both):
    assert list(make_engine("processes", 1).map(loaded_by, [both[1].path])) == [[]]


RUN = """
import sys
from pathlib import Path
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

bootstrap_project(Path.cwd())
model, folder = sys.argv[1:]
params = {
    "ingestion": {"source": "folder", "folder": folder},
    "inference": {"model": model},
}
with KedroSession.create(Path.cwd(), env="test", runtime_params=params) as session:
    session.run(pipeline_names=["inference"])
print("loaded:", *({"tensorflow", "keras", "sklearn"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_a_run_of_inference_loads_neither_tensorflow_nor_keras(both, tmp_path):
    from tests.fabricate import folder_of_scenes

    folder = folder_of_scenes(tmp_path / "scenes", 2)
    done = subprocess.run(
        [sys.executable, "-c", RUN, both[1].path, str(folder)],
        cwd=ROOT,
        env=environment(tmp_path / "data"),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.splitlines()[-1] == "loaded:"
    assert len(list((tmp_path / "data/07_model_output/predictions").glob("*.tif"))) == 2
