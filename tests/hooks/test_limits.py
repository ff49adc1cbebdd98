import logging
from types import SimpleNamespace

import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.hooks import LimitHooks
from tests.runs import configuration, run_here


def tell(env="base", **thresholds):
    loader = configuration(env, autolabel={"thresholds": thresholds})
    LimitHooks().after_context_created(SimpleNamespace(config_loader=loader))


def test_limits_that_only_stand_in_are_warned_of_with_the_way_out(caplog):
    with caplog.at_level(logging.WARNING):
        tell(thick_ice_min=190)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "autolabel.thresholds.thick_ice_min=190: used only for scenes" in said
    assert "show no thick ice (source: scene)" in said
    assert "add autolabel.thresholds.source=values" in said


def test_both_limits_are_named_in_one_warning(caplog):
    with caplog.at_level(logging.WARNING):
        tell(thin_ice_min=20, thick_ice_min=190)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "show no water or thick ice" in said


@pytest.mark.parametrize(
    "thresholds",
    [{}, {"source": "values", "thick_ice_min": 190}, {"source": "published"}],
)
def test_limits_that_count_are_not_warned_of(caplog, thresholds):
    with caplog.at_level(logging.WARNING):
        tell(**thresholds)
    assert caplog.records == []


def test_limits_that_nothing_would_read_are_refused():
    with pytest.raises(InvalidOption, match=r"thin_ice_min=20; .*source=values"):
        tell("paper", thin_ice_min=20)


def test_a_run_says_so(data_root, caplog):
    with caplog.at_level(logging.WARNING):
        run_here("ingestion", autolabel={"thresholds": {"thin_ice_min": 20}})
    assert "used only for scenes that show no water" in caplog.text
