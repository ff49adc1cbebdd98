"""The U-Net of Iqrah et al. (2024, III-C, Fig. 7), and one that sees the scene."""

import math

import keras
import tensorflow as tf
from keras import layers

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scene_context import (
    BRIGHT_END,
    CONTEXT_SIZE,
    DARK_END,
    QUANTILES,
    THICK_FOUND,
    THICK_LIMIT,
    THIN_LIMIT,
)
from sea_ice_kedro.training.batches import Inputs
from sea_ice_kedro.training.options import UNetOptions

OUTCOMES = len(SeaIceClass) + 1
"""The classes, and last "no class": opaque cloud, land, no data."""

_WIDTHS = (4, 7, 11, 14, 15)
"""Filters of each grid, from the finest on, as multiples of `base_filters`."""

CELL_PX = 4
"""Rows and columns of pixels to a cell of the finest grid."""

_PER_PIXEL = 24
"""Channels of a pixel."""

_PER_SCENE = 72
"""Numbers that the context of a scene is turned into."""

FEATURES, SURROUNDINGS, PIXELS, HIDDEN, LOGITS = (
    "features",
    "surroundings",
    "pixels",
    "hidden",
    "logits",
)
"""Names of the layers that `sampled_logits` takes apart."""

LIMIT_SCALE = 6.0
"""Roots of brightness of neighbouring classes differ by some tenths."""

LEAST_SPAN = 0.04
"""Of the roots of brightness of a scene's ends; a scene of one tone has none."""


