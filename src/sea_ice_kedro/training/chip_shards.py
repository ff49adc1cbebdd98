"""Chips of one scene as a TFRecord file: a header, then one record a chip.

The header says what is in the file, so that an index of all chips costs no pass over
their pixels. A chip's record is a `tf.train.Example` with raw uint8 `image` (S, S, 3)
and `label` (S, S), and the float32 `context` of its scene.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from sea_ice_kedro.errors import InvalidShard
from sea_ice_kedro.imagery.chips import ChipFacts, Chips
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.training.shard_selection import ChipShard

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
    with writing(filepath) as part, tf.io.TFRecordWriter(str(part)) as file:
        file.write(json.dumps(header).encode())
        for image, label in zip(chips.images, chips.labels, strict=True):
            file.write(_example(image=image, label=label, context=chips.context))


def _example(**arrays: npt.NDArray[Any]) -> bytes:
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[array.tobytes()]))
        for name, array in arrays.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(example.SerializeToString())


def read_header(filepath: str) -> ChipShard:
    """Read what a shard says of itself; no pixel is read.

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
