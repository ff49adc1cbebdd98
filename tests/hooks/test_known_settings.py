import pytest

from sea_ice_kedro.errors import InvalidOption
from tests.runs import run_here


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            {"autolabel": {"thresholds": {"thin_ice": 40}}},
            r"setting of autolabel\.thresholds \(.*thick_ice_min, thin_ice_min.*\), got "
            r"autolabel\.thresholds\.thin_ice; did you mean "
            r"autolabel\.thresholds\.thin_ice_min\?",
        ),
        (
            {"ingestion": {"raster": {"skale": 1}}},
            r"did you mean ingestion\.raster\.scale\?",
        ),
        (
            {"ingestion": {"stac": {"tries": 3}}},
            r"ingestion\.stac\.tries is called ingestion\.stac\.max_attempts now",
        ),
        (
            {"ingestion": {"raster": 5}},
            r"expected settings below ingestion\.raster \(.*scale.*\), .*got 5",
        ),
        (
            {"ingestion": {"folder": {"path": "a"}, "source": {"name": "folder"}}},
            r"expected ingestion\.source to be one value, got settings below it: name",
        ),
    ],
)
def test_an_unknown_setting_is_refused_with_those_that_are_known(
    data_root, parameters, words
):
    with pytest.raises(InvalidOption, match=words):
        run_here("ingestion", **parameters)
    assert not list(data_root.rglob("*.tif"))
