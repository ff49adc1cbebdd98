"""Shards of simulated chips for the benchmarks of training."""

from pathlib import Path

import numpy as np

from sea_ice_kedro.imagery.chips import ChipOptions, cut_chips
from sea_ice_kedro.imagery.simulate import sample_scenes, simulate_scene
from sea_ice_kedro.training.batches import read_header, write_shard
from sea_ice_kedro.training.options import AugmentationOptions, UNetOptions
from sea_ice_kedro.training.plan import ChipShard, Selection, select

PAPER = UNetOptions(
    depth=5,
    base_filters=16,
    dropout=(0.1, 0.1, 0.2, 0.2, 0.2, 0.3),
    normalisation="paper",
    network="published",
)
SMALL = UNetOptions(4, 8, (0.0, 0.0, 0.0, 0.1, 0.1), network="published")
NO_AUGMENTATION = AugmentationOptions(flip_rotate=False, cloud_share=0.0)


def make_shards(folder: Path, scenes: int, size: int = 1024) -> list[ChipShard]:
    """Write a shard a scene, labelled by its truth."""
    shards = []
    for scene_id, options, seed in sample_scenes(scenes, size, seed=13):
        simulated = simulate_scene(options, seed)
        quality = np.zeros(options.shape, np.uint8)
        rgb, codes = simulated.scene.rgb, simulated.truth.codes
        chips = cut_chips(scene_id, rgb, codes, quality, ChipOptions(256, 0.0))
        path = str(folder / f"{scene_id}.tfrecord")
        write_shard(path, chips, {"images": "original"}, {})
        shards.append(read_header(path))
    return shards


def all_chips(shards: list[ChipShard]) -> tuple[Selection, ...]:
    """Select every chip."""
    return select(
        shards, {(s.scene_id, c.row, c.column) for s in shards for c in s.chips}
    )
