"""The U-Net of Iqrah et al. (2024, III-C, Fig. 7), in any size."""

import math

import keras
from keras import layers

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.training.context_unet import LOGITS, build_context_unet
from sea_ice_kedro.training.options import UNetOptions

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
