"""One measurement of Table I or II, in a process of its own: see `measure_once`.

The executors are processes of this machine (Spark's "local-cluster"). A chip is read
into the memory of an executor, and labelled there later; executors read and write files
themselves.
"""

import os
import pickle
import time
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sea_ice_kedro.datasets import ClassMapDataset, SceneDataset
from sea_ice_kedro.engines import Engine, make_engine, spark_session
from sea_ice_kedro.engines.local import single_threaded_opencv
from sea_ice_kedro.engines.spark_session import link_home
from sea_ice_kedro.errors import MeasurementFailed, WorkerLost
from sea_ice_kedro.imagery.arrays import Scene
from sea_ice_kedro.imagery.chips import Window
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.scores import class_counts
from sea_ice_kedro.imagery.simulate import (
    SimulationOptions,
    sample_scenes,
    simulate_scene,
)
from sea_ice_kedro.imagery.simulate.options import PRESETS
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


def cut_folder(folder: str, options: ScalingOptions) -> None:
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


# --- One measurement: what is asked of a process that measures

REQUEST, ANSWER = "request.json", "answer.json"
"""Files by which a measurement is asked for, and answered."""

_ROUNDS = 20
"""Of waking up, at most, until every worker has been seen."""


@dataclass(frozen=True)
class Request:
    """Measurement for one process."""

    chips: str
    """Folder of the chips."""

    count: int
    """How many there are."""

    filtering: FilterOptions
    thresholds: BrightnessThresholds
    processes: int = 1
    executors: int = 1
    cores: int = 1
    """Of each executor."""

    executor_memory_mib: int = 1024
    folder: str = ""
    """Of this process alone: for labels, and whatever else it leaves behind."""

    def labeller(self, name: str) -> ChipLabeller:
        """Return the work, with its labels in a folder of this name."""
        labels = Path(self.folder) / name
        labels.mkdir()
        return ChipLabeller(self.chips, str(labels), self.filtering, self.thresholds)

    def expect_labels(self, name: str) -> None:
        """Refuse a measurement after which a label is missing.

        Raises:
            MeasurementFailed: naming both counts.
        """
        found = len(list((Path(self.folder) / name).glob("*.tif")))
        if found != self.count:
            raise MeasurementFailed(f"expected {self.count} class maps, got {found}")


def wake_up(workers: int, one_round: Callable[[], Collection[int]]) -> None:
    """Let every worker do some work, so that none starts while others are timed.

    Args:
        workers: How many there should be.
        one_round: Gives work to all; gives the process ids of those that did some.

    Raises:
        MeasurementFailed: if there are fewer.
    """
    seen: set[int] = set()
    for _ in range(_ROUNDS):
        seen |= set(one_round())
        if len(seen) >= workers:
            return
    raise MeasurementFailed(f"expected {workers} worker processes, got {len(seen)}")


# --- One measurement of Table I, in a process of its own: see `measure_once`

_AT_LEAST_S = 0.2
"""A worker is busy with its first chip so long that others get theirs."""


@dataclass(frozen=True)
class FirstChip:
    """The first piece of work of a worker."""

    label: ChipLabeller

    def __call__(self, number: int) -> int:
        """Label a chip: the worker's process id."""
        self.label(number)
        time.sleep(_AT_LEAST_S)
        return os.getpid()


def measure_processes(request: Request) -> dict[str, Any]:
    """Label all chips in a pool of processes.

    Returns:
        `start_s`: until every process has labelled a chip; `seconds`: for all chips,
        from files to files.
    """
    engine = make_engine("processes", request.processes)
    first = FirstChip(request.labeller("first"))
    label = request.labeller("labels")
    begin = time.perf_counter()
    wake_up(request.processes, lambda: _round(engine, first, request))
    start = time.perf_counter()
    results = list(engine.map(label, range(request.count)))
    seconds = time.perf_counter() - start
    expect_all(results)
    request.expect_labels("labels")
    return {"start_s": start - begin, "seconds": seconds}


def _round(engine: Engine, first: FirstChip, request: Request) -> Set[int]:
    numbers = [n % request.count for n in range(request.processes)]
    pids = list(engine.map(first, numbers))
    expect_all(pids)
    return {pid for pid in pids if isinstance(pid, int)}


# --- One measurement of Table II, in a process of its own: see `measure_once`

_CHIPS_A_TASK = 64
_TASKS_A_SLOT = 4
"""At least, where there are enough chips, so that no slot has nothing to do."""

Batches = Iterator[Any]
"""Of pandas data frames, as `mapInPandas` hands them over."""


