"""A trained network in one file, with its card inside: Keras' own format, or ONNX."""

import hashlib
import json
import math
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.engines.base import content_digest
from sea_ice_kedro.engines.local import cores_to_use
from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.imagery.scene_context import Context, lean_on_limits, mean_logits
from sea_ice_kedro.networks import ONNX, network_path, trainable_path
from sea_ice_kedro.rasters.files import checksum, reading, writing
from sea_ice_kedro.rasters.remote import is_on_disk, locate
from sea_ice_kedro.training.checkpoints import Weights
from sea_ice_kedro.training.model_archive import (
    CARD,
    ModelCard,
    expect_layers,
    expect_room,
    read_member,
    weights_in,
)
from sea_ice_kedro.training.onnx_file import card_text, content_of

_DIGEST = "weights-sha256:"
"""Older files say "sha256:": their digest counted states that are not in the file."""

_LEAST_CHANCE = np.float32(1e-12)

_RETRAIN = "train one: kedro run --pipelines modeling"


Predict = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]
"""From images to class probabilities."""


@dataclass(frozen=True, eq=False)
class TrainedUNet:
    """A network as it comes out of training."""

    card: ModelCard
    weights: Weights
    """Values of all variables, in the order of the model that `card.unet` builds."""


@dataclass(frozen=True)
class ModelFile:
    """A network as it is served; small, picklable, loaded where it is used."""

    path: str
    """A path, a URL that fsspec knows, or that of `networks`: each worker finds it in
    its own copy of the package."""

    @property
    def filepath(self) -> str:
        """Where the file lies on this machine."""
        return network_path(self.path)

    def fingerprint(self) -> str:
        """Digest card and weights: Keras writes the time into its files.

        A network is the same in either format.
        """
        return content_digest(_card_text(self.filepath))

    def card(self) -> ModelCard:
        """Read what the file says about the network; no framework is loaded.

        Raises:
            InvalidModel: if it is no model of this project, or of another version.
        """
        return read_card(self.filepath)

    @property
    def predict(self) -> Predict:
        """Gives class probabilities, float32 (N, S, S, K), of uint8 (N, S, S, 3).

        Whether the file has changed is looked up when this is taken, not at every
        call: take it once a scene. A network that takes the context of a scene is
        served by `predict_in`.
        """
        return partial(_predict, self._served())

    def predict_in(self, context: Context) -> Predict:
        """Return what `predict` is for a network that takes the context of a scene.

        It is asked at the scales of its card, and leans on the scene's limits by
        brightness where it is unsure.

        Args:
            context: float32 (CONTEXT_SIZE,), of the scene that the images are of.
        """
        return partial(_predict_in, self._served(), self.card().scales, context)

    def _served(self) -> Callable[..., Any]:
        content = checksum(self.filepath)
        return _serving(self.filepath, content, cores_to_use())  # type: ignore[no-any-return]


