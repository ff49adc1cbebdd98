"""The table of all measures as pages: scores.csv and scores.md."""

from pathlib import Path

import pandas as pd

from benchmarks.labels.methods import METHODS, TRAINED
from benchmarks.labels.rulers import (
    CHIPS,
    DISPLAYS,
    PICTURES,
    REPORTING,
    SEES,
    SIMULATOR,
    TRAINING,
    Extent,
)
from benchmarks.labels.tables import ALL

_SHOWN = {
    "accuracy": "overall",
    "mean_recall": "mean recall",
    "recall_thick_ice": "thick found",
    "recall_thin_ice": "thin found",
    "recall_open_water": "water found",
    "no_class_found": "no class found",
    "thick_lost": "thick without class",
    "calibration_error": "calibration error",
    "worst_kind": "worst kind",
    "worst_scene": "worst scene",
}
_HEAD = """# Scores

How right maps are, by method and by ruler. Quote the first two rulers.

**overall**: share of scored pixels with the right outcome; no class is wrong where
there is one, and a class where there is none. **no class found**: share of opaque
cloud, land and icebergs left without a class. **thick without class**: share of true
thick ice that lost its class. **calibration error**: mean distance between a network's
confidence and the share that is right, in 15 bins (Guo et al. 2017).

{methods}
"""
_METHODS = {
    "no filter": "limits 31 and 205",
    "published": "the paper's filter and limits",
    "brightness": "illumination filter and limits of the scene, the default labels",
    "trained": "the network of `kedro run`",
    "polar": "the network that the package ships",
}


def expect_quotable(table: pd.DataFrame) -> None:
    """Refuse to write the old simulator's scores alone.

    Raises:
        SystemExit: if those of the reporting worlds are missing beside them.
    """
    there = set(table["ruler"])
    if SIMULATOR in there and REPORTING not in there:
        raise SystemExit(
            f"expected scores of the {REPORTING} beside those of the {SIMULATOR}, got "
            f"these alone: run again with --rulers {REPORTING!r} {SIMULATOR!r}"
        )


def write_report(table: pd.DataFrame, extent: Extent, folder: Path) -> None:
    """Write `scores.csv` and `scores.md`.

    Args:
        table: Of `tables.table_of`.
        extent: Of the simulated rulers, for the commands.
        folder: Where to; made where it is missing.

    Raises:
        SystemExit: if the old simulator's scores stand alone.
    """
    expect_quotable(table)
    folder.mkdir(parents=True, exist_ok=True)
    table.round(4).to_csv(folder / "scores.csv", index=False)
    there = [name for name in METHODS if name in set(table["method"])]
    methods = "; ".join(f"**{name}**: {_METHODS[name]}" for name in there)
    blocks = [_HEAD.format(methods=f"{methods[:1].upper()}{methods[1:]}.")]
    for ruler, sees in SEES.items():
        rows = table[table["ruler"] == ruler]
        if len(rows):
            blocks += [
                f"## {ruler.capitalize()}\n\n{sees}\n",
                _block(ruler, rows, extent),
            ]
    (folder / "scores.md").write_text("\n".join(blocks))


def _block(ruler: str, rows: pd.DataFrame, extent: Extent) -> str:
    """Draw the tables of one ruler, each above its command."""
    command = _command(ruler, rows, extent)
    if ruler == PICTURES:
        parts = [_patches(rows)]
    elif ruler in {CHIPS, DISPLAYS}:
        parts = [_apart(rows)]
    elif ruler == TRAINING:
        parts = [_summary(rows)]
    else:
        parts = [_summary(rows), _kinds(rows)]
    return "\n".join(f"{part}\n\n{command}\n" for part in parts)


def _command(ruler: str, rows: pd.DataFrame, extent: Extent) -> str:
    names = rows["method"].unique()
    methods = " ".join(f'"{name}"' if " " in name else name for name in names)
    network = " --network data/06_models/manual_original/unet.onnx" * (TRAINED in names)
    how = "" if ruler in {PICTURES, CHIPS, DISPLAYS} else extent.options
    return (
        f'`.venv/bin/python -m benchmarks.labels --rulers "{ruler}" --methods {methods}'
        f"{network}{how}`"
    )


def _summary(rows: pd.DataFrame) -> str:
    shown = [name for name in _SHOWN if name in set(rows["measure"])]
    values = rows[rows["kind"] == ALL].set_index(["method", "measure"])
    known = [m for m in shown if values.xs(m, level="measure")["value"].notna().any()]
    lines = [
        [method, *(_cell(values.loc[(method, measure)]) for measure in known)]
        for method in rows["method"].unique()
    ]
    return _table(["method", *(_SHOWN[name] for name in known)], lines)


def _kinds(rows: pd.DataFrame) -> str:
    methods = list(rows["method"].unique())
    values = rows.set_index(["kind", "method", "measure"])["value"]
    lines = [
        [kind, *(_both(values, kind, method) for method in methods)]
        for kind in rows["kind"].unique()
        if kind != ALL
    ]
    return _table(["overall / mean recall", *methods], lines)


def _both(values: "pd.Series[float]", kind: str, method: str) -> str:
    pair = (values[(kind, method, m)] for m in ("accuracy", "mean_recall"))
    return " / ".join(_number(value) for value in pair)


def _patches(rows: pd.DataFrame) -> str:
    methods = list(rows["method"].unique())
    values = rows.set_index(["kind", "method", "measure"])
    lines = []
    for group in rows["kind"].unique():
        if group == ALL:
            continue
        scenes = int(values.loc[(group, methods[0], "scenes"), "value"])
        cells = [
            f"{_number(values.loc[(group, method, 'right'), 'value'])}, "
            f"{_cell(values.loc[(group, method, 'worst_scene')])}"
            for method in methods
        ]
        lines.append([group, str(scenes), *cells])
    means = [_number(values.loc[(ALL, m, "right"), "value"]) for m in methods]
    return _table(
        ["right in patches of: mean, worst picture", "pictures", *methods],
        [*lines, ["mean of groups", "", *means]],
    )


def _apart(rows: pd.DataFrame) -> str:
    methods = [name for name in METHODS if name in set(rows["method"])]
    values = rows.set_index(["method", "measure"])["value"]
    shares = [m for m in ("no_class", "dark_water_as_ice") if m in set(rows["measure"])]
    names = [*shares, *(f"apart from {name}" for name in methods)]
    lines = [
        [method, *(_number(values.get((method, name))) for name in names)]
        for method in methods
    ]
    return _table(["share", *(name.replace("_", " ") for name in names)], lines)


def _cell(row: "pd.Series[float]") -> str:
    where = f" ({row['where']})" if row["where"] else ""
    return _number(row["value"]) + where


def _number(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.3f}"


def _table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
