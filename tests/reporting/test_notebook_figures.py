import re

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from sea_ice_kedro.reporting.notebook_figures import draw_offline


@pytest.fixture(autouse=True)
def as_before():
    before = pio.renderers.default
    yield
    pio.renderers.default = before


def test_the_page_carries_plotly_and_asks_nobody_for_it():
    script = draw_offline()._repr_html_()
    assert len(script) > 1_000_000
    assert re.findall(r"<script[^>]*src=", script) == []


def test_a_figure_is_html_that_uses_the_page_s_plotly():
    draw_offline()
    bundle = go.Figure(go.Scatter(y=[1, 2]))._repr_mimebundle_()
    assert list(bundle) == ["text/html"]
    assert "Plotly.newPlot" in bundle["text/html"]
    assert "src=" not in bundle["text/html"]
    assert len(bundle["text/html"]) < 20_000
