"""The work that is measured: chips in files become class maps in files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sea_ice_kedro.datasets import ClassMapDataset, SceneDataset
from sea_ice_kedro.engines import make_engine
from sea_ice_kedro.errors import WorkerLost
from sea_ice_kedro.imagery.arrays import Scene
from sea_ice_kedro.imagery.chipping import Window
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.scores import class_counts
from sea_ice_kedro.imagery.simulate import (
    SimulationOptions,
    sample_scenes,
    simulate_scene,
)
from sea_ice_kedro.imagery.simulate.presets import PRESETS
from sea_ice_kedro.pipelines.scaling.options import ScalingOptions


@dataclass(frozen=True)
class ChipLabeller:
    """Filters and labels numbered chips, as the paper does: each on its own."""

    chips: str
    """Folder of the chips."""

    labels: str
    """Folder that class maps are written to."""

    filtering: FilterOptions
    thresholds: BrightnessThresholds

    def __call__(self, number: int) -> tuple[int, ...]:
        """Read a chip, label it and write its class map: pixels of each class."""
        return self.label(number, self.load(number))

    def load(self, number: int) -> Scene:
        """Read a chip."""
        path = _chip_file(self.chips, number)
        chip: Scene = SceneDataset(filepath=path).load()
        return chip

    def label(self, number: int, chip: Scene) -> tuple[int, ...]:
        """Label a chip and write its class map: pixels of each class."""
        filtered = filter_scene(chip, self.filtering, self.thresholds)
        class_map = label_scene(filtered, self.thresholds)
        ClassMapDataset(filepath=_chip_file(self.labels, number)).save(class_map)
        counts = class_counts(class_map.codes)
        return tuple(int(counts[c]) for c in SeaIceClass)


@dataclass(frozen=True)
class ChipCutter:
    """Simulates a scene and writes its chips; each as often as it takes."""

    folder: str
    options: ScalingOptions

    @property
    def scenes(self) -> int:
        """How many scenes are simulated: one of each kind at most."""
        return min(-(-self.options.chips // len(self._windows())), len(PRESETS))

    def __call__(self, scene: tuple[int, SimulationOptions, int]) -> None:
        """Write the chips of one scene.

        Args:
            scene: Its place among the scenes, what it contains, its seed.
        """
        place, contents, seed = scene
        whole = simulate_scene(contents, seed).scene
        windows = self._windows()
        for number in range(self.options.chips):
            turn, index = divmod(number, len(windows))
            if turn % self.scenes == place:
                filepath = _chip_file(self.folder, number)
                SceneDataset(filepath=filepath).save(_cut(whole, windows[index]))

    def _windows(self) -> list[Window]:
        """Lay whole chips over a scene."""
        size = self.options.chip_px
        starts = range(0, self.options.scene_px - size + 1, size)
        return [Window(row, column, size) for row in starts for column in starts]


def cut_chips(folder: str, options: ScalingOptions) -> None:
    """Fill a folder with chips of simulated scenes, numbered from 0.

    Raises:
        WorkerLost: if a worker dies on it.
    """
    cut = ChipCutter(folder, options)
    listed = sample_scenes(cut.scenes, options.scene_px, options.seed)
    scenes = [
        (place, contents, seed) for place, (_, contents, seed) in enumerate(listed)
    ]
    expect_all(list(make_engine("processes").map(cut, scenes)))


def expect_all(results: Sequence[object]) -> None:
    """Refuse results of which one is missing.

    Raises:
        WorkerLost: the first.
    """
    for result in results:
        if isinstance(result, WorkerLost):
            raise result


def _cut(scene: Scene, window: Window) -> Scene:
    """Cut one chip; like the paper's pictures, it does not say where it lies."""
    rows = slice(window.row, window.row + window.size)
    columns = slice(window.column, window.column + window.size)
    return replace(
        scene,
        scene_id=window.chip_id(scene.scene_id),
        rgb=scene.rgb[rows, columns],
        valid_mask=scene.valid_mask[rows, columns],
        georeference=None,
    )


def _chip_file(folder: str, number: int) -> str:
    return str(Path(folder) / f"{number:07d}.tif")
