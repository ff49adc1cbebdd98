"""What is imported before the first scene starts, and how long that takes.

    python -m benchmarks.start_up

`kedro --help`, and all that happens in a run until the first scene's worker is asked:
neither may import TensorFlow, Spark, Horovod or matplotlib.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


if __name__ == "__main__":
    main()
