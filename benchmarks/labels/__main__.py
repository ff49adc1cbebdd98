"""Score ways to map sea ice, each on several rulers, in one table.

    python -m benchmarks.labels [--rulers "reporting worlds" ...]
        [--methods brightness ...] [--network UNET.keras] [--pictures ../shared/data]
        [--work FOLDER] [--write [DIR]] [--sheets FOLDER]

Outcomes are kept in a work folder, a table a ruler and method: what is there is not
made again, and a slow network can be scored later. The table holds all that is there.
Tune on `--seeds development` only. `--sheets` draws the worst five scenes of each.
"""

import argparse
from pathlib import Path

import cv2

from benchmarks.labels.conditions import SEEDS
from benchmarks.labels.methods import METHODS, methods_named
from benchmarks.labels.outcomes import Outcomes
from benchmarks.labels.report import write_report
from benchmarks.labels.rulers import SEES, Extent, rulers_named
from benchmarks.labels.sheets import write_sheets
from benchmarks.labels.tables import ALL, table_of


def main() -> None:
    """Print the measures of all scenes; write the table and sheets where asked."""
    usual = Extent()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels")
    parser.add_argument("--rulers", nargs="+", choices=SEES, default=list(SEES))
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS))
    parser.add_argument("--network", metavar="UNET.keras", help="of `kedro run`")
    parser.add_argument("--pictures", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", choices=SEEDS, default=usual.seeds)
    parser.add_argument("--worlds", type=int, default=usual.worlds, help="of a kind")
    parser.add_argument("--size", type=int, default=usual.size, help="rows of a world")
    parser.add_argument("--work", type=Path, default=Path("build/labels"))
    parser.add_argument("--write", nargs="?", type=Path, const=Path("docs/labels"))
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    extent = Extent(arguments.seeds, arguments.worlds, arguments.size)
    rulers = rulers_named(arguments.rulers, extent, arguments.pictures)
    methods = methods_named(arguments.methods, arguments.network)
    outcomes = Outcomes(arguments.work)
    for ruler in rulers:
        outcomes.make(ruler, methods)
    table = table_of(outcomes, rulers)
    shown = table[table["kind"] == ALL].drop(columns="kind")
    print(shown.round(4).to_string(index=False))
    if arguments.write:
        write_report(table, extent, arguments.write)
    for ruler in rulers if arguments.sheets else ():
        write_sheets(outcomes, ruler, arguments.sheets)


if __name__ == "__main__":
    main()
