"""What is imported before the first scene starts, and how long until the first map.

    python -m benchmarks.start_up

`kedro --help`, and all that happens in a run until the first scene's worker is asked:
neither may import TensorFlow, Spark, Horovod or matplotlib. Then `sea-ice-kedro map` of
a folder with one scene of 2048²: seconds until its map is there, until the end, and of
the same command again, which has nothing to do.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.timing import seconds
from benchmarks.whole_job import make_scenes

HEAVY = ("tensorflow", "keras", "pyspark", "horovod", "matplotlib", "numba", "skimage")

# An engine that stops the run where the first scene would start.
UNTIL_FIRST_SCENE = """
import sys
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from sea_ice_kedro.engines.local import SequentialEngine

def stop(self, func, items):
    if items:
        print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
        raise SystemExit
    return iter(())

SequentialEngine.map = stop
bootstrap_project(".")
with KedroSession.create(runtime_params={"engine": {"name": "sequential"}}) as session:
    session.run()
"""


def main() -> None:
    """Print seconds and the heavy modules found."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed for users
    kedro = str(Path(sys.executable).with_name("kedro"))
    with tempfile.TemporaryDirectory() as data:
        report("kedro --help", [sys.executable, "-X", "importtime", kedro, "--help"])
        os.environ["SEA_ICE_DATA"] = data
        report("until the first scene", [sys.executable, "-c", UNTIL_FIRST_SCENE])
        report_maps(Path(data))


def report(name: str, command: list[str]) -> None:
    """Time a command three times; name the heavy modules that it imports."""
    times, found = [], set()
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "DO_NOT_TRACK": "1"},
        )
        times.append(time.perf_counter() - start)
        imported = done.stdout.split() + done.stderr.split()
        found |= {name for name in HEAVY if name in imported}
    heavy = ", ".join(sorted(found)) or "none"
    print(f"{name}: {statistics.median(times):.1f} s; heavy modules: {heavy}")


def report_maps(folder: Path) -> None:
    """Time three runs of `sea-ice-kedro map`, each into an empty folder, and again."""
    scenes = folder / "scenes"
    make_scenes(scenes, 1, 2048)
    (scene,) = scenes.glob("*.png")
    rows = []
    for number in range(3):
        out = folder / f"maps_{number}"
        words = ["sea_ice_kedro", "map", str(scenes), "--out", str(out)]
        first = out / "07_model_output" / "predictions" / f"{scene.stem}.tif"
        start = time.perf_counter()
        run = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE)
        while not first.exists() and run.poll() is None:
            time.sleep(0.01)
        mapped = time.perf_counter() - start
        run.communicate()
        assert run.returncode == 0, run.args
        total = time.perf_counter() - start
        again = seconds(partial(subprocess.check_output, run.args))
        rows.append((mapped, total, again))
    mapped, total, again = map(statistics.median, zip(*rows, strict=True))
    print(f"first map: {mapped:.1f} s; all: {total:.1f} s; again: {again:.1f} s")


if __name__ == "__main__":
    main()