@keras.saving.register_keras_serializable(package="sea_ice_kedro")
class SceneFeatures(layers.Layer):  # type: ignore[misc]
    """Turns 8-bit R, G, B and the scene's context into what the network learns from.

    Brightness and tint as they are, and brightness relative to the ends of the scene
    and to its limits by brightness.
    """

    def call(self, rgb, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Map (N, H, W, 3), 0..255, and (N, CONTEXT_SIZE) to (N, H, W, 9)."""
        values = keras.ops.cast(rgb, "float32")
        total = keras.ops.sum(values, axis=-1, keepdims=True)
        root = keras.ops.sqrt(total / 765.0)
        least = keras.ops.sqrt(keras.ops.min(values, axis=-1, keepdims=True) / 255.0)
        most = keras.ops.sqrt(keras.ops.max(values, axis=-1, keepdims=True) / 255.0)
        red, green, blue = (values[..., band : band + 1] for band in range(3))
        tints = (blue - red) / (total + 1.0), (2 * green - red - blue) / (total + 1.0)
        relative = [
            self._relative(value, context, number)  # type: ignore[no-untyped-call]
            for number, value in enumerate((root, least))
        ]
        absent = keras.ops.cast(total <= 0, "float32")
        thin, thick, found = (
            context[:, place][:, None, None, None]
            for place in (THIN_LIMIT, THICK_LIMIT, THICK_FOUND)
        )
        # The limit of thin ice is one of the channel that `place_limits` looked at.
        above = found * least + (1 - found) * most - thin, most - thick
        relative += [keras.ops.clip(LIMIT_SCALE * a, -3.0, 3.0) for a in above]
        features = [2 * root - 1, 2 * least - 1, *(6.0 * t for t in tints)]
        return keras.ops.concatenate([*features, *relative, absent], axis=-1)

    def _relative(self, value, context, number):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        first = number * len(QUANTILES)
        dark = context[:, first + DARK_END][:, None, None, None]
        bright = context[:, first + BRIGHT_END][:, None, None, None]
        share = (value - dark) / keras.ops.maximum(bright - dark, LEAST_SPAN)
        return keras.ops.clip(2 * share - 1, -3.0, 3.0)

    def compute_output_shape(
        self,
        rgb_shape: tuple[int | None, ...],
        context_shape: tuple[int | None, ...],
    ) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        del context_shape
        return (*rgb_shape[:-1], 9)


@keras.saving.register_keras_serializable(package="sea_ice_kedro")
class CellFeatures(layers.Layer):  # type: ignore[misc]
    """Summarises cells of `CELL_PX` x `CELL_PX` pixels by their mean and their ends.

    A lead narrower than a cell lowers its darkest pixel, whatever the mean.
    """

    def call(self, x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Map (N, H, W, C) to (N, H/4, W/4, 3C)."""
        mean = keras.ops.average_pool(x, CELL_PX)
        highest = keras.ops.max_pool(x, CELL_PX)
        lowest = -keras.ops.max_pool(-x, CELL_PX)
        return keras.ops.concatenate([mean, highest - mean, mean - lowest], axis=-1)

    def compute_output_shape(
        self, shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Return the shape of the cells."""
        rows, columns = (None if n is None else n // CELL_PX for n in shape[1:3])
        return (shape[0], rows, columns, 3 * int(shape[3] or 0))


def build_context_unet(options: UNetOptions) -> keras.Model:
    """Build the network with fresh weights.

    What is ice depends on the light, which changes over tens of pixels; where it ends
    depends on the pixel. So a U-Net (Ronneberger et al. 2015) of residual blocks (He et
    al. 2016), scaled and shifted by the scene's context (feature-wise linear
    modulation, Perez et al. 2018), works on cells of 4 x 4 pixels; what it finds is
    brought back to every pixel bilinearly and added to the pixel's own features before
    the nonlinearity: each place has its own limits (as in the bilateral grid of Gharbi
    et al. 2017).

    Args:
        options: `depth` halvings, the first two of which make the cells; filters of the
            finest grid; dropout of the coarsest.

    Returns:
        A model from uint8 (N, H, W, 3), H and W multiples of 2^depth, and float32
        (N, CONTEXT_SIZE), to probabilities, float32 (N, H, W, 4): the classes, and
        "no class".
    """
    rgb = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    context = keras.Input((CONTEXT_SIZE,), dtype="float32", name="context")
    scene = layers.Dense(_PER_SCENE, activation="relu", name="scene1")(context)
    scene = layers.Dense(_PER_SCENE, activation="relu", name="scene2")(scene)
    widths = [options.base_filters * w for w in _WIDTHS[: options.depth - 1]]
    # In float32 whatever the precision: differences of nearly equal numbers.
    features = SceneFeatures(name=FEATURES, dtype="float32")(rgb, context)
    x = _convolution(CellFeatures(name="cells")(features), widths[0], "down1_first")  # type: ignore[no-untyped-call]
    x = _block(x, scene, "down1")  # type: ignore[no-untyped-call]
    skips = []
    for step, width in enumerate(widths[1:], start=2):
        skips.append(x)
        x = _convolution(x, width, f"down{step}_stride", stride=2)  # type: ignore[no-untyped-call]
        x = _block(x, scene, f"down{step}")  # type: ignore[no-untyped-call]
    x = layers.SpatialDropout2D(options.dropout[-1], name="bottom_dropout")(x)
    x = _block(x, scene, "bottom")  # type: ignore[no-untyped-call]
    for step in reversed(range(1, len(widths))):
        x = layers.Conv2D(widths[step - 1], 1, name=f"up{step}_narrow")(x)
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"up{step}_double")(x)
        skip = layers.Conv2D(widths[step - 1], 1, name=f"up{step}_skip")
        x = layers.Add(name=f"up{step}_join")([x, skip(skips[step - 1])])
        x = layers.Activation("relu", name=f"up{step}_joined")(x)
        x = _block(x, scene, f"up{step}")  # type: ignore[no-untyped-call]
    x = layers.Conv2D(_PER_PIXEL, 1, name=SURROUNDINGS)(x)
    x = layers.UpSampling2D(CELL_PX, interpolation="bilinear", name="to_pixels")(x)
    own = layers.Conv2D(_PER_PIXEL, 3, padding="same", name=PIXELS)(features)
    x = layers.Activation("relu", name="pixels_relu")(layers.Add(name="both")([own, x]))
    x = layers.Conv2D(_PER_PIXEL, 1, activation="relu", name=HIDDEN)(x)
    x = layers.Conv2D(OUTCOMES, 1, dtype="float32", name=LOGITS)(x)
    classes = layers.Softmax(dtype="float32", name="classes")(x)
    return keras.Model([rgb, context], classes, name="context_unet")


def _convolution(x, filters, name, stride=1):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return layers.Conv2D(
        filters,
        3,
        strides=stride,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=f"{name}_convolution",
    )(x)


def _block(x, scene, name):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add to `x` what two convolutions find in it; the scene says what to look for.

    The second one starts near zero, which stands in for normalisation: a batch of few
    scenes has no statistics worth normalising by.
    """
    filters = x.shape[-1]
    found = _convolution(x, filters, f"{name}_1")  # type: ignore[no-untyped-call]
    film = layers.Dense(2 * filters, kernel_initializer="zeros", name=f"{name}_film")
    scale, shift = (
        layers.Reshape((1, 1, filters))(part)
        for part in (film(scene)[:, :filters], film(scene)[:, filters:])
    )
    found = layers.Add()([found, layers.Multiply()([found, scale]), shift])
    found = layers.Conv2D(
        filters,
        3,
        padding="same",
        kernel_initializer=keras.initializers.VarianceScaling(0.1),
        name=f"{name}_2_convolution",
    )(found)
    x = layers.Add(name=f"{name}_sum")([x, found])
    return layers.Activation("relu", name=f"{name}_relu")(x)


# --- The U-Net of Iqrah et al. (2024, III-C, Fig. 7), in any size

CENTRE, SCALE = 0.7, 4.0
"""Bring the root of reflectance over sea ice to about mean 0 and deviation 1."""

TINT = 30.0
"""Tints of sea ice are a few hundredths."""

LUMA = (0.299, 0.587, 0.114)


def _brightness_and_tint(rgb):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Set brightness and tint apart: R, G and B of ice and cloud are nearly equal.

    The root of brightness spreads the dark classes, whose limits are close; tint is
    what tells a shadow, lit by the blue sky, from thin ice of the same brightness.
    """
    red, green, blue = (rgb[..., band : band + 1] for band in range(3))
    total = red + green + blue + 1.0
    brightness = (keras.ops.sqrt(total / 766.0) - CENTRE) * SCALE
    tints = [(blue - red) / total, (2.0 * green - red - blue) / total]
    return keras.ops.concatenate([brightness, *(t * TINT for t in tints)], axis=-1)


@keras.saving.register_keras_serializable(package="sea_ice_kedro")
class Normalise(layers.Layer):  # type: ignore[misc]
    """Turns 8-bit R, G, B into what the network learns from.

    Part of the model, so that training and inference cannot differ: the published
    scripts normalise in training and not in inference.
    """

    def __init__(self, method: str = "tint", **settings: object) -> None:
        """Name the method, a value of `UNetOptions.normalisation`."""
        super().__init__(**settings)
        self.method = method

    def call(self, images):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Map (N, H, W, 3), 0..255, to (N, H, W, C)."""
        values = keras.ops.cast(images, "float32")
        if self.method == "paper":
            grey = keras.ops.sum(values * keras.ops.array(LUMA), axis=-1, keepdims=True)
            length = keras.ops.sqrt(keras.ops.sum(grey * grey, axis=1, keepdims=True))
            values = grey / keras.ops.maximum(length, 1e-3)
        elif self.method == "rgb":
            values = values / 255.0
        else:
            values = _brightness_and_tint(values)  # type: ignore[no-untyped-call]
        return keras.ops.cast(values, self.compute_dtype)

    def compute_output_shape(
        self, shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        """Return the shape of the output."""
        return (*shape[:-1], 1 if self.method == "paper" else 3)

    def get_config(self) -> dict[str, object]:
        """Return the configuration that the layer is rebuilt from."""
        return {**super().get_config(), "method": self.method}


def build_network(options: UNetOptions) -> keras.Model:
    """Build the network that `options.network` names, with fresh weights."""
    build = build_context_unet if options.sees_scene else build_unet
    return build(options)


def gradient_bytes(options: UNetOptions) -> int:
    """Return the bytes of a network's gradients, which workers average: float32."""
    return sum(
        4 * math.prod(v.shape) for v in build_network(options).trainable_variables
    )


def build_unet(options: UNetOptions) -> keras.Model:
    """Build the network with fresh weights.

    Steps down: two 3×3 convolutions with dropout between, then 2×2 max-pool. Steps up:
    2×2 transposed convolution of stride 2, concatenation, two 3×3 convolutions with
    dropout between. He-normal initialisation, ReLU, `same` padding, softmax.

    Args:
        options: Depth, filters, dropout and normalisation.

    Returns:
        A model from uint8 (N, H, W, 3), H and W multiples of 2^depth, to class
        probabilities, float32 (N, H, W, 3).
    """
    images = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    x = Normalise(options.normalisation, name="normalise")(images)
    *rates, bottom_rate = options.dropout
    filters = [options.base_filters * 2**step for step in range(options.depth + 1)]
    skips = []
    for step, rate in enumerate(rates):
        x = _double_convolution(x, filters[step], rate, f"down{step + 1}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"down{step + 1}_pool")(x)
    x = _double_convolution(x, filters[-1], bottom_rate, "bottom")
    for step in reversed(range(options.depth)):
        name = f"up{step + 1}"
        x = layers.Conv2DTranspose(
            filters[step], 2, strides=2, padding="same", name=f"{name}_transposed"
        )(x)
        x = layers.Concatenate(name=f"{name}_join")([skips[step], x])
        x = _double_convolution(x, filters[step], rates[step], name)
    # float32 whatever the precision: the sum of probabilities must be 1.
    x = layers.Conv2D(len(SeaIceClass), 1, dtype="float32", name=LOGITS)(x)
    classes = layers.Softmax(dtype="float32", name="classes")(x)
    return keras.Model(images, classes, name="unet")


def _double_convolution(x, filters: int, rate: float, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for number in (1, 2):
        x = layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"{name}_convolution{number}",
        )(x)
        if number == 1 and rate > 0:
            x = layers.Dropout(rate, name=f"{name}_dropout")(x)
    return x


def with_logits(model: keras.Model) -> keras.Model:
    """Return the same network, weights shared, that ends before the softmax."""
    return keras.Model(model.input, model.get_layer(LOGITS).output, name="unet_logits")


# --- The network of whole scenes, trained on one pixel of each of its cells at a time


class SampledLogits:
    """Computes the logits of one pixel of each cell, with the weights of a network.

    Neighbouring pixels have nearly the same gradient, yet a third of a step's time or
    more goes into them. A pixel that is drawn anew for each step teaches the same.
    """

    def __init__(self, model: keras.Model) -> None:
        """Take apart a network of `build_context_unet`."""
        parts = [model.get_layer(name).output for name in (FEATURES, SURROUNDINGS)]
        self._cells = keras.Model(model.input, parts, name="cells_of_context_unet")
        self._pixels = model.get_layer(PIXELS)
        self._rest = [model.get_layer(name) for name in (HIDDEN, LOGITS)]

    def __call__(
        self, inputs: Inputs, labels: tf.Tensor, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Draw a row and a column within the cells, and look there.

        Args:
            inputs: uint8 (N, S, S, 3) and float32 (N, CONTEXT_SIZE).
            labels: uint8 (N, S, S).
            seed: int32 (2,).

        Returns:
            Logits, float32 (N, S/4, S/4, K), and labels, uint8 (N, S/4, S/4).
        """
        place = tf.random.stateless_uniform((2,), seed, 0, CELL_PX, tf.int32)
        return self.at(inputs, labels, tf.unstack(place))

    def at(
        self, inputs: Inputs, labels: tf.Tensor, place: list[tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Look at the pixel in this row and column, 0..3, of every cell."""
        features, surroundings = self._cells(inputs, training=True)
        row, column = place
        # Pixels at the seam of two cells are told by both, as `UpSampling2D` does it.
        for axis, offset in ((1, row), (2, column)):
            surroundings = _between(surroundings, axis, offset)
        own = self._own(tf.cast(features, surroundings.dtype), row, column)
        x = tf.nn.relu(own + surroundings)
        for layer in self._rest:
            x = layer(x)
        # By indices: XLA does not know how long a slice from a drawn start is.
        for axis, offset in ((1, row), (2, column)):
            every = tf.range(0, tf.shape(labels)[axis], CELL_PX)
            labels = tf.gather(labels, every + offset, axis=axis)
        return x, labels

    def _own(self, features: tf.Tensor, row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        """Convolve at one pixel of each cell only."""
        count, rows, columns, channels = tf.unstack(tf.shape(features))
        padded = tf.pad(features, [[0, 0], [1, 1], [1, 1], [0, 0]])
        size = [count, rows - 1, columns - 1, channels]
        seen = tf.slice(padded, [0, row, column, 0], size)
        kernel, bias = (
            tf.cast(weight, features.dtype)
            for weight in (self._pixels.kernel, self._pixels.bias)
        )
        return tf.nn.conv2d(seen, kernel, CELL_PX, "VALID") + bias


def _between(grid: tf.Tensor, axis: int, offset: tf.Tensor) -> tf.Tensor:
    """Interpolate linearly at a pixel of each cell, along one axis."""
    place = (tf.cast(offset, grid.dtype) + 0.5) / CELL_PX - 0.5
    edges = [[0, 0] for _ in range(4)]
    edges[axis] = [1, 1]
    padded, length = tf.pad(grid, edges, "SYMMETRIC"), tf.shape(grid)[axis]
    first = tf.where(place < 0, 0, 2)
    neighbours = tf.gather(padded, tf.range(length) + first, axis=axis)
    share = tf.abs(place)
    return (1 - share) * grid + share * neighbours