def _predict(
    network: Callable[..., Any], images: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    return np.asarray(network(images), np.float32)


def _predict_in(
    network: Callable[..., Any],
    scales: tuple[int, ...],
    context: Context,
    images: npt.NDArray[np.uint8],
) -> npt.NDArray[np.float32]:
    contexts = np.repeat(context[None], len(images), axis=0)
    if scales == (1,):
        probabilities = np.asarray(network((images, contexts)), np.float32)
        return lean_on_limits(probabilities, images, context)

    def logarithms(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        chances = np.asarray(network((images, contexts)), np.float32)
        return np.asarray(np.log(np.maximum(chances, _LEAST_CHANCE)))

    logits = mean_logits(logarithms, images, scales)
    probabilities = np.exp(logits, out=logits)
    probabilities /= probabilities.sum(axis=-1, keepdims=True)
    return lean_on_limits(probabilities, images, context)


def save_model(filepath: str, trained: TrainedUNet) -> None:
    """Write a network, whole or not at all.

    Args:
        filepath: A path, or a URL that fsspec knows; where it ends with ".onnx", what
            is written is served without Keras.
        trained: Card and weights.
    """
    import keras  # noqa: PLC0415 - only where a model is made

    from sea_ice_kedro.training.unet import build_network  # noqa: PLC0415

    keras.mixed_precision.set_global_policy("float32")
    model = build_network(trained.card.unet)
    for variable, value in zip(model.variables, trained.weights, strict=True):
        variable.assign(value)
    card = replace(trained.card, weights=_digest_in(model))
    if filepath.endswith(ONNX):
        from sea_ice_kedro.training.onnx_export import export  # noqa: PLC0415 - Keras

        content = export(model, card)
        with writing(filepath) as part:
            part.write_bytes(content)
        return
    with tempfile.TemporaryDirectory() as folder, writing(filepath) as part:
        path = Path(folder) / "unet.keras"  # Keras goes by the ending
        model.save(path)
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(CARD, card.to_json())
        part.write_bytes(path.read_bytes())


def _digest_in(model: Any) -> str:  # noqa: ANN401 - a keras.Model
    """Digest the weights that a file keeps; states of random numbers are not kept."""
    digest = hashlib.sha256()
    for variable in model.variables:
        if "seed_generator" not in variable.path:
            values = np.array(variable)
            digest.update(f"{values.shape} {values.dtype}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
    return f"{_DIGEST}{digest.hexdigest()}"


def read_card(filepath: str) -> ModelCard:
    """Read a model file's card.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidModel: if it is no model of this project, or of another version.
    """
    return ModelCard.from_json(_card_text(filepath), Path(filepath).name)


def _card_text(filepath: str) -> str:
    try:
        if is_on_disk(locate(filepath)[0]) and not filepath.endswith(ONNX):
            return _card_in(filepath)
        return _known_card(filepath, checksum(filepath))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise FileNotFoundError(
            f"no such model: {filepath}; {_RETRAIN}, or name another with --params "
            "inference.model=/path/to/unet.onnx"
        ) from error


@lru_cache(maxsize=8)
def _known_card(filepath: str, content: str) -> str:
    """Read a card once a process; `content` notices when the file changes."""
    del content
    return _card_in(filepath)


def _card_in(filepath: str) -> str:
    if filepath.endswith(ONNX):
        return card_text(content_of(filepath), Path(filepath).name)
    try:
        return read_member(filepath, CARD).decode()
    except (zipfile.BadZipFile, EOFError, UnicodeDecodeError) as error:
        raise InvalidModel(
            f"{Path(filepath).name}: expected a whole .keras file, got a damaged card "
            f"({error}); {_RETRAIN}"
        ) from error


def load_model(filepath: str) -> Any:  # noqa: ANN401 - a keras.Model
    """Load a network as Keras model, from uint8 (N, H, W, 3) to probabilities.

    The network is built by this package as the card tells, and takes its weights from
    the file; what the file describes itself is compared, never built.

    Args:
        filepath: A path, a URL that fsspec knows, or that of `networks`.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidModel: if it is not one, is of another version, describes another network
            than its card, or has other weights.
    """
    from sea_ice_kedro.training.launch import expect_package  # noqa: PLC0415

    filepath = trainable_path(filepath)
    if filepath.endswith(ONNX):
        raise InvalidModel(
            f"{Path(filepath).name}: expected a .keras file to train on from, got one "
            "to be served; name the .keras file that lies beside it"
        )
    card = read_card(filepath)
    expect_package("tensorflow", "train", "to load a network")
    expect_room(filepath, card.unet)
    model = _built(card)
    expect_layers(filepath, json.loads(model.to_json()))
    size = sum(4 * math.prod(variable.shape) for variable in model.variables)
    with reading(filepath) as path, tempfile.TemporaryDirectory() as folder:
        weights = weights_in(path, Path(folder), size)
        try:
            model.load_weights(weights)
        # Keras has no errors of its own: layers, weights and files raise theirs.
        except Exception as error:
            raise InvalidModel(
                f"{Path(filepath).name}: expected weights of the network on its card, "
                f"got {type(error).__name__}: {str(error)[:300]}; {_RETRAIN}"
            ) from error
    found = _digest_in(model)
    if card.weights.startswith(_DIGEST) and found != card.weights:
        raise InvalidModel(
            f"{Path(filepath).name}: expected weights with the digest on its card, "
            f"{card.weights}, got {found}; the file is damaged or was changed: copy it "
            f"again, or {_RETRAIN}"
        )
    return model


def _built(card: ModelCard) -> Any:  # noqa: ANN401 - a keras.Model
    """Build the network of a card in float32, whatever is being trained."""
    import keras  # noqa: PLC0415 - only where a model is used

    from sea_ice_kedro.training.unet import build_network  # noqa: PLC0415

    policy = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("float32")
    try:
        return build_network(card.unet)
    finally:
        keras.mixed_precision.set_global_policy(policy)


def trained_in(filepath: str) -> TrainedUNet:
    """Read a .keras file back, as training has given it to `save_model`.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidModel: if it is no model of this project and version.
    """
    weights = [np.array(variable) for variable in load_model(filepath).variables]
    return TrainedUNet(read_card(filepath), weights)


@lru_cache(maxsize=2)
def _serving(filepath: str, content: str, threads: int) -> Any:  # noqa: ANN401
    """Load a network once a process; `content` notices when the file changes."""
    del content
    if filepath.endswith(ONNX):
        from sea_ice_kedro.training.onnx_serving import Serving  # noqa: PLC0415

        return Serving(filepath, threads)
    import tensorflow as tf  # noqa: PLC0415 - only where a model is used

    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    model = load_model(filepath)
    return tf.function(lambda images: model(images, training=False))
