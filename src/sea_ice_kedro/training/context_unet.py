"""A U-Net that knows the scene around its window, and may see no sea ice in it."""

import keras
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
