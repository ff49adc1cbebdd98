"""What methods are measured on: scenes, and what is known of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.labels.conditions import CONDITIONS, SEEDS, scene_of
from benchmarks.labels.score import (
    RIGHT,
    Judge,
    Subject,
    by_patches,
    by_truth,
    by_water,
)
from benchmarks.native_chips import AS_REFLECTANCE, dark_water, true_reflectance
from sea_ice_kedro.imagery.arrays import Scene
from sea_ice_kedro.imagery.raw_scenes import valid_by_border
from sea_ice_kedro.sources.scene_files import read_scene_file

REPORTING, PICTURES = "reporting worlds", "real pictures"
TRAINING, SIMULATOR = "training worlds", "old simulator"
CHIPS, DISPLAYS = "native chips", "other pictures"

REPORTING_SEEDS = {"development": 1_000, "test": 9_000}
TRAINING_SEEDS = {"development": 1_000_000, "test": 2_000_000}
"""First seeds; those that networks learn from are below 1 000 000
(`conf/base/parameters_polar.yml`)."""

SEES = {
    REPORTING: (
        "Worlds drawn from physics and the literature, by code and constants that "
        "nothing measured here shares; the truth of every pixel is known, also where "
        "no class is right (opaque cloud, land, icebergs). They cannot see what their"
        " author did not think of, and all their worlds are one person's idea of ice."
    ),
    PICTURES: (
        "Pictures by cameras from aircraft to Sentinel-3, with patches marked by eye "
        "before any map was seen. They are real, which no simulator is. They are few,"
        " so that one picture moves a group; patches are where one person was sure, "
        "so that edges, small floes and doubtful ice are not looked at; and most are "
        "displays, stretched by their producers."
    ),
    TRAINING: (
        "The worlds that the network `polar` learns from, of seeds that it has not "
        "seen: they tell whether it has learnt what it was shown. They favour it, and"
        " are no argument for it against others."
    ),
    SIMULATOR: (
        "Ice of one tint under haze and shadow, without opaque cloud or land. The "
        "illumination filter was developed on it, and the network of `kedro run` "
        "learns from it: it favours both. It is never quoted alone."
    ),
    CHIPS: (
        "Real reflectance of ponded Arctic ice without labels. They tell where "
        "methods disagree, and whether dark water, known by the near infrared that no"
        " method sees, is called ice; which of two methods is right they cannot tell."
    ),
    DISPLAYS: (
        "Real pictures without patches: they tell where methods disagree, no more."
    ),
}
"""What each ruler can and cannot tell, in the order of the tables."""


@dataclass(frozen=True)
class Extent:
    """How much of the simulated rulers is drawn."""

    seeds: str = "test"
    """"development" to tune by, "test" to report."""

    worlds: int = 3
    """Reporting worlds of each kind; 20 times as many training worlds."""

    size: int = 768
    """Rows and columns of worlds, and 3/4 of those of the old simulator's scenes."""

    @property
    def options(self) -> str:
        """The command line's options that ask for it; those that are not usual."""
        usual = Extent()
        return "".join(
            f" --{one.name} {getattr(self, one.name)}"
            for one in fields(self)
            if getattr(self, one.name) != getattr(usual, one.name)
        )


@dataclass(frozen=True)
class Ruler:
    """Scenes that methods are measured on."""

    name: str
    extent: str
    """What decides which scenes they are; outcomes of another are made again."""

    subjects: Mapping[str, Callable[[], Subject]]
    """Name of each scene -> what draws or reads it."""

    judge: Judge


