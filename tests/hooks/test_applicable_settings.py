from types import SimpleNamespace

import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.hooks import ApplicableSettingHooks
from tests.runs import configuration


def check(env="test", **parameters):
    """Hold settings against what is chosen, as a run does before its first step."""
    loader = configuration(env, **parameters)
    ApplicableSettingHooks().after_context_created(
        SimpleNamespace(config_loader=loader)
    )


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
