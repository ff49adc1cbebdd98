import pytest

from sea_ice_kedro.hooks.settings_used import settings_that_differ
from tests.runs import configuration


def differing(env, **runtime_params):
    settings = settings_that_differ(configuration(env, **runtime_params))
    return {s.name: (s.default, s.value) for s in settings}


def test_nothing_differs_from_itself():
    assert differing("base") == {}


def test_an_environment_and_one_run_are_told_apart_from_the_defaults():
    used = differing("paper", filtering={"published": {"window_px": 99}})
    assert used["filtering.method"] == ("illumination", "published")
    assert used["filtering.published.window_px"] == ("155", "99")
    assert used["modeling.training.batch_size"] == ("4", "32")
    assert used["variants.sample"] == (
        '["manual_original"]',
        '["auto_original", "manual_original", "auto_filtered", "manual_filtered"]',
    )
    assert "filtering.illumination.cell_px" not in used


def test_settings_of_the_engine_are_told_and_places_of_data_are_not(monkeypatch):
    monkeypatch.setenv("SEA_ICE_DATA", "/home/someone/ice")
    assert differing("test", engine={"name": "threads"})["engine.name"] == (
        "processes",
        "threads",
    )
    assert "/home/someone" not in str(differing("test"))


def test_reading_the_defaults_leaves_the_configuration_of_the_run_as_it_is():
    loader = configuration("paper")
    settings_that_differ(loader)
    assert loader["parameters"]["filtering"]["method"] == "published"
    assert len(loader["globals"]["variants"]["sample"]) == 4
    assert loader["parameters"]["modeling"]["split"]["seed"] == 2019


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@host/stac", "https://host/stac"),
        ("https://host/stac?token=secret&x=1", "https://host/stac"),
        ("gs://bucket/scenes", "gs://bucket/scenes"),
        ("/data/what?", "/data/what?"),
    ],
)
def test_a_url_is_shown_without_what_only_its_owner_should_know(url, shown):
    used = differing("base", ingestion={"stac": {"url": url}})
    assert used["ingestion.stac.url"] == ("null", shown)
