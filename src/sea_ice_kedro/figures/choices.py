"""What a figure lets its reader choose: each choice is a figure of its own on paper."""

import re

import plotly.graph_objects as go


def choices_of(figure: go.Figure) -> dict[str, go.Figure]:
    """Return what a slider or a list of a figure shows, choice by choice.

    Args:
        figure: With at most one slider or list.

    Returns:
        Name that is fit for a file ("2019-11-03") -> the figure as it then looks;
        empty where there is nothing to choose.
    """
    controls = [*figure.layout.sliders, *figure.layout.updatemenus]
    if not controls:
        return {}
    (control,) = controls
    steps = control.steps if control in figure.layout.sliders else control.buttons
    return {file_name(step.label): _chosen(figure, *step.args) for step in steps}


def file_name(label: str) -> str:
    """Give a label as the name of a file: letters, digits, dots, hyphens, underscores.

    Raises:
        ValueError: if nothing is left of it.
    """
    name = re.sub(r"[^\w.-]+", "_", label).strip("._")
    if not name:
        raise ValueError(f"expected a choice of a figure to have a name, got {label!r}")
    return name


def _chosen(
    figure: go.Figure, traces: dict[str, list[bool]], layout: dict[str, object]
) -> go.Figure:
    chosen = go.Figure(figure)
    for trace, shown in zip(chosen.data, traces["visible"], strict=True):
        trace.visible = shown
    return chosen.update_layout(layout)
