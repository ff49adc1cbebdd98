"""The table as Markdown, and a figure of it."""

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from benchmarks.labels.methods import BASELINES, NETWORK, OURS
from sea_ice_kedro.imagery.classes import SeaIceClass

_HEAD = (
    "condition",
    "method",
    "overall",
    "mean recall",
    *(f"{c.label}: recall, IoU" for c in SeaIceClass),
    "worst scene",
    "no label",
)
_NETWORK_NOTE = (
    f"{NETWORK}: of unfiltered scenes, trained as [labels](../labels.md) says, scored "
    "by `--network`.",
)
_COLOURS = ("#9aa5b1", "#c98b3b", "#5f9ea0", "#4f6d9c", "#123b6d", "#8e5572")


def write_report(table: pd.DataFrame, seeds: str, size: int, folder: Path) -> None:
    """Write `scores.csv` and `scores.md`.

    Args:
        table: Of `score.table_of`.
        seeds: Which seeds it was measured on.
        size: Rows and columns of the scenes.
        folder: Where to; made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table.round(4).to_csv(folder / "scores.csv", index=False)
    title = f"Simulated scenes of {size} x {size} pixels, {seeds} seeds."
    lines = [
        "# Labels against known truth",
        "",
        f"{title} Written by `python -m benchmarks.labels --seeds {seeds} --write`;",
        "an observed pixel without a label counts as wrong.",
        *(_NETWORK_NOTE if (table["method"] == NETWORK).any() else ()),
        "",
        f"| {' | '.join(_HEAD)} |",
        "|" + "---|" * len(_HEAD),
        *(_line(row) for row in table.to_dict("records")),
        "",
        f"Conditions in which **{OURS}** is below the better of "
        f"{' and '.join(BASELINES)}, in overall accuracy or mean recall: "
        f"{', '.join(below_baselines(table)) or 'none'}.",
        "",
    ]
    (folder / "scores.md").write_text("\n".join(lines))


def _line(row: dict[str, object]) -> str:
    by_class = [
        f"{row[f'recall_{c.key}']:.3f}, {row[f'iou_{c.key}']:.3f}" for c in SeaIceClass
    ]
    cells = [
        str(row["condition"]),
        str(row["method"]),
        f"{row['accuracy']:.4f}",
        f"{row['mean_recall']:.4f}",
        *by_class,
        f"{row['worst_accuracy']:.3f} ({row['worst_scene']})",
        f"{row['unlabelled']:.2%}",
    ]
    return f"| {' | '.join(cells)} |"


def below_baselines(table: pd.DataFrame) -> list[str]:
    """Name the conditions in which ours loses to a baseline in either score."""
    lost = []
    for condition, group in table.groupby("condition", sort=False):
        scores = group.set_index("method")[["accuracy", "mean_recall"]]
        known = [name for name in BASELINES if name in scores.index]
        if OURS in scores.index and known:
            best = scores.loc[known].max()
            if (scores.loc[OURS] < best).any():
                lost.append(str(condition))
    return lost


def draw_scores(table: pd.DataFrame) -> go.Figure:
    """Draw the mean recall of every method and condition as bars."""
    figure = go.Figure()
    for (method, group), colour in zip(
        table.groupby("method", sort=False), _COLOURS, strict=False
    ):
        figure.add_bar(
            name=str(method),
            x=group["condition"],
            y=group["mean_recall"],
            marker_color=colour,
        )
    figure.update_layout(
        barmode="group",
        yaxis={"title": "mean class recall", "range": [0.3, 1]},
        legend={"orientation": "h", "y": 1.12},
        template="plotly_white",
    )
    return figure
