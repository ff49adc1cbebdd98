from sea_ice_kedro.sources.listing import within_limits
from sea_ice_kedro.sources.product_options import SearchOptions

SKIES = {"clear": (5.0, 20.0), "cloudy": (80.0, 20.0), "dark": (5.0, 2.0)}
SILENT = {"no cloud": (None, 20.0), "no sun": (5.0, None)}


def test_without_limits_what_is_unknown_costs_nothing():
    assert within_limits(SKIES | SILENT, SearchOptions()) == {*SKIES, *SILENT}


def test_what_is_unknown_fits_no_limit_and_is_named(caplog):
    limits = SearchOptions(max_cloud_percentage=50, min_sun_elevation_deg=10)
    assert within_limits(SKIES | SILENT, limits) == {"clear"}
    assert "sun elevation is not known and ingestion.search.min_sun" in caplog.text
    assert "max_cloud_percentage=50 is asked for: no cloud" in caplog.text