def rulers_named(names: list[str], extent: Extent, shared: Path) -> list[Ruler]:
    """Make rulers by their names; say which are not there.

    Args:
        names: Of `SEES`.
        extent: Of the simulated ones.
        shared: Folder of real pictures: `real`, `native_chips`, `scenes`.
    """
    makers: dict[str, Callable[[], Ruler]] = {
        REPORTING: partial(_reporting, extent),
        PICTURES: partial(_pictures, shared / "real"),
        TRAINING: partial(_training, extent),
        SIMULATOR: partial(_simulator, extent),
        CHIPS: partial(_files, CHIPS, shared / "native_chips", _chip),
        DISPLAYS: partial(_files, DISPLAYS, shared / "scenes", _display),
    }
    made = [makers[name]() for name in SEES if name in names]
    for ruler in made:
        if not ruler.subjects:
            print(f"{ruler.name}: skipped; there are none in {shared}")
    return [ruler for ruler in made if ruler.subjects]


def _reporting(extent: Extent) -> Ruler:
    from benchmarks.labels.reporting import KINDS, draw_world  # noqa: PLC0415

    first = REPORTING_SEEDS[extent.seeds]
    subjects = {
        f"{kind} {seed}": partial(_of_world, draw_world, kind, seed, extent.size)
        for kind in KINDS
        for seed in range(first, first + extent.worlds)
    }
    return Ruler(REPORTING, f"{extent.seeds}, {extent.size} px", subjects, by_truth)


def _training(extent: Extent) -> Ruler:
    from sea_ice_kedro.imagery.worlds import draw_world  # noqa: PLC0415

    first = TRAINING_SEEDS[extent.seeds]
    subjects = {
        f"world {seed}": partial(_of_world, draw_world, seed, extent.size)
        for seed in range(first, first + 20 * extent.worlds)
    }
    return Ruler(TRAINING, f"{extent.seeds}, {extent.size} px", subjects, by_truth)


def _of_world(draw: Callable[..., Any], *arguments: str | int) -> Subject:
    world = draw(*arguments)
    scene = Scene(world.name, world.rgb, world.valid_mask)
    return Subject(world.kind, scene, world.truth)


def _simulator(extent: Extent) -> Ruler:
    size = extent.size * 4 // 3

    def subject(name: str, *arguments: Any) -> Subject:  # noqa: ANN401
        made = scene_of(*arguments, size)
        return Subject(name, made.scene, made.truth.codes)

    subjects = {
        f"{condition.name}, {geometry} {seed}": partial(
            subject, condition.name, condition, geometry, number, seed
        )
        for condition in CONDITIONS
        for geometry in condition.geometries
        for number, seed in enumerate(SEEDS[extent.seeds])
    }
    return Ruler(SIMULATOR, f"{extent.seeds}, {size} px", subjects, by_truth)


def _pictures(folder: Path) -> Ruler:
    file = folder / "patches.json"
    marked = json.loads(file.read_text()) if file.exists() else {}
    subjects = {
        name: partial(_picture, folder / spec["file"], spec)
        for name, spec in marked.items()
        if not name.startswith("_")
    }
    return Ruler(PICTURES, f"{len(subjects)} pictures", subjects, by_patches)


def _picture(path: Path, spec: Mapping[str, Any]) -> Subject:
    patches = {group: spec[group] for group in spec if group in RIGHT}
    return Subject(path.stem, _shown(path), patches=patches)


def _files(name: str, folder: Path, read: Callable[[Path], Subject]) -> Ruler:
    paths = sorted(path for path in folder.glob("*") if path.is_file())
    subjects = {path.stem: partial(read, path) for path in paths}
    return Ruler(name, f"{len(paths)} files", subjects, by_water)


def _chip(path: Path) -> Subject:
    water = dark_water(true_reflectance(path))
    scene = read_scene_file(str(path), AS_REFLECTANCE)
    return Subject("chip", scene, dark_water_mask=water)


def _display(path: Path) -> Subject:
    return Subject("picture", _shown(path))


def _shown(path: Path) -> Scene:
    """Read an 8-bit picture, also a grey one, which the source "folder" refuses."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    rgb = np.ascontiguousarray(bgr[..., ::-1])
    return Scene(path.stem, rgb, valid_by_border(rgb, margin_px=2))
