"""Networks as ONNX: the same pixel by pixel as under Keras, whatever the window."""

import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.imagery.scene_context import CONTEXT_SIZE
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.options import UNetOptions
from tests.fabricate import floes

pytestmark = pytest.mark.train

PLAIN = UNetOptions(4, 8, (0.0, 0.0, 0.0, 0.1, 0.1), network="published")
POLAR = UNetOptions(6, 8, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1), network="context")
NETWORKS = {
    "context": UNetOptions(4, 2, (0.0, 0.0, 0.0, 0.0, 0.1), network="context"),
    "tint": PLAIN,
    "rgb": UNetOptions(3, 4, (0.0, 0.0, 0.0, 0.0), "rgb", "published"),
    "paper": UNetOptions(3, 4, (0.1, 0.1, 0.1, 0.1), "paper", "published"),
}


def anywhere(unet):
    """A network whose weights are all drawn, and which calls pixels many things."""
    from sea_ice_kedro.training.unet import LOGITS, build_network, with_logits

    rng = np.random.default_rng(3)
    model = build_network(unet)
    for variable in model.variables:
        drawn = rng.normal(0, 0.03, variable.shape).astype(np.float32)
        variable.assign(np.asarray(variable) + drawn)
    inputs = given(unet, (1, 128, 128))
    logits = np.asarray(with_logits(model)(inputs)).reshape(-1, model.output_shape[-1])
    layer = model.get_layer(LOGITS)
    kernel, bias = layer.get_weights()
    spread = logits.std()
    layer.set_weights([kernel / spread, (bias - np.median(logits, axis=0)) / spread])
    return model


def given(unet, shape, seed=0):
    """Floes with unobserved rows, and contexts of other scenes."""
    rgb = np.stack([floes(*shape[1:], seed + n) for n in range(shape[0])])
    rgb[:, :8] = 0
    context = np.random.default_rng(seed).uniform(0, 1, (shape[0], CONTEXT_SIZE))
    return (rgb, context.astype(np.float32)) if unet.sees_scene else rgb


def served(path, model, unet):
    from sea_ice_kedro.training.onnx_export import export
    from sea_ice_kedro.training.onnx_serving import Serving

    path.write_bytes(export(model, ModelCard("original", 256, unet)))
    return Serving(str(path), 2)


@pytest.mark.parametrize("unet", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("shape", [(2, 64, 64), (1, 128, 192)])
def test_it_gives_what_keras_gives(tmp_path, unet, shape):
    model = anywhere(unet)
    serving = served(tmp_path / "unet.onnx", model, unet)
    inputs = given(unet, shape, seed=5)
    expected = np.asarray(model(inputs, training=False))
    got = serving(inputs)
    assert len(np.unique(expected.argmax(-1))) > 1
    assert got.shape == expected.shape
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("unet", [POLAR, UNetOptions()], ids=["polar", "default"])
def test_of_a_million_pixels_none_but_a_tie_is_called_otherwise(tmp_path, unet):
    model = anywhere(unet)
    serving = served(tmp_path / "unet.onnx", model, unet)
    inputs = given(unet, (1, 1024, 1024), seed=9)
    expected = np.asarray(model(inputs, training=False))
    got = serving(inputs)
    np.testing.assert_allclose(got, expected, atol=1e-4)
    assert len(np.unique(expected.argmax(-1))) > 1
    first, second = np.sort(expected, axis=-1)[..., :-3:-1].transpose(3, 0, 1, 2)
    otherwise = got.argmax(-1) != expected.argmax(-1)
    assert not otherwise[first - second > 1e-5].any()


def test_the_same_network_is_the_same_bytes():
    from sea_ice_kedro.training.onnx_export import export

    unet = NETWORKS["rgb"]
    model, card = anywhere(unet), ModelCard("original", 32, unet)
    assert export(model, card) == export(model, card)


def test_a_layer_that_is_not_known_is_refused():
    import keras

    from sea_ice_kedro.training.onnx_export import export

    pixels = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    other = keras.Model(pixels, keras.layers.PReLU(shared_axes=[1, 2])(pixels))
    with pytest.raises(InvalidModel, match=r"expected layers .* got PReLU; add it to"):
        export(other, ModelCard("original", 32, NETWORKS["rgb"]))
