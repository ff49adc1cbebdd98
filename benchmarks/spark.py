"""The Spark engine against processes; its driver's memory, executors and overhead.

    python -m benchmarks.spark engine     [--scenes 66] [--size 2048] [--repeats 3]
    python -m benchmarks.spark memory     [--scenes 500] [--size 256]
    python -m benchmarks.spark executors  [--scenes 264] [--size 2048] [--repeats 3]
    python -m benchmarks.spark overhead   [--scenes 20000] [--size 64]
    python -m benchmarks.spark network    [--scenes 8] [--size 2048] [--repeats 3]

Needs Spark (`uv sync --inexact --extra spark`) and two cores. A piece of work is what
executors do in a run: read a stored scene, filter it, label it, write its class map.
Starting sessions, executors and their Python is excluded: all have done some work
before the clock runs. Every measurement is a process of its own; both sides take
turns.

`engine`: two local cores against `processes` with two. `memory`: peak resident memory
of the driver, Python and Java, with all scenes against a tenth of them. `executors`:
one of one core against two. `overhead`: what a tiny scene takes beyond the same work
in one loop (half of it, for two cores), and with a function that does nothing.
`network`: two executors map scenes by `polar`, by ONNX Runtime against TensorFlow. The
Python of the executors runs before the clock does; that each loads its library and the
network counts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from ast import literal_eval
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.timing import seconds
from sea_ice_kedro.datasets import ClassMapDataset, SceneDataset
from sea_ice_kedro.engines import make_engine, spark_session
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.simulate import sample_scenes, simulate_scene
from sea_ice_kedro.networks import POLAR, POLAR_KERAS
from sea_ice_kedro.rasters.stored_scene import StoredScene
from sea_ice_kedro.training.model_file import ModelFile
from sea_ice_kedro.training.predict import InferenceOptions, predict_scene

KINDS = 10
LOCAL = "local[2,4]"
CLUSTER = "local-cluster[{},1,1024]"
WARM_UP = 24
SCENES_IN_ONE_LOOP = 2_000
"""At most: the time of all is taken from so many."""


@dataclass(frozen=True)
class Label:
    """Makes one class map."""

    scenes: str
    maps: str

    def __call__(self, number: int) -> str:
        """Read, filter, label and write; gives a receipt."""
        scene = SceneDataset(filepath=f"{self.scenes}/{number % KINDS}.tif").load()
        filtered = filter_scene(scene, FilterOptions(), BrightnessThresholds())
        class_map = label_scene(filtered, BrightnessThresholds())
        target = f"{self.maps}/{number}.tif"
        ClassMapDataset(filepath=target).save(class_map)
        return target


@dataclass(frozen=True)
class Predict:
    """Makes one map by a network."""

    scenes: str
    maps: str
    network: str

    def __call__(self, number: int) -> str:
        """Read, predict and write; gives a receipt."""
        scene = StoredScene(f"{self.scenes}/{number % KINDS}.tif")
        made = predict_scene(scene, ModelFile(self.network), InferenceOptions())
        target = f"{self.maps}/{number}.tif"
        ClassMapDataset(filepath=target).save(made)
        return target


def nothing(number: int) -> int:
    """Do no work at all."""
    return number


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=MEASURES)
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--size", type=int)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    measure, scenes, size = MEASURES[given.what]
    with tempfile.TemporaryDirectory() as folder:
        make_scenes(folder, given.size or size)
        measure(folder, given.scenes or scenes, given.repeats)


def make_scenes(folder: str, size: int) -> None:
    """Store a scene of each kind."""
    for number, (_, options, seed) in enumerate(sample_scenes(KINDS, size, seed=66)):
        scene = simulate_scene(options, seed).scene
        SceneDataset(filepath=f"{folder}/{number}.tif").save(scene)


def engine(folder: str, scenes: int, repeats: int) -> None:
    """Print the time of Spark on two local cores against two processes."""
    spark = partial(fresh, timed, folder, scenes, "spark", LOCAL)
    processes = partial(fresh, timed, folder, scenes, "processes", "")
    in_turns("Spark, 2 cores", spark, "2 processes", processes, repeats)


def executors(folder: str, scenes: int, repeats: int) -> None:
    """Print the time of one executor against two."""
    one, two = (
        partial(fresh, timed, folder, scenes, "spark", CLUSTER.format(n))
        for n in (1, 2)
    )
    in_turns("1 executor", one, "2 executors", two, repeats)


def memory(folder: str, scenes: int, repeats: int) -> None:
    """Print the driver's peak memory with few and with many scenes."""
    rows = []
    for _ in range(repeats):
        few = fresh(driver_mib, folder, scenes // 10)
        many = fresh(driver_mib, folder, scenes)
        rows.append([b / a for a, b in zip(few, many, strict=True)])
        print(
            f"{scenes // 10} scenes: Python {few[0]:.0f} MiB, Java {few[1]:.0f} MiB   "
            f"{scenes} scenes: {many[0]:.0f}, {many[1]:.0f}",
            flush=True,
        )
    python, java = (statistics.median(c) for c in zip(*rows, strict=True))
    print(f"median: Python {python - 1:+.0%}, Java {java - 1:+.0%}")


def overhead(folder: str, scenes: int, repeats: int) -> None:
    """Print what a tiny scene costs beyond its work."""
    del repeats
    few = min(scenes, SCENES_IN_ONE_LOOP)
    bare = fresh(timed, folder, few, "sequential", "") / few * scenes
    spark = fresh(timed, folder, scenes, "spark", LOCAL)
    idle = fresh(idle_s, scenes)
    print(
        f"{scenes} scenes: one loop {bare:.1f} s, Spark on 2 cores {spark:.1f} s: "
        f"{(spark - bare / 2) / scenes * 1e3:+.2f} ms a scene; "
        f"doing nothing {idle:.1f} s: {idle / scenes * 1e3:.2f} ms a scene"
    )


def network(folder: str, scenes: int, repeats: int) -> None:
    """Print the time of a scene by ONNX Runtime and by TensorFlow."""
    onnx, keras = (
        partial(fresh, served_s, folder, scenes, path) for path in (POLAR, POLAR_KERAS)
    )
    in_turns("ONNX Runtime", onnx, "TensorFlow", keras, repeats)


def in_turns(
    a: str, run_a: Callable[[], float], b: str, run_b: Callable[[], float], repeats: int
) -> None:
    """Print both times and their ratio, pair by pair."""
    rows = []
    for _ in range(repeats):
        pair = run_a(), run_b()
        rows.append(pair[0] / pair[1])
        print(f"{a} {pair[0]:.1f} s   {b} {pair[1]:.1f} s   {rows[-1]:.2f}", flush=True)
    print(f"median: {a} / {b} = {statistics.median(rows):.2f}")


def fresh(function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
    """Call a function of this module in a new Python, and give what it returns."""
    name = function.__name__
    code = f"from benchmarks.spark import {name} as f; print('\\n', f(*{arguments!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    return literal_eval(done.stdout.splitlines()[-1].strip())


def timed(folder: str, scenes: int, name: str, master: str) -> float:
    """Time one map over all scenes, after a short one."""
    start_spark(master)
    mapping = make_engine(name, 2 if name == "processes" else "auto").map
    with tempfile.TemporaryDirectory() as maps:
        label = Label(folder, maps)
        list(mapping(label, range(min(WARM_UP, scenes))))
        elapsed = seconds(lambda: expect(mapping(label, range(scenes)), scenes))
    spark_session.stop()
    return elapsed


def served_s(folder: str, scenes: int, path: str) -> float:
    """Time all scenes by a network on two executors that have not loaded it."""
    start_spark(CLUSTER.format(2))
    mapping = make_engine("spark").map
    list(mapping(nothing, range(WARM_UP)))
    with tempfile.TemporaryDirectory() as maps:
        work = Predict(folder, maps, path)
        elapsed = seconds(lambda: expect(mapping(work, range(scenes)), scenes))
    spark_session.stop()
    return elapsed


def idle_s(scenes: int) -> float:
    """Time Spark on work that is none."""
    start_spark(LOCAL)
    mapping = make_engine("spark").map
    list(mapping(nothing, range(WARM_UP)))
    return seconds(lambda: expect(mapping(nothing, range(scenes)), scenes))


def driver_mib(folder: str, scenes: int) -> tuple[float, float]:
    """Label scenes on two executors: peak memory of the driver's Python and Java."""
    start_spark(CLUSTER.format(2))
    with tempfile.TemporaryDirectory() as maps:
        label = Label(folder, maps)
        expect(make_engine("spark").map(label, range(scenes)), scenes)
    process = spark_session.session()._jvm.java.lang.ProcessHandle.current()
    return peak_mib(os.getpid()), peak_mib(process.pid())


def peak_mib(pid: int) -> float:
    """Read the largest resident size that a process has had (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def start_spark(master: str) -> None:
    """Configure and start a session; none without a master."""
    if not master:
        return
    # Workers unpickle this module's functions by name.
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.master": master,
        "spark.ui.enabled": False,
        "spark.ui.showConsoleProgress": False,
        "spark.log.level": "ERROR",
        # Without these the first tasks run before all executors are there.
        "spark.scheduler.minRegisteredResourcesRatio": 1.0,
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s",
    }
    if master.startswith("local-cluster"):
        instances, _, _ = master.removeprefix("local-cluster[").partition(",")
        settings["spark.executor.instances"] = int(instances)
    spark_session.configure(settings)
    spark_session.session()


def expect(results: Any, scenes: int) -> None:  # noqa: ANN401
    """Run a map to its end, keeping nothing.

    Raises:
        RuntimeError: if a result is missing.
    """
    found = sum(isinstance(result, str | int) for result in results)
    if found != scenes:
        raise RuntimeError(f"expected {scenes} results, got {found}")


Measure = Callable[[str, int, int], None]
MEASURES: dict[str, tuple[Measure, int, int]] = {
    "engine": (engine, 66, 2048),
    "memory": (memory, 500, 256),
    "executors": (executors, 264, 2048),
    "overhead": (overhead, 20_000, 64),
    "network": (network, 8, 2048),
}

if __name__ == "__main__":
    main()
