import pandas as pd

from sea_ice_kedro.reporting.concentration_figures import draw_series

NAN = float("nan")


def series(region="whole_run"):
    return pd.DataFrame(
        {
            "region": region,
            "grid": "EPSG:6932",
            "cell_km": 25.0,
            "day": ["2019-11-01", "2019-11-02", "2019-11-03", "2019-11-04"],
            "coverage": [0.5, 0.0, 0.149, 0.15],
            "thick_ice_km2": [3.0, NAN, 1.0, 0.0],
            "thin_ice_km2": [1.0, NAN, 0.0, 0.0],
            "open_water_km2": [0.0, NAN, 3.0, 2.0],
            "sea_ice_concentration": [1.0, NAN, 0.25, 0.0],
        }
    )


def test_a_gap_breaks_the_line_and_has_no_point_and_no_bar():
    line, points, thick, *_ = draw_series(series()).data
    assert line.connectgaps is False
    assert points.y == (1.0, None, 0.25, 0.0)
    assert thick.y == (3.0, None, 1.0, 0.0)


def test_a_day_that_saw_little_is_a_hollow_point_beside_the_line():
    line, points, *_ = draw_series(series()).data
    assert line.y == (1.0, None, None, 0.0)
    assert points.marker.color == ("#1f5f8b", "white", "white", "#1f5f8b")


def test_coverage_stands_below_concentration():
    figure = draw_series(series())
    assert figure.data[-1].y == (0.5, 0.0, 0.149, 0.15)
    assert figure.data[-1].yaxis == "y3"
    assert figure.layout.title.text == "Sea ice over time, whole run (EPSG:6932)"
    assert not figure.layout.updatemenus


def test_a_list_chooses_the_region():
    figure = draw_series(pd.concat([series(), series("ross_sea")]))
    assert [trace.visible for trace in figure.data] == [True] * 6 + [False] * 6
    (menu,) = figure.layout.updatemenus
    assert [b.label for b in menu.buttons] == [
        "whole run (EPSG:6932)",
        "ross sea (EPSG:6932)",
    ]
    assert menu.buttons[1].args[0]["visible"] == [False] * 6 + [True] * 6


def test_no_day_is_said():
    figure = draw_series(series().head(0))
    assert "no day" in figure.layout.title.text
    assert "No scene of a known day that shows sea" in figure.layout.title.text
    axes = [figure.layout[name] for name in ("xaxis", "yaxis", "yaxis2", "yaxis3")]
    assert not any(axis.visible for axis in axes)
