"""Batches of chips: from TFRecord files, turned and clouded on the device.

The header says what is in the file, so that an index of all chips costs no pass over
their pixels. A chip's record is a `tf.train.Example` with raw uint8 `image` (S, S, 3)
and `label` (S, S), and the float32 `context` of its scene.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from sea_ice_kedro.errors import InvalidShard
from sea_ice_kedro.imagery.chips import ChipFacts, Chips
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.imagery.scene_context import CONTEXT_SIZE
from sea_ice_kedro.imagery.simulate import SimulationOptions
from sea_ice_kedro.imagery.simulate.scene import (
    CLOUD_TINTS,
    CLOUD_TONES,
    SHADOW_TINTS,
    form_atmosphere,
)
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.training.options import AugmentationOptions
from sea_ice_kedro.training.plan import ChipShard, Selection, chip_count

logging.getLogger("tensorflow").addFilter(
    # `_records` says why it reads in a way that TensorFlow calls deprecated.
    lambda record: "tf_record_iterator" not in record.getMessage()
)

FORMAT = 2
_KIND = "sea_ice_kedro chips"


def write_shard(
    filepath: str, chips: Chips, facts: Mapping[str, Any], provenance: Mapping[str, str]
) -> None:
    """Write the chips of one scene, whole or not at all.

    Args:
        filepath: A path, or a URL that fsspec knows.
        chips: Images, labels and facts.
        facts: What else is known of them, of JSON's types: how they were filtered.
        provenance: `fingerprint`, `software`, ...

    Raises:
        OSError: if there is no room or no permission.
    """
    header = {
        "kind": _KIND,
        "format": FORMAT,
        "scene_id": chips.scene_id,
        "chip_px": int(chips.labels.shape[1]),
        "facts": dict(facts),
        "provenance": dict(provenance),
        "chips": [asdict(fact) for fact in chips.facts],
    }
    with _os_errors(), writing(filepath) as part, tf.io.TFRecordWriter(str(part)) as to:
        to.write(json.dumps(header).encode())
        for image, label in zip(chips.images, chips.labels, strict=True):
            to.write(_example(image=image, label=label, context=chips.context))


@contextmanager
def _os_errors() -> Iterator[None]:
    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(error.message) from error


def _example(**arrays: npt.NDArray[Any]) -> bytes:
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[array.tobytes()]))
        for name, array in arrays.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(example.SerializeToString())


def read_header(filepath: str) -> ChipShard:
    """Read the header of a shard; no pixel is read.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidShard: if it is damaged or of another version.
    """
    return _shard(filepath, _header(filepath))


def _header(filepath: str) -> dict[str, Any]:
    with reading(filepath) as path:
        if not path.exists():
            raise FileNotFoundError(f"no such file: {filepath}")
        try:
            header = json.loads(next(_records(str(path))))
        except (StopIteration, ValueError, tf.errors.DataLossError) as error:
            raise damaged(filepath, str(error) or "an empty file") from error
    found = (header.get("kind"), header.get("format"))
    if found != (_KIND, FORMAT):
        raise damaged(filepath, f"one of {found[0]}, format {found[1]}")
    return dict(header)


def _records(filepath: str) -> Iterator[bytes]:
    # Not tf.data: that would start TensorFlow's runtime, which takes all GPUs, in
    # processes that only want to know what is in a file.
    records: Iterator[bytes] = tf.compat.v1.io.tf_record_iterator(filepath)
    return records


def _shard(filepath: str, header: Mapping[str, Any]) -> ChipShard:
    return ChipShard(
        filepath=filepath,
        scene_id=header["scene_id"],
        chip_px=header["chip_px"],
        chips=tuple(_chip(**chip) for chip in header["chips"]),
        facts=header["facts"],
        fingerprint=str(header["provenance"].get("fingerprint", "")),
    )


def _chip(class_fractions: list[float], **others: Any) -> ChipFacts:  # noqa: ANN401
    return ChipFacts(class_fractions=tuple(class_fractions), **others)


def expect_whole(filepath: str, count: int) -> None:
    """Read a shard to its end.

    Args:
        filepath: Where it lies.
        count: Chips that it should hold.

    Raises:
        InvalidShard: if it is missing, damaged, or holds another number of chips.
    """
    if not tf.io.gfile.exists(filepath):
        raise damaged(filepath, "no such file")
    try:
        found = sum(1 for _ in _records(filepath)) - 1
    except tf.errors.DataLossError as error:
        raise damaged(filepath, error.message) from error
    if found != count:
        raise damaged(filepath, f"{found} of {count} chips")


def damaged(filepath: str, found: str) -> InvalidShard:
    """Make the error of a shard that cannot be used."""
    return InvalidShard(
        f"{Path(filepath).name}: expected a whole file of chips (TFRecord, format "
        f"{FORMAT}), got {found}. Remove {filepath} and cut again: kedro run "
        "--pipelines modeling"
    )


# --- From shards to batches: uint8 until the device, each worker its own chips

Inputs: TypeAlias = "tf.Tensor | tuple[tf.Tensor, tf.Tensor]"
"""Images, uint8 (N, S, S, 3); with the context of their scenes, float32 (N, K), where
the network takes it."""

_FILES_AT_A_TIME = 8
_SHUFFLED_AT_A_TIME = 4096


class ChipBatches:
    """The chips of one split that belong to one worker, as batches of an epoch.

    Chip i of the split belongs to worker i mod size, so a worker needs memory for its
    own chips only. An epoch's order depends on seed, epoch and rank alone: a run that
    is resumed goes on as if it had not been stopped.
    """

    def __init__(  # noqa: PLR0913 - all that decides what belongs to a worker
        self,
        selections: Sequence[Selection],
        chip_px: int,
        batch_size: int,
        *,
        rank: int = 0,
        size: int = 1,
        cache_mb: int = 2048,
        seed: int | None = None,
        context: bool = False,
    ) -> None:
        """Say what belongs to this worker; nothing is read yet.

        Args:
            selections: The chips of the split.
            chip_px: Rows and columns of a chip.
            batch_size: Chips a batch.
            rank: Of this worker.
            size: Number of workers.
            cache_mb: Chips are kept in memory when they fit in so many MB.
            seed: Shuffles and drops the last, smaller batch, so that all workers do as
                many steps; None keeps order and all chips.
            context: Whether the network takes the context of a chip's scene.
        """
        self.batch_size = batch_size
        self.total = chip_count(selections)
        self.count = len(range(rank, self.total, size))
        self._selections, self._chip_px = list(selections), chip_px
        self._rank, self._size, self._seed = rank, size, seed
        self._context = context
        self._fits = self.count * 4 * chip_px**2 <= cache_mb * 1e6
        self._records: tf.Tensor | None = None

    @property
    def steps(self) -> int:
        """Batches an epoch, the same on every worker when shuffled."""
        if self._seed is None:
            return -(-self.count // self.batch_size)
        return self.total // self._size // self.batch_size

    def epoch(self, epoch: int = 0) -> Iterator[tuple[Inputs, tf.Tensor]]:
        """Return the batches of an epoch.

        Args:
            epoch: Its number; another number is another order.

        Yields:
            (inputs, labels uint8 (N, S, S)).

        Raises:
            InvalidShard: if a shard is missing, damaged or incomplete; names it.
        """
        if not self.count:
            return
        number = 0
        try:
            for number, batch in enumerate(self.dataset(epoch), start=1):  # noqa: B007
                yield batch
        except (tf.errors.OpError, ValueError):  # ValueError: not one chip is left
            self._expect_whole_shards()
            raise
        if number < self.steps:
            self._expect_whole_shards()

    def _expect_whole_shards(self) -> None:
        for selection in self._selections:
            expect_whole(selection.filepath, selection.count)

    def dataset(self, epoch: int = 0) -> tf.data.Dataset:
        """Return the batches of an epoch as a dataset; see `epoch`."""
        records = self._cached(epoch) if self._fits else self._streamed(epoch)
        batches = records.batch(self.batch_size, drop_remainder=self._seed is not None)
        return (
            batches.map(self._decode, num_parallel_calls=2, deterministic=True)
            .take(self.steps)
            .prefetch(2)
        )

    def _cached(self, epoch: int) -> tf.data.Dataset:
        if self._records is None:
            serialised = list(self._own().batch(64).as_numpy_iterator())
            self._records = tf.constant(np.concatenate(serialised))
        order = np.arange(self.count)
        if self._seed is not None:
            order = self._random(epoch).permutation(order)
        records = self._records
        return tf.data.Dataset.from_tensor_slices(order).map(
            lambda index: tf.gather(records, index)
        )

    def _streamed(self, epoch: int) -> tf.data.Dataset:
        if self._seed is None:
            return self._own()
        seed = int(self._random(epoch).integers(2**31))
        return self._own().shuffle(_SHUFFLED_AT_A_TIME, seed=seed)

    def _random(self, epoch: int) -> np.random.Generator:
        return np.random.default_rng([self._seed or 0, epoch, self._rank])

    def _own(self) -> tf.data.Dataset:
        """Return the serialised chips of this worker in the order of the shards."""
        most = max(selection.count for selection in self._selections)
        wanted = np.zeros((len(self._selections), most), bool)
        for row, selection in zip(wanted, self._selections, strict=True):
            row[list(selection.positions)] = True
        paths = [selection.filepath for selection in self._selections]
        files = tf.data.Dataset.from_tensor_slices((paths, wanted))
        chips = files.interleave(
            _wanted_records, _FILES_AT_A_TIME, num_parallel_calls=2, deterministic=True
        )
        return chips.shard(self._size, self._rank)

    def _decode(self, serialised: tf.Tensor) -> tuple[Inputs, tf.Tensor]:
        side = self._chip_px
        names = "image", "label", "context"
        features = {name: tf.io.FixedLenFeature((), tf.string) for name in names}
        chip = tf.io.parse_example(serialised, features)
        images = tf.io.decode_raw(chip["image"], tf.uint8)
        labels = tf.io.decode_raw(chip["label"], tf.uint8)
        shape = (-1, side, side)
        images, labels = tf.reshape(images, (*shape, 3)), tf.reshape(labels, shape)
        if not self._context:
            return images, labels
        context = tf.io.decode_raw(chip["context"], tf.float32)
        return (images, tf.reshape(context, (-1, CONTEXT_SIZE))), labels


def _wanted_records(path: tf.Tensor, wanted: tf.Tensor) -> tf.data.Dataset:
    """Read the chips of one shard (after its header) that are wanted."""
    is_wanted: Callable[..., tf.Tensor] = lambda i, _: tf.gather(wanted, i)  # noqa: E731
    chips = tf.data.TFRecordDataset(path).skip(1).enumerate().filter(is_wanted)
    return chips.map(lambda _, chip: chip)


# --- Augmentation

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
