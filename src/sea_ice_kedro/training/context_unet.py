"""A U-Net that knows the scene around its window, and may see no sea ice in it."""

import keras
from keras import layers

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scene_context import (
    BRIGHT_END,
    CONTEXT_SIZE,
    DARK_END,
    QUANTILES,
)
from sea_ice_kedro.training.options import UNetOptions

OUTCOMES = len(SeaIceClass) + 1
"""The classes, and last "no class": opaque cloud, land, no data."""

_WIDTHS = (2, 4, 8, 12, 16)
"""Filters of each step down, as multiples of `base_filters`."""

_FINEST = 8
"""Channels of every pixel at the end, before the outcomes."""

_LEAST_SPAN = 0.04
"""Of the roots of brightness of a scene's ends; a scene of one tone has none."""


@keras.saving.register_keras_serializable(package="sea_ice_kedro")
class SceneFeatures(layers.Layer):  # type: ignore[misc]
    """Turns 8-bit R, G, B and the scene's context into what the network learns from.

    Brightness and tint as they are, and brightness relative to the ends of the scene.
    """

    def call(self, rgb, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Map (N, H, W, 3), 0..255, and (N, CONTEXT_SIZE) to (N, H, W, 7)."""
        values = keras.ops.cast(rgb, "float32")
        total = keras.ops.sum(values, axis=-1, keepdims=True)
        root = keras.ops.sqrt(total / 765.0)
        least = keras.ops.sqrt(keras.ops.min(values, axis=-1, keepdims=True) / 255.0)
        red, green, blue = (values[..., band : band + 1] for band in range(3))
        tints = (blue - red) / (total + 1.0), (2 * green - red - blue) / (total + 1.0)
        relative = [
            self._relative(value, context, number)  # type: ignore[no-untyped-call]
            for number, value in enumerate((root, least))
        ]
        absent = keras.ops.cast(total <= 0, "float32")
        features = [2 * root - 1, 2 * least - 1, *(6.0 * t for t in tints)]
        return keras.ops.concatenate([*features, *relative, absent], axis=-1)

    def _relative(self, value, context, number):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        first = number * len(QUANTILES)
        dark = context[:, first + DARK_END][:, None, None, None]
        bright = context[:, first + BRIGHT_END][:, None, None, None]
        share = (value - dark) / keras.ops.maximum(bright - dark, _LEAST_SPAN)
        return keras.ops.clip(2 * share - 1, -3.0, 3.0)

    def compute_output_shape(
        self,
        rgb_shape: tuple[int | None, ...],
        context_shape: tuple[int | None, ...],
    ) -> tuple[int | None, ...]:
        """Say how many channels come out."""
        del context_shape
        return (*rgb_shape[:-1], 7)


@keras.saving.register_keras_serializable(package="sea_ice_kedro")
class Fold(layers.Layer):  # type: ignore[misc]
    """Turns squares of 2 x 2 pixels into one pixel of four times the channels.

    Every pixel is still seen, at a quarter of the positions (Shi et al. 2016).
    """

    def call(self, x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Map (N, H, W, C) to (N, H/2, W/2, 4C)."""
        _, height, width, channels = keras.ops.shape(x)
        x = keras.ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
        x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return keras.ops.reshape(x, (-1, height // 2, width // 2, 4 * channels))

    def compute_output_shape(
        self, shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Say what comes out."""
        return (
            shape[0],
            *(None if n is None else n // 2 for n in shape[1:3]),
            4 * int(shape[3] or 0),
        )


@keras.saving.register_keras_serializable(package="sea_ice_kedro")
class Unfold(layers.Layer):  # type: ignore[misc]
    """The inverse of `Fold`."""

    def call(self, x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Map (N, H, W, 4C) to (N, 2H, 2W, C)."""
        _, height, width, channels = keras.ops.shape(x)
        x = keras.ops.reshape(x, (-1, height, width, 2, 2, channels // 4))
        x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return keras.ops.reshape(x, (-1, 2 * height, 2 * width, channels // 4))

    def compute_output_shape(
        self, shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Say what comes out."""
        return (
            shape[0],
            *(None if n is None else n * 2 for n in shape[1:3]),
            int(shape[3] or 0) // 4,
        )


def build_context_unet(options: UNetOptions) -> keras.Model:
    """Build the network with fresh weights.

    The first step down folds 2 x 2 pixels into channels; the others are a convolution
    of stride 2 and one of stride 1, each with batch normalisation (Ioffe & Szegedy
    2015), scaled and shifted by the scene's context (feature-wise linear modulation,
    Perez et al. 2018). Steps up: bilinear, joined with the step down of the same size
    (Ronneberger et al. 2015), one convolution; the last unfolds channels into pixels.

    Args:
        options: Depth, filters of the first step, dropout of the bottom.

    Returns:
        A model from uint8 (N, H, W, 3), H and W multiples of 2^depth, and float32
        (N, CONTEXT_SIZE), to probabilities, float32 (N, H, W, 4): the classes, and
        "no class".
    """
    rgb = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    context = keras.Input((CONTEXT_SIZE,), dtype="float32", name="context")
    scene = layers.Dense(64, activation="relu", name="scene1")(context)
    scene = layers.Dense(64, activation="relu", name="scene2")(scene)
    widths = [options.base_filters * w for w in _WIDTHS[: options.depth]]
    x = Fold(name="fold")(SceneFeatures(name="features")(rgb, context))
    x = _convolution(x, widths[0], "down1", scene=scene)  # type: ignore[no-untyped-call]
    skips = []
    for step, width in enumerate(widths[1:], start=2):
        skips.append(x)
        x = _convolution(x, width, f"down{step}_stride", stride=2)  # type: ignore[no-untyped-call]
        x = _convolution(x, width, f"down{step}", scene=scene)  # type: ignore[no-untyped-call]
    x = layers.SpatialDropout2D(options.dropout[-1], name="bottom_dropout")(x)
    x = _convolution(x, widths[-1], "bottom", scene=scene)  # type: ignore[no-untyped-call]
    for step in reversed(range(1, options.depth)):
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"up{step}_double")(x)
        x = layers.Concatenate(name=f"up{step}_join")([skips[step - 1], x])
        x = _convolution(x, widths[step - 1], f"up{step}")  # type: ignore[no-untyped-call]
    x = _convolution(x, 4 * _FINEST, "pixels")  # type: ignore[no-untyped-call]
    x = Unfold(name="unfold")(x)
    x = layers.Conv2D(OUTCOMES, 3, padding="same", dtype="float32", name="logits")(x)
    classes = layers.Softmax(dtype="float32", name="classes")(x)
    return keras.Model([rgb, context], classes, name="context_unet")


def _convolution(x, filters, name, stride=1, scene=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    x = layers.Conv2D(
        filters,
        3,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_convolution",
    )(x)
    x = layers.BatchNormalization(momentum=0.97, name=f"{name}_norm")(x)
    if scene is not None:
        both = layers.Dense(
            2 * filters, kernel_initializer="zeros", name=f"{name}_film"
        )
        scale, shift = (
            layers.Reshape((1, 1, filters))(part)
            for part in (both(scene)[:, :filters], both(scene)[:, filters:])
        )
        x = layers.Add()([x, layers.Multiply()([x, scale]), shift])
    return layers.Activation("relu", name=f"{name}_relu")(x)
