import logging

from sea_ice_kedro.datasets.failures import LEDGER, Failure
from sea_ice_kedro.hooks import FailureHooks
from tests.fabricate import folder_of_scenes
from tests.runs import from_folder, run_here


def test_the_places_of_the_products_are_said_at_the_end(data_root, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        run_here(**from_folder(folder_of_scenes(tmp_path / "in", 1)))
    assert f"quicklooks: {data_root}/08_reporting/quicklooks" in caplog.text
    assert f"class_shares: {data_root}/08_reporting/class_shares.json" in caplog.text


def test_what_failed_before_another_error_is_said_as_well(caplog):
    LEDGER.open()
    LEDGER.record([Failure("scenes", "a", "a.png: damaged")])
    FailureHooks().on_pipeline_error()
    assert "scenes / a: a.png: damaged" in caplog.text
    assert not LEDGER.is_open
