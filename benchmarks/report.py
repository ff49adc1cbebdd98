"""The run report of 66 scenes: how large, and how long it takes beyond its pictures.

    python -m benchmarks.report [--scenes 66] [--size 2048] [--data FOLDER]

Simulated scenes go through `kedro run --pipelines ingestion,filtering,autolabel`; their
class maps, with noise for confidence, stand in for the predictions of a network. Then
`kedro run --pipelines reporting` runs twice. What it took is in the record that it
keeps: the step that draws the pictures, and the step that writes the page, which also
loads them. The second run finds the pictures there.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.whole_job import make_scenes
from sea_ice_kedro.datasets import (
    ClassMapDataset,
    ParallelPartitionedDataset,
    RunRecordDataset,
    SceneTableDataset,
)
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.imagery.predictions import Prediction, Strip
from sea_ice_kedro.pipelines.inference import summarise_ice
from sea_ice_kedro.run_record import RunRecord

ROWS = 256


def main() -> None:
    """Print megabytes and seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=66)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--data", type=Path, help="keep data here, and reuse them")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = (arguments.data or Path(temporary)).resolve()
        make_scenes(data / "in", arguments.scenes, arguments.size)
        source = f"ingestion.source=folder,ingestion.folder={data / 'in'}"
        run(data, "ingestion,filtering,autolabel", f"--params={source}")
        stand_in_for_a_network(data)
        for what in ("first run ", "second run"):
            run(data, "reporting")
            print(f"{what}: {seconds_of(record_of(data))}", flush=True)
        print(sizes_of(data / "08_reporting" / "report.html"))


def run(data: Path, pipelines: str, *arguments: str) -> None:
    """Run pipelines in a process of their own."""
    kedro = str(Path(sys.executable).with_name("kedro"))
    environment = {**os.environ, "SEA_ICE_DATA": str(data), "DO_NOT_TRACK": "1"}
    command = [kedro, "run", f"--pipelines={pipelines}", *arguments]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def stand_in_for_a_network(data: Path) -> None:
    """Write predictions and their statistics as `inference` does, without a network."""
    folder = data / "07_model_output" / "predictions"
    for path in sorted((data / "04_feature" / "class_maps").glob("*.tif")):
        class_map = ClassMapDataset(filepath=str(path)).load()
        prediction = str(folder / path.name)
        ClassMapDataset(filepath=prediction).save(predicted(class_map))
    predictions = ParallelPartitionedDataset(
        path=str(folder),
        filename_suffix=".tif",
        dataset={"type": ClassMapDataset, "confidence": True},
    ).load()
    index = SceneTableDataset(filepath=str(data / "03_primary/scene_index.csv")).load()
    table = SceneTableDataset(
        filepath=str(data / "08_reporting/network_statistics.csv")
    )
    table.save(summarise_ice(index, predictions))


def predicted(class_map: ClassMap) -> Prediction:
    """Give the class map as a network would, least sure where classes meet."""
    codes = class_map.codes
    edges = cv2.morphologyEx(codes, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    noise = np.random.default_rng(0).integers(0, 9, codes.shape)
    confidence = np.where(codes == NODATA, NODATA, np.where(edges, 60, 91) + noise)

    def strips() -> Iterator[Strip]:
        for row in range(0, codes.shape[0], ROWS):
            part = slice(row, row + ROWS)
            yield Strip(row, codes[part], confidence[part].astype(np.uint8))

    return Prediction(
        class_map.scene_id,
        class_map.shape,
        strips(),
        class_map.georeference,
        class_map.acquired,
        {"model": "stand_in"},
    )


def record_of(data: Path) -> RunRecord:
    """Read what the runs have recorded."""
    path = data / "08_reporting" / "run_record.json"
    return RunRecordDataset(filepath=str(path)).load()


def seconds_of(record: RunRecord) -> str:
    """Say how long the two steps of the report took."""
    steps = (
        record.step(f"reporting.{n}") for n in ("draw_report_pictures", "write_report")
    )
    drawn, written = (step for step in steps if step is not None)
    made = drawn.products[0].made
    return (
        f"{made} scenes pictured in {drawn.elapsed_s:.1f} s, page written in "
        f"{written.elapsed_s:.1f} s beyond that"
    )


def sizes_of(page: Path) -> str:
    """Say how large the page is, and what of it is pictures."""
    html = page.read_text(encoding="utf-8")
    pictures = sum(
        map(len, re.findall(r"data:image/webp;base64,[A-Za-z0-9+/=]+", html))
    )
    return (
        f"{page.name}: {page.stat().st_size / 1e6:.1f} MB, of which pictures "
        f"{pictures / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
