"""Small shards, plans and networks to train in tests: seeded, seconds on a CPU."""

import numpy as np

from sea_ice_kedro.imagery.chips import ChipOptions, cut_chips
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_by_brightness
from sea_ice_kedro.training.batches import read_header, write_shard
from sea_ice_kedro.training.options import (
    AugmentationOptions,
    TrainingOptions,
    WorkersOptions,
)
from sea_ice_kedro.training.plan import TrainingPlan, select
from tests.fabricate import floes
from tests.networks import TINY

CHIP_PX = 32
PLAIN = AugmentationOptions(flip_rotate=False, cloud_share=0.0)


def shard(folder, scene_id="a", height=96, width=128, seed=0, nodata=0):
    """Write one shard of floes labelled by brightness; `nodata` columns are not."""
    rgb = floes(height, width, seed)
    valid_mask = np.ones((height, width), bool)
    valid_mask[:, :nodata] = False
    codes = label_by_brightness(rgb, valid_mask, BrightnessThresholds())
    quality = np.zeros((height, width), np.uint8)
    chips = cut_chips(scene_id, rgb, codes, quality, ChipOptions(CHIP_PX, 0.1))
    path = str(folder / f"{scene_id}.tfrecord")
    provenance = {"fingerprint": f"{scene_id} {seed} {height} {width} {nodata}"}
    write_shard(path, chips, {"images": "original"}, provenance)
    return read_header(path)


def everything(*shards):
    """Select all chips that are kept."""
    return select(
        shards, {(s.scene_id, c.row, c.column) for s in shards for c in s.chips}
    )


def training_options(**settings):
    """Options of a short training without anything random but the weights."""
    return TrainingOptions(
        **{
            "epochs": 2,
            "batch_size": 2,
            "learning_rate": 0.01,
            "cosine_decay": False,
            "augmentation": PLAIN,
            **settings,
        }
    )


def plan(folder, unet=TINY, workers=None, **settings):
    """Plan a training on 24 chips of two scenes, validated on 12 of a third."""
    train = everything(
        shard(folder, "a", seed=1), shard(folder, "b", seed=2, nodata=40)
    )
    return TrainingPlan(
        name="tiny",
        train=train,
        validation=everything(shard(folder, "c", seed=3)),
        chip_px=CHIP_PX,
        class_fractions=(0.3, 0.3, 0.4),
        unet=unet,
        options=training_options(**settings),
        workers=workers or WorkersOptions(warmup_epochs=0.0, scale_learning_rate=False),
        folder=str(folder / "work"),
        content="floes",
    )
