import pandas as pd

from sea_ice_kedro.reporting.run_report.run_views import view_season


def series(**columns):
    """Three days of a region, the second not observed."""
    return pd.DataFrame(
        {
            "region": "ross_sea",
            "grid": "EPSG:6932",
            "cell_km": 25.0,
            "day": ["2019-11-01", "2019-11-02", "2019-11-03"],
            "observed_km2": [500.0, 0.0, 20.0],
            "coverage": [0.5, 0.0, 0.02],
            "thick_ice_km2": [400.0, None, 10.0],
            "thin_ice_km2": [0.0, None, 0.0],
            "open_water_km2": [100.0, None, 10.0],
            "sea_ice_concentration": [0.8, None, 0.5],
        }
    ).assign(**columns)


def test_a_day_that_was_not_observed_has_no_dot_and_no_row():
    (view,) = view_season({"label": series(), "ice": None})
    assert [row["day"] for row in view.rows] == ["2019-11-01", "2019-11-03"]
    assert [dot.x for dot in view.dots] == [0.0, 260.0]
    assert (view.first, view.last, view.days) == ("2019-11-01", "2019-11-03", 3)


def test_a_dot_tells_concentration_and_whether_little_was_observed():
    (view,) = view_season({"ice": series()})
    first, last = view.dots
    assert (first.y, first.little) == (18.0, False)
    assert (last.y, last.little) == (45.0, True)
    assert first.words == "2019-11-01: 80% ice, 50.0% observed"
    assert (view.title, view.made) == (
        "ross sea (EPSG:6932, cells of 25 km)",
        "by the network",
    )


def test_each_region_and_each_way_to_make_class_maps_is_apart():
    both = pd.concat([series(), series(region="whole_run")])
    views = view_season({"label": both, "ice": series()})
    assert [(v.title, v.made) for v in views] == [
        ("ross sea (EPSG:6932, cells of 25 km)", "by brightness"),
        ("whole run (EPSG:6932, cells of 25 km)", "by brightness"),
        ("ross sea (EPSG:6932, cells of 25 km)", "by the network"),
    ]


def test_cells_of_another_size_are_another_season():
    both = pd.concat([series(), series(cell_km=5.0)])
    assert [view.days for view in view_season({"label": both})] == [3, 3]


def test_one_day_alone_is_drawn():
    (view,) = view_season({"label": series().head(1)})
    assert [dot.x for dot in view.dots] == [0.0]
