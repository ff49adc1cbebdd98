import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from PIL import Image

from sea_ice_kedro.figures.paper import size_mm, write_paper_figure
from sea_ice_kedro.reporting.concentration_figures import (
    draw_concentration,
    draw_series,
)
from sea_ice_kedro.reporting.run_figures import (
    draw_class_shares,
    draw_floe_figure,
    draw_learning_curves,
)
from tests.reporting import (
    test_class_shares,
    test_concentration_map,
    test_learning_curves,
)
from tests.reporting import test_concentration_series as test_series
from tests.reporting.test_confusion_figures import accuracies, confusion
from tests.reporting.test_floe_figure import FLOES, LEADS
from tests.score_examples import everything


def written(figure, folder):
    paths = {form: folder / f"f.{form}" for form in ("svg", "png")}
    write_paper_figure(figure, paths)
    return paths["svg"].read_text(), Image.open(paths["png"]).convert("RGB")


def texts(svg):
    """Matplotlib names the text above the outlines of its letters."""
    return re.findall(r"<!-- (.*?) -->", svg, re.DOTALL)


FIGURES = {
    "class_shares": lambda: draw_class_shares(test_class_shares.table(3)),
    "concentration_map": lambda: draw_concentration(test_concentration_map.TWO_DAYS),
    "no_cells": lambda: draw_concentration(test_concentration_map.TWO_DAYS.head(0)),
    "concentration_series": lambda: draw_series(test_series.series()),
    "no_days": lambda: draw_series(test_series.series().head(0)),
    "accuracy_figure": lambda: accuracies(*everything()),
    "confusion_figure": lambda: confusion(*everything()),
    "floe_figure": lambda: draw_floe_figure(FLOES, LEADS, 500.0),
    "no_floes": lambda: draw_floe_figure(FLOES.head(0), LEADS.head(0), 0.0),
    "learning_curves": lambda: draw_learning_curves(
        test_learning_curves.history([0.5, 0.3, 0.4])
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_fits_a_page_and_says_its_title(name, tmp_path):
    figure = FIGURES[name]()
    svg, png = written(figure, tmp_path)
    width, height = size_mm(figure)
    assert 85 <= width <= 180
    assert height <= 240
    assert png.size == pytest.approx((width / 25.4 * 300, height / 25.4 * 300), abs=1)
    title = re.split("<br>", figure.layout.title.text)[0]
    assert title in "\n".join(texts(svg))
    edge = np.concatenate([np.array(png)[[0, -1]].reshape(-1, 3)])
    assert (edge == 255).all()  # nothing is cut off


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_cells", "lies at a known place on Earth"),
        ("no_days", "lies at a known place on Earth"),
        ("no_floes", "0 whole floes and 0 resolvable leads"),
    ],
)
def test_a_figure_of_nothing_says_so_and_has_no_axes(name, said, tmp_path):
    svg, _ = written(FIGURES[name](), tmp_path)
    words = "\n".join(texts(svg))
    assert said in words
    assert not {"caliper", "0.00", "0%", "coverage", "2000-01-01"} & set(words.split())


def test_bars_are_stacked_in_the_colours_and_named_in_the_legend(tmp_path):
    table = pd.DataFrame(
        {
            "scene_id": ["costs $5$"],
            "thick_ice_fraction": [0.5],
            "thin_ice_fraction": [0.3],
            "open_water_fraction": [0.2],
        }
    )
    svg, png = written(draw_class_shares(table), tmp_path)
    assert {"costs $5$", "thick ice", "thin ice", "open water", "100%"} <= {*texts(svg)}
    pixels = np.array(png).reshape(-1, 3)
    thick, thin, water = (
        (pixels == colour).all(axis=1).sum()
        for colour in ([240, 228, 150], [86, 180, 233], [0, 70, 140])
    )
    assert thick / water == pytest.approx(2.5, rel=0.03)
    assert thin / water == pytest.approx(1.5, rel=0.03)


def test_a_trace_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match="points or cells, got pie"):
        written(go.Figure(go.Pie(values=[1])), tmp_path)