def measure_spark(request: Request) -> dict[str, Any]:
    """Load all chips into executors, declare their labelling, and run it.

    Returns:
        `start_s`: until every Python worker has labelled a chip, and some have gone the
        whole way; `load_s`: files to decoded chips in executors' memory; `map_s`:
        declaring the labelling; `reduce_s`: labelling, writing every class map, summing
        up pixels by class; `spark` and `java`: their versions.
    """
    start = time.perf_counter()
    # Its logs go with the request's folder.
    os.environ["SPARK_HOME"] = str(link_home(Path(request.folder) / "spark"))
    spark_session.configure(settings_of(request))
    spark = spark_session.session()
    try:
        first, labels = request.labeller("first"), request.labeller("labels")
        slots = request.executors * request.cores
        wake_up(slots, lambda: _wake_up(spark, first, request))
        few = min(_TASKS_A_SLOT * slots, request.count)
        _load_map_reduce(spark, first, few, tasks=few)
        start_s = time.perf_counter() - start
        tasks = max(-(-request.count // _CHIPS_A_TASK), few)
        times = _load_map_reduce(spark, labels, request.count, tasks)
        request.expect_labels("labels")
        java = spark._jvm.java.lang.System.getProperty("java.version")
        return {"start_s": start_s, **times, "spark": spark.version, "java": java}
    finally:
        spark_session.stop()


def settings_of(request: Request) -> dict[str, Any]:
    """Return the Spark properties of a cluster of this shape on this machine."""
    executors, cores = request.executors, request.cores
    memory = request.executor_memory_mib
    return {
        "spark.master": f"local-cluster[{executors},{cores},{memory}]",
        "spark.executor.memory": f"{memory}m",
        "spark.cores.max": executors * cores,
        # Without these the first tasks run before all executors are there.
        "spark.scheduler.minRegisteredResourcesRatio": 1.0,
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s",
        "spark.ui.enabled": False,
        "spark.ui.showConsoleProgress": False,
        "spark.local.dir": request.folder,
    }


def _load_map_reduce(
    spark: Any,  # noqa: ANN401
    label: ChipLabeller,
    count: int,
    tasks: int,
) -> dict[str, float]:
    """Time the three steps on the first `count` chips.

    Raises:
        MeasurementFailed: if not all chips were kept in memory.
    """
    start = time.perf_counter()
    chips = (
        spark.range(0, count, 1, tasks)
        .mapInPandas(loading(label), "number long, chip binary")
        .persist()
    )
    chips.count()
    loaded = time.perf_counter()
    columns = [c.key for c in SeaIceClass]
    schema = ", ".join(f"{name} long" for name in columns)
    sums = chips.mapInPandas(labelling(label, columns), schema).groupBy().sum(*columns)
    mapped = time.perf_counter()
    sums.collect()
    reduced = time.perf_counter()
    _expect_in_memory(spark)
    chips.unpersist(blocking=True)
    return {
        "load_s": loaded - start,
        "map_s": mapped - loaded,
        "reduce_s": reduced - mapped,
    }


def loading(work: ChipLabeller) -> Callable[[Batches], Batches]:
    """Make the function that reads the chips of a task."""

    def load(batches: Batches) -> Batches:
        import pandas as pd  # noqa: PLC0415 - pickled by value: where it runs

        for batch in batches:
            chips = [pickle.dumps(work.load(number)) for number in batch["id"]]
            yield pd.DataFrame({"number": batch["id"], "chip": chips})

    return load


def labelling(work: ChipLabeller, columns: list[str]) -> Callable[[Batches], Batches]:
    """Make the function that labels the loaded chips of a task."""

    def label(batches: Batches) -> Batches:
        import pandas as pd  # noqa: PLC0415 - pickled by value: where it runs

        for batch in batches:
            with single_threaded_opencv():
                counts = [
                    work.label(number, pickle.loads(chip))
                    for number, chip in zip(batch["number"], batch["chip"], strict=True)
                ]
            yield pd.DataFrame(counts, columns=columns)

    return label


def _wake_up(spark: Any, first: ChipLabeller, request: Request) -> set[int]:  # noqa: ANN401
    count = request.count

    def wake(batches: Batches) -> Batches:
        import pandas as pd  # noqa: PLC0415 - pickled by value: where it runs

        for batch in batches:
            for number in batch["id"]:
                with single_threaded_opencv():
                    first(number % count)
            time.sleep(_AT_LEAST_S)
            yield pd.DataFrame({"pid": [os.getpid()]})

    slots = request.executors * request.cores
    rounds = spark.range(0, _TASKS_A_SLOT * slots, 1, _TASKS_A_SLOT * slots)
    return {row.pid for row in rounds.mapInPandas(wake, "pid long").collect()}


def _expect_in_memory(spark: Any) -> None:  # noqa: ANN401
    """Refuse a measurement in which executors had to use the disk.

    Raises:
        MeasurementFailed: naming the setting that gives them more memory.
    """
    stored = spark.sparkContext._jsc.sc().getRDDStorageInfo()
    on_disk = sum(rdd.diskSize() for rdd in stored)
    if on_disk:
        raise MeasurementFailed(
            "expected all chips in the executors' memory, got "
            f"{on_disk / 2**20:.0f} MiB of them on disk; set a larger "
            "scaling.executor_memory_mib, or fewer scaling.chips"
        )
