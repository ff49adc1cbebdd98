import pandas as pd
import pytest

from sea_ice_kedro.reporting.run_figures import draw_floe_figure, size_edges

FLOES = pd.DataFrame(
    {
        "mean_caliper_m": [200.0, 400.0, 100.0, 5000.0],
        "touches_edge": [False, False, False, True],
    }
)
LEADS = pd.DataFrame(
    {
        "width_m": [30.0, 35.0, 90.0, 15.0],
        "length_m": [1000.0, 500.0, 2000.0, 9000.0],
        "resolvable": [True, True, True, False],
    }
)


def test_sizes_are_cumulative_per_area_and_of_whole_floes():
    sizes = draw_floe_figure(FLOES, LEADS, 500.0).data[0]
    assert list(sizes.x) == [100, 200, 400]
    assert list(sizes.y) == pytest.approx([6, 4, 2])


def test_widths_are_weighted_by_length_and_of_resolvable_leads():
    widths = draw_floe_figure(FLOES, LEADS, 500.0).data[1]
    assert sum(widths.y) == pytest.approx(3.5)
    assert dict(zip(widths.x, widths.y, strict=True))["≥ 28"] == pytest.approx(1.5)


def test_a_panel_without_anything_has_no_bare_axes():
    layout = draw_floe_figure(FLOES, LEADS.head(0), 500.0).layout
    assert "0 resolvable leads" in layout.title.text
    assert (layout.xaxis.visible, layout.yaxis.visible) == (True, True)
    assert (layout.xaxis2.visible, layout.yaxis2.visible) == (False, False)


def test_many_floes_make_a_line_of_few_points_that_ends_at_all_of_them():
    floes = pd.DataFrame({"mean_caliper_m": range(100, 30_100), "touches_edge": False})
    sizes = draw_floe_figure(floes, LEADS, 1000.0).data[0]
    assert len(sizes.x) <= 400
    assert (sizes.x[0], sizes.y[0]) == (100, 30_000)
    assert (sizes.x[-1], sizes.y[-1]) == (30_099, 1)


def test_bins_have_the_same_edges_in_all_scenes():
    assert size_edges(101, 250) == pytest.approx([113.137, 160, 226.274], abs=1e-3)
    assert size_edges(160, 160) == pytest.approx([160])
    assert size_edges(100, 50) == []
