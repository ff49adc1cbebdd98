"""From shards to batches: uint8 until the device, each worker its own chips."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from sea_ice_kedro.imagery.scene_context import CONTEXT_SIZE
from sea_ice_kedro.training.chip_shards import expect_whole
from sea_ice_kedro.training.shard_selection import Selection, chip_count

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
