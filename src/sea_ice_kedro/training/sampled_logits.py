"""The network of whole scenes, trained on one pixel of each of its cells at a time."""

import keras
import tensorflow as tf

from sea_ice_kedro.training.batches import Inputs
from sea_ice_kedro.training.context_unet import (
    CELL_PX,
    FEATURES,
    HIDDEN,
    LOGITS,
    PIXELS,
    SURROUNDINGS,
)


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
