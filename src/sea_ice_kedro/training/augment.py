"""Chips turned and seen through simulated thin cloud and shadow, on the device."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.imagery.simulate.atmosphere import (
    CLOUD_TINTS,
    CLOUD_TONES,
    SHADOW_TINTS,
)
from sea_ice_kedro.training.batches import Inputs
from sea_ice_kedro.training.options import AugmentationOptions


class Augmentation:
    """Changes a batch at random, the same way for the same seed."""

    def __init__(
        self, options: AugmentationOptions, skies: npt.NDArray[np.uint8] | None
    ) -> None:
        """Keep the settings and the skies, uint8 (K, S, S, 2), of `draw_skies`."""
        self._options = options
        self._skies = None if skies is None else tf.constant(skies)

    def __call__(
        self, inputs: Inputs, labels: tf.Tensor, seed: tf.Tensor
    ) -> tuple[Inputs, tf.Tensor]:
        """Augment one batch; the context of its scenes stays.

        Args:
            inputs: Images, uint8 (N, S, S, 3), alone or with their context.
            labels: uint8 (N, S, S).
            seed: int32 (2,).

        Returns:
            Inputs and labels of the same shapes and dtypes.
        """
        if isinstance(inputs, tuple):
            images, labels = self(inputs[0], labels, seed)
            return (images, inputs[1]), labels
        images = inputs
        seeds = tf.random.experimental.stateless_split(seed, 4)
        if self._skies is not None and self._options.cloud_share > 0:
            images = self._under_skies(images, labels, seeds)
        if self._options.flip_rotate:
            images, labels = _turned(images, labels, seeds[2])
        return images, labels

    def _under_skies(
        self, images: tf.Tensor, labels: tf.Tensor, seeds: tf.Tensor
    ) -> tf.Tensor:
        """Veil some chips: see `simulate.atmosphere.look_through`."""
        count = tf.shape(images)[0]
        number = tf.random.stateless_uniform(
            (count,), seeds[0], 0, tf.shape(self._skies)[0], tf.int32
        )
        share = tf.random.stateless_uniform((count, 1, 1, 1), seeds[1])
        chosen = tf.cast(share < self._options.cloud_share, tf.float32)
        sky = tf.cast(tf.gather(self._skies, number), tf.float32) * (chosen / 255.0)
        cloud, shadow = sky[..., :1], sky[..., 1:]
        drawn = tf.random.stateless_uniform((3, count, 1, 1, 1), seeds[3])
        blue, tone, tint = (
            low + share * (high - low)
            for share, (low, high) in zip(
                tf.unstack(drawn), (SHADOW_TINTS, CLOUD_TONES, CLOUD_TINTS), strict=True
            )
        )
        red_to_blue = tf.constant([-0.5, 0.0, 0.5])
        lit = tf.cast(images, tf.float32) * (1 - (1 - blue * red_to_blue) * shadow)
        seen = lit * (1 - cloud) + (tone + tint * red_to_blue) * cloud
        counts = tf.cast(tf.clip_by_value(tf.round(seen), 0, 255), tf.uint8)
        # What was not observed stays 0, under any sky.
        labelled = tf.not_equal(labels, NODATA)[..., None]
        observed = labelled | tf.reduce_any(images > 0, axis=-1, keepdims=True)
        return tf.where(observed, counts, images)


def _turned(
    images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Flip up and down, left and right, and along the diagonal, each by a coin."""
    coins = tf.random.stateless_uniform((3, tf.shape(images)[0]), seed) < 0.5  # noqa: PLR2004
    turned = []
    for batch in (images, labels[..., None]):
        for coin, flip in zip(tf.unstack(coins), _FLIPS, strict=True):
            flipped = flip(batch)  # type: ignore[no-untyped-call]
            batch = tf.where(coin[:, None, None, None], flipped, batch)  # noqa: PLW2901
        turned.append(batch)
    return turned[0], turned[1][..., 0]


_FLIPS = (
    lambda batch: tf.reverse(batch, [1]),
    lambda batch: tf.reverse(batch, [2]),
    lambda batch: tf.transpose(batch, [0, 2, 1, 3]),
)
