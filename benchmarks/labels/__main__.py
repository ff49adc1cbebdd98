"""Score ways to label on simulated scenes with known truth.

    python -m benchmarks.labels [--seeds development|test] [--size 2048] [--write [DIR]]
        [--methods "no filter" published ...] [--conditions clear ...]
        [--network UNET.keras] [--beside SCORES.csv ...]

Tune on the development seeds only. `--write` renders the table, by default into
docs/labels. A network is slow and may be scored apart: `--methods --network UNET.keras
--write FOLDER`, then `--beside FOLDER/scores.csv` puts it into the same table.
"""

import argparse
from pathlib import Path

import cv2
import pandas as pd

from benchmarks.labels.conditions import CONDITIONS, SEEDS, condition_named
from benchmarks.labels.methods import METHODS, NETWORK, by_network
from benchmarks.labels.report import below_baselines, draw_scores, write_report
from benchmarks.labels.score import joined, table_of, try_methods


def main() -> None:
    """Print the table; write it where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels")
    parser.add_argument("--seeds", choices=SEEDS, default="development")
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS))
    parser.add_argument("--conditions", nargs="+", metavar="CONDITION")
    parser.add_argument("--network", metavar="UNET.keras", help="scored beside them")
    parser.add_argument("--beside", nargs="+", type=Path, default=[], metavar="CSV")
    parser.add_argument("--write", nargs="?", type=Path, const=Path("docs/labels"))
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    chosen = CONDITIONS
    if arguments.conditions:
        chosen = tuple(condition_named(name) for name in arguments.conditions)
    methods = {name: METHODS[name] for name in arguments.methods}
    if arguments.network:
        methods[NETWORK] = by_network(arguments.network)
    measured = table_of(try_methods(methods, chosen, arguments.seeds, arguments.size))
    table = joined([measured, *map(pd.read_csv, arguments.beside)])
    print(table.round(4).to_string(index=False))
    print("below a baseline:", ", ".join(below_baselines(table)) or "none")
    if arguments.write:
        write_report(table, arguments.seeds, arguments.size, arguments.write)
        draw_scores(table).write_json(arguments.write / "scores.json")


if __name__ == "__main__":
    main()
