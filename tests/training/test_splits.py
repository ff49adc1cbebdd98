import pytest

from sea_ice_kedro.errors import InvalidOption, TooFewScenes
from sea_ice_kedro.training.plan import SplitOptions, split_scenes

SCENES = [f"s{i}" for i in range(10) for _ in range(4)]


def scenes_of(names, wanted, scene_ids=SCENES):
    return {s for s, name in zip(scene_ids, names, strict=True) if name == wanted}


def test_no_scene_is_on_two_sides():
    names = split_scenes(SCENES, SplitOptions())
    train, validation, test = (
        scenes_of(names, name) for name in ("train", "validation", "test")
    )
    assert (len(train), len(validation), len(test)) == (6, 2, 2)
    assert train | validation | test == set(SCENES)
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_chips_of_one_scene_fall_on_both_sides_only_when_asked():
    names = split_scenes(SCENES, SplitOptions(by="chip", validation=0.1, test=0.2))
    assert (names.count("validation"), names.count("test")) == (4, 8)
    assert scenes_of(names, "train") & scenes_of(names, "test")


def test_the_seed_alone_decides():
    assert split_scenes(SCENES, SplitOptions(seed=1)) == split_scenes(
        SCENES, SplitOptions(seed=1)
    )
    assert split_scenes(SCENES, SplitOptions(seed=1)) != split_scenes(
        SCENES, SplitOptions(seed=2)
    )


def test_three_scenes_are_enough_and_two_are_not():
    assert sorted(split_scenes(["a", "b", "c"], SplitOptions())) == [
        "test",
        "train",
        "validation",
    ]
    with pytest.raises(TooFewScenes, match=r"at least 3 scenes, .* got 2; bring more"):
        split_scenes(["a", "a", "b"], SplitOptions())


def test_two_scenes_are_enough_without_validation():
    names = split_scenes(["a", "b"], SplitOptions(validation=0.0))
    assert sorted(names) == ["test", "train"]
    with pytest.raises(TooFewScenes, match="at least 2 scenes"):
        split_scenes(["a", "a"], SplitOptions(validation=0.0))


def test_one_scene_is_enough_where_nothing_is_scored():
    assert (
        split_scenes(["a", "a"], SplitOptions(validation=0.0, test=0.0))
        == ["train"] * 2
    )


def test_large_shares_of_few_scenes_leave_one_to_learn_from():
    names = split_scenes(["a", "b", "c"], SplitOptions(validation=0.3, test=0.65))
    assert names.count("train") == 1


@pytest.mark.parametrize(
    "settings",
    [{"by": "pixel"}, {"test": -0.1}, {"test": 0.6, "validation": 0.4}, {"seed": -1}],
)
def test_splits_that_leave_nothing_are_refused(settings):
    with pytest.raises(InvalidOption, match=r"modeling\.split"):
        SplitOptions(**settings)
