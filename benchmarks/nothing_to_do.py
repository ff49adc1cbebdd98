"""A run with nothing to do: the files it opens in each folder, and how long it takes.

    python -m benchmarks.nothing_to_do [--scenes 132] [--size 256]

Scenes go through `kedro run --pipelines ingestion,filtering,autolabel,catalogue`; then
the same again in this process, which counts what it opens below the data root: rasters
by rasterio, all other files by Python. Files of the source are not counted.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rasterio
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from benchmarks.timing import seconds
from benchmarks.whole_job import make_scenes
from sea_ice_kedro.rasters import geotiff

PIPELINES = ["ingestion", "filtering", "autolabel", "stac_export"]
PROJECT = Path(__file__).parents[1]


def main() -> None:
    """Print files opened by folder, and seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=132)
    parser.add_argument("--size", type=int, default=256)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, data = Path(temporary) / "in", Path(temporary) / "data"
        os.environ |= {"SEA_ICE_DATA": str(data), "DO_NOT_TRACK": "1"}
        os.environ["SEA_ICE_LOG"] = f"{temporary}/info.log"
        make_scenes(folder, arguments.scenes, arguments.size)
        kedro = str(Path(sys.executable).with_name("kedro"))
        given = f"--params=ingestion.source=folder,ingestion.folder={folder}"
        command = [kedro, "run", f"--pipelines={','.join(PIPELINES)}", given]
        subprocess.run(command, check=True, cwd=PROJECT, stdout=subprocess.DEVNULL)
        bootstrap_project(PROJECT)
        logging.disable()
        opened = watch(data)
        took_s = seconds(lambda: run(folder))
    for name, count in sorted(opened.items()):
        print(f"{name}: {count} opened")
    print(f"{arguments.scenes} scenes, {opened.total()} opened, {took_s:.1f} s")


def run(folder: Path) -> None:
    """Run the pipelines in this process."""
    given = {"ingestion": {"source": "folder", "folder": str(folder)}}
    with KedroSession.create(
        PROJECT, runtime_params={**given, "engine": {"name": "sequential"}}
    ) as session:
        session.run(pipeline_names=PIPELINES)


def watch(root: Path) -> Counter[str]:
    """Count from now on what is opened below a folder, by the folder that it is in."""
    opened: Counter[str] = Counter()

    def note(path: object) -> None:
        if str(path).startswith(f"{root}/"):
            opened[str(Path(str(path)).parent.relative_to(root))] += 1

    def noting(opens: Callable[..., Any]) -> Callable[..., Any]:
        def noted(path: object, *more: Any, **options: Any) -> Any:  # noqa: ANN401
            note(path)
            return opens(path, *more, **options)

        return noted

    sys.addaudithook(lambda event, given: note(given[0]) if event == "open" else None)
    rasterio.open = noting(rasterio.open)
    geotiff.DatasetReader = noting(geotiff.DatasetReader)  # type: ignore[misc]
    return opened


if __name__ == "__main__":
    main()
