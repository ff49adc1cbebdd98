"""Chips turned and seen through simulated thin cloud and shadow, on the device."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.imagery.simulate import SimulationOptions
from sea_ice_kedro.imagery.simulate.atmosphere import (
    CLOUD_TINTS,
    CLOUD_TONES,
    SHADOW_TINTS,
    form_atmosphere,
)
from sea_ice_kedro.training.batches import Inputs
from sea_ice_kedro.training.options import AugmentationOptions

SCENE_CHIPS = 4
"""Skies are drawn for squares of 4 x 4 chips: clouds are larger than chips."""

SKIES = 16


def draw_skies(
    chip_px: int, options: AugmentationOptions, seed: int
) -> npt.NDArray[np.uint8]:
    """Draw chips of thin cloud and its shadow, of many covers, edges and depths.

    Args:
        chip_px: Rows and columns of a chip.
        options: How dense cloud and how deep shadow may be.
        seed: The same seed gives the same skies.

    Returns:
        uint8 (N, S, S, 2): opacity of the cloud and share of light that the shadow
        takes, 255 = 1.
    """
    side = max(chip_px * SCENE_CHIPS, 32)
    everywhere = np.ones((side, side), bool)
    chips = []
    for rng in np.random.default_rng(seed).spawn(SKIES):
        sky = replace(
            SimulationOptions(height=side, width=side),
            thin_cloud_fraction=rng.uniform(0.2, 0.95),
            cloud_opacity=options.cloud_opacity * rng.uniform(0.3, 1.0),
            cloud_softness=rng.uniform(0.2, 1.0),
            cloud_height_m=rng.uniform(300, 2000),
            shadow_fraction=rng.choice([0.0, rng.uniform(0.1, 0.6)]),
            shadow_depth=options.shadow_depth * rng.uniform(0.4, 1.0),
        )
        air = form_atmosphere(sky, everywhere, rng)
        fields = np.stack([air.thin_cloud, air.shadow], axis=-1)
        chips.append(_chips_of(np.rint(fields * 255).astype(np.uint8), chip_px))
    return np.concatenate(chips)


def _chips_of(field: npt.NDArray[np.uint8], chip_px: int) -> npt.NDArray[np.uint8]:
    count = field.shape[0] // chip_px
    field = field[: count * chip_px, : count * chip_px]
    grid = field.reshape(count, chip_px, count, chip_px, field.shape[-1])
    return grid.transpose(0, 2, 1, 3, 4).reshape(-1, chip_px, chip_px, field.shape[-1])


# --- Chips turned and seen through simulated thin cloud and shadow, on the device


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
