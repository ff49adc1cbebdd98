import ast
import hashlib
from pathlib import Path

import numpy as np
import pytest

import sea_ice_kedro.imagery
from sea_ice_kedro.imagery.classes import NO_CLASS, SeaIceClass
from sea_ice_kedro.imagery.worlds import UNSCORED, draw_world
from sea_ice_kedro.imagery.worlds.atmosphere import SKIES
from sea_ice_kedro.imagery.worlds.ground import STYLES

IMAGERY = Path(sea_ice_kedro.imagery.__file__).parent


def digest(world):
    return hashlib.sha256(world.rgb.tobytes() + world.truth.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def worlds():
    return [draw_world(seed, 96) for seed in range(60)]


def test_a_seed_gives_the_same_world_and_another_seed_another():
    assert digest(draw_world(7, 96)) == digest(draw_world(7, 96))
    assert digest(draw_world(7, 96)) != digest(draw_world(8, 96))


def test_worlds_have_every_ice_every_sky_and_every_answer(worlds):
    kinds = [world.kind.split(", ") for world in worlds]
    assert {style for style, _ in kinds} == set(STYLES)
    assert {sky for _, sky in kinds} == set(SKIES)
    seen = set(np.concatenate([np.unique(world.truth) for world in worlds]))
    assert seen == {*SeaIceClass, NO_CLASS, UNSCORED}


def test_what_is_not_observed_is_black_and_not_scored(worlds):
    cut = [world for world in worlds if not world.valid_mask.all()]
    assert cut
    for world in cut:
        assert not world.rgb[~world.valid_mask].any()
        assert (world.truth[~world.valid_mask] == UNSCORED).all()


def test_no_brightness_tells_a_class(worlds):
    """Thin ice of one world is brighter than thick ice of another, water than thin."""

    def brightness(code):
        means = [
            world.rgb[world.truth == code].mean()
            for world in worlds
            if (world.truth == code).sum() > 100
        ]
        return min(means), max(means)

    thick, thin, water = (brightness(c) for c in SeaIceClass)
    assert thin[1] > thick[0] + 40
    assert water[1] > thin[0] + 20


def tuples_in(path):
    """Tuples of two or more fractions that a module gives a name to."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            numbers = [x.value for x in node.value.elts if isinstance(x, ast.Constant)]
            if len(numbers) > 1 and any(isinstance(n, float) for n in numbers):
                found.add(tuple(numbers))
    return found


METHODS = [
    *sorted((IMAGERY / "illumination").glob("*.py")),
    *(IMAGERY / name for name in ("histogram.py", "labelling.py", "scene_context.py")),
]
TEACHERS = [
    *sorted((IMAGERY / "worlds").glob("*.py")),
    *sorted((IMAGERY / "simulate").glob("*.py")),
]


@pytest.mark.parametrize("path", METHODS, ids=lambda path: path.stem)
def test_no_method_imports_a_simulator(path):
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for name in [node.module or ""]
    }
    assert not [name for name in imported if ".worlds" in name or ".simulate" in name]


@pytest.mark.parametrize("path", METHODS, ids=lambda path: path.stem)
def test_no_method_knows_a_colour_that_a_simulator_uses(path):
    taught = set().union(*map(tuples_in, TEACHERS))
    assert not tuples_in(path) & taught
