import ast
from pathlib import Path

import numpy as np
import pytest

from benchmarks.labels import reporting
from benchmarks.labels.reporting import (
    KINDS,
    NO_CLASS,
    NOT_SCORED,
    World,
    draw_world,
)
from sea_ice_kedro.imagery.classes import SeaIceClass

SIZE = 128


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [draw_world(kind, 1, SIZE) for kind in KINDS]


def test_the_same_kind_seed_and_size_are_the_same_bytes():
    first, again, other = (draw_world("haze", seed, 96) for seed in (3, 3, 4))
    for part in ("rgb", "valid_mask", "truth"):
        assert getattr(first, part).tobytes() == getattr(again, part).tobytes()
    assert not np.array_equal(first.rgb, other.rgb)


def test_every_kind_draws_a_picture_with_its_truth(worlds):
    for kind, world in zip(KINDS, worlds, strict=True):
        assert (world.name, world.kind) == (f"{kind} 1", kind)
        assert world.rgb.dtype == world.truth.dtype == np.uint8
        assert world.rgb.shape == (SIZE, SIZE, 3)
        assert world.truth.shape == world.valid_mask.shape == (SIZE, SIZE)
        assert world.valid_mask.dtype == bool
        assert (world.truth != NOT_SCORED).any()


def test_all_classes_and_what_has_none_appear(worlds):
    codes = {int(code) for world in worlds for code in np.unique(world.truth)}
    assert codes == {*map(int, SeaIceClass), NO_CLASS, NOT_SCORED}


def test_nothing_is_asked_of_pixels_without_data(worlds):
    outside = [world for world in worlds if not world.valid_mask.all()]
    assert outside
    for world in outside:
        assert (world.truth[~world.valid_mask] == NOT_SCORED).all()


@pytest.mark.parametrize(
    ("kind", "code"),
    [("all water", SeaIceClass.OPEN_WATER), ("all pack", SeaIceClass.THICK_ICE)],
)
def test_scenes_of_one_class_have_no_other(kind, code):
    truth = draw_world(kind, 2, SIZE).truth
    assert set(np.unique(truth)) <= {code, NOT_SCORED}


def test_only_cloud_and_land_have_pixels_without_a_class(worlds):
    kinds = {world.kind for world in worlds if (world.truth == NO_CLASS).any()}
    assert kinds == {"cloud", "land"}


def test_an_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"expected one of clear, .*got 'fog'"):
        draw_world("fog", 1)


def test_worlds_share_no_code_with_what_they_measure():
    allowed = {"imagery.classes", "imagery.arrays"}
    files = list(Path(reporting.__file__).parent.glob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, file
                names = [str(node.module)]
            for name in names:
                top, _, rest = name.partition(".")
                assert (
                    top not in {"sea_ice_kedro", "benchmarks"}
                    or rest in allowed
                    or rest.startswith("labels.reporting")
                ), f"{file.name} imports {name}"
