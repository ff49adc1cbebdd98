from functools import partial

import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.classes import NO_CLASS
from sea_ice_kedro.imagery.worlds import draw_world
from sea_ice_kedro.pipelines.polar import (
    WorldOptions,
    cut_world,
    draw_worlds,
    index_worlds,
)
from sea_ice_kedro.training.plan import ChipShard

FEW = WorldOptions(count=3, validation=2, size_px=256, chip_px=128, seed=5)


def shard_of(world_id, made):
    return ChipShard("f", world_id, 128, tuple(made.chips.facts))


def test_worlds_are_named_and_split_by_their_number():
    declared = draw_worlds(FEW)
    assert list(declared) == [f"world_{n:06d}" for n in range(5)]
    shards = {i: partial(shard_of, i, make()) for i, make in declared.items()}
    index = index_worlds(FEW, shards)
    splits = index.groupby("scene_id")["split"].agg(set)
    kept = {i: s - {"dropped"} for i, s in splits.items()}
    assert all(s <= {"train"} for s in list(kept.values())[:3])
    assert all(s <= {"validation"} for s in list(kept.values())[3:])


def test_chips_carry_what_must_get_no_class_and_the_context_of_their_world():
    for seed in range(40):
        world, cut = draw_world(seed, 128), cut_world(seed, size_px=128, chip_px=64)
        if (world.truth == NO_CLASS).mean() > 0.5:
            break
    assert cut.chips.scene_id == world.name
    assert (cut.chips.labels == NO_CLASS).any()
    shares = np.array([fact.class_fractions for fact in cut.chips.facts if fact.kept])
    assert shares[:, NO_CLASS].max() > 0
    assert cut.chips.context.any()


@pytest.mark.parametrize(
    "given", [{"count": 0}, {"chip_px": 1024}, {"chip_px": 192}, {"seed": -1}]
)
def test_worlds_that_no_network_can_learn_from_are_refused(given):
    with pytest.raises(InvalidOption, match=r"polar\.worlds"):
        WorldOptions(**given)
