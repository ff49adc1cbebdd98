"""Learning curves small enough to be drawn in the page itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

WIDTH, HEIGHT = 260, 90
"""Of a drawing, in its own units."""

_LINES = {"loss": "training", "validation_loss": "validation"}
"""Column of the history -> name of its line."""


@dataclass(frozen=True)
class CurveView:
    """The loss of one network over its epochs."""

    variant: str
    epochs: int
    lines: Mapping[str, str]
    """Name -> "x,y x,y ...", the attribute `points` of an SVG polyline."""

    highest: float
    """Loss at the upper edge; zero is at the lower."""

    words: str
    """The curve for those who do not see it."""


def view_curves(histories: Mapping[str, pd.DataFrame]) -> list[CurveView]:
    """Lay out the curve of each network that has learnt.

    Args:
        histories: Variant -> a row an epoch: `epoch`, `loss`, `validation_loss`.
    """
    return [_view(name, table) for name, table in histories.items() if len(table)]


def _view(variant: str, history: pd.DataFrame) -> CurveView:
    losses = {
        name: history[column].astype(float).tolist()
        for column, name in _LINES.items()
        if column in history and history[column].notna().any()
    }
    highest = max((max(values) for values in losses.values()), default=1.0) or 1.0
    return CurveView(
        variant=variant,
        epochs=len(history),
        lines={name: _points(values, highest) for name, values in losses.items()},
        highest=highest,
        words="; ".join(
            f"{name} loss from {values[0]:.3f} to {values[-1]:.3f}"
            for name, values in losses.items()
        ),
    )


def _points(values: list[float], highest: float) -> str:
    step = WIDTH / max(len(values) - 1, 1)
    return " ".join(
        f"{place * step:.1f},{HEIGHT * (1 - value / highest):.1f}"
        for place, value in enumerate(values)
        if value == value  # noqa: PLR0124 - not NaN
    )
