import logging

import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.hooks.settings_checks import (
    expect_applicable,
    expect_limits_used,
    settings_of,
)
from tests.runs import configuration, run_here


def check(env="test", **parameters):
    """Hold settings against what is chosen, as a run does before its first step."""
    expect_applicable(settings_of(configuration(env, **parameters)))


def tell(env="base", **thresholds):
    parameters = {"autolabel": {"thresholds": thresholds}}
    expect_limits_used(settings_of(configuration(env, **parameters)))


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


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"autolabl": {"thresholds": {"thin_ice_min": 20}}}, "autolabl.thresholds"),
        ({"autolabel": {"threshold": {"thin_ice_min": 20}}}, "autolabel.threshold."),
        ({"engine": {"nmae": "threads"}}, "engine.nmae"),
        ({"x": 1}, "got x,"),
    ],
)
def test_a_parameter_that_nothing_reads_is_refused_by_name(data_root, parameters, name):
    with pytest.raises(InvalidOption, match="which nothing reads") as error:
        run_here("ingestion", **parameters)
    assert name in str(error.value)
    assert (
        "autolabel.thresholds, engine.name, engine.remake, engine.workers, evaluation"
        in str(error.value)
    )


def test_a_parameter_of_another_pipeline_than_the_one_that_runs_is_fine(data_root):
    run_here("ingestion", autolabel={"thresholds": {"thin_ice_min": 20}})


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            {"ingestion": {"folder": "/scenes"}},
            r"ingestion\.source=sample reads \(ingestion\.sample .*got "
            r"ingestion\.folder, which is of folder or safe; leave it out, or choose "
            r"ingestion\.source=folder",
        ),
        (
            {"ingestion": {"source": "folder", "safe": {"crs": "EPSG:3031"}}},
            r"--params: .*got ingestion\.safe\.crs, which is of safe",
        ),
        (
            {"filtering": {"method": "none", "published": {"window_px": 99}}},
            r"got filtering\.published\.window_px, which is of published",
        ),
        (
            {"modeling": {"training": {"start": "polar"}, "unet": {"depth": 5}}},
            r"got modeling\.unet\.depth, which is of fresh",
        ),
    ],
)
def test_a_setting_of_another_source_or_method_is_refused(parameters, words):
    with pytest.raises(InvalidOption, match=words):
        check(**parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"ingestion": {"source": "folder", "raster": {"scale": 0.1}, "safe": {}}},
        {"ingestion": {"source": "stac", "folder": None, "swir": False}},
        {"filtering": {"method": "published"}, "modeling": {"unet": {"depth": 5}}},
    ],
)
def test_settings_of_the_chosen_source_and_method_pass(parameters):
    check(**parameters)


@pytest.mark.parametrize("env", ["paper", "ross_sea_november", "low_sun", "dgx"])
def test_an_environment_may_hold_settings_for_sources_that_it_does_not_choose(env):
    check(env)
    check(env, ingestion={"source": "earth_engine"}, filtering={"method": "none"})


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
