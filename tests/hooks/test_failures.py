from sea_ice_kedro.datasets.run_state import LEDGER, Failure
from sea_ice_kedro.hooks import FailureHooks
from tests.fabricate import folder_of_scenes
from tests.runs import from_folder, run_here


def test_the_places_of_all_products_are_in_the_log_file(data_root, tmp_path):
    run_here(**from_folder(folder_of_scenes(tmp_path / "in", 1)))
    log = (tmp_path / "info.log").read_text()
    assert f"quicklooks: {data_root}/08_reporting/quicklooks\n" in log
    assert f"class_shares#figure: {data_root}/08_reporting/class_shares.json\n" in log


def test_what_failed_before_another_error_is_said_as_well(caplog):
    LEDGER.open()
    LEDGER.record([Failure("scenes", "a", "a.png: damaged")])
    FailureHooks().on_pipeline_error()
    assert "scenes / a: a.png: damaged" in caplog.text
    assert not LEDGER.is_open
