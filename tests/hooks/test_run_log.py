import logging

import pytest

from sea_ice_kedro.datasets.run_state import IN_DETAIL
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.hooks.run_log import (
    NotMadeYet,
    close_log,
    log_end,
    log_path,
    log_without_keys,
    open_file,
    open_log,
    quieten_viz,
)
from tests.fabricate import folder_of_scenes
from tests.runs import from_folder, run_here

logger = logging.getLogger("sea_ice_kedro.tests")


@pytest.fixture
def log(caplog):
    """A log that is closed in the end, and a level at which all is said."""
    caplog.set_level(logging.INFO)
    yield
    close_log()


@pytest.fixture
def screen(monkeypatch):
    """A handler of the root logger, as a terminal is: what it has shown."""
    shown = []
    handler = logging.Handler()
    handler.emit = lambda record: shown.append(record.getMessage())
    logging.getLogger().addHandler(handler)
    yield shown
    logging.getLogger().removeHandler(handler)


def test_details_are_in_the_file_and_not_on_the_screen(log, screen, tmp_path):
    open_file(tmp_path / "logs" / "info.log")
    logger.info("scenes: 3 made")
    logger.info("frames and frames", extra=IN_DETAIL)
    assert screen == ["scenes: 3 made"]
    written = (tmp_path / "logs" / "info.log").read_text()
    assert "INFO     sea_ice_kedro.tests: scenes: 3 made\n" in written
    assert "frames and frames" in written


def test_details_are_on_the_screen_when_there_is_no_file(log, screen, tmp_path):
    open_file(tmp_path / "info.log")
    close_log()
    logger.info("frames", extra=IN_DETAIL)
    assert screen == ["frames"]


@pytest.fixture
def keyless():
    """Records without keys, until the end of the test."""
    before = logging.getLogRecordFactory()
    log_without_keys()
    yield
    logging.setLogRecordFactory(before)


@pytest.mark.parametrize("name", ["urllib3.connectionpool", "rasterio._env", "x"])
def test_no_library_logs_a_key(log, screen, keyless, tmp_path, name):
    open_file(tmp_path / "info.log")
    library = logging.getLogger(name)
    library.warning("Retrying: %s (%r)", "/v1?token=SECRET", Exception("a?sig=SECRET"))
    library.warning("at https://bob:SECRET@host/v1")
    try:
        raise OSError("no answer of https://host/a.tif?sig=SECRET")
    except OSError:
        library.exception("failed")
    written = (tmp_path / "info.log").read_text()
    assert "SECRET" not in written + "".join(screen)
    assert "Retrying: /v1?... (Exception('a?...'))" in written
    assert "OSError: no answer of https://host/a.tif?..." in written


def test_a_record_that_cannot_be_formatted_is_left_to_logging(keyless):
    record = logging.getLogRecordFactory()("x", 20, "f", 1, "%d", ("a",), None)
    assert record.args == ("a",)


def test_a_name_neither_colours_the_terminal_nor_turns_the_line(screen, log, keyless):
    logger.info("%s: unchanged", "\x1b[31ma\u202eb")
    assert screen == ["\\x1b[31ma\\u202eb: unchanged"]


def test_what_ended_a_run_is_in_the_log_without_keys(log, tmp_path):
    open_file(tmp_path / "info.log")
    log_end(OSError("sc://host:15002/;token=SECRET"))
    assert "sc://host:15002/;..." in (tmp_path / "info.log").read_text()


def test_a_file_that_cannot_be_written_costs_the_file_alone(log, screen, tmp_path):
    (tmp_path / "in_the_way").touch()
    open_file(tmp_path / "in_the_way" / "info.log")
    assert log_path() is None
    assert len(screen) == 1
    assert "in_the_way" in screen[0]
    assert "set SEA_ICE_LOG=/path/to/file" in screen[0]


def test_a_log_in_a_bucket_is_refused_and_no_folder_of_that_name_made(
    monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEA_ICE_LOG", "gs://bucket/season.log")
    with pytest.raises(
        InvalidOption, match=r"on a disk .* got gs://bucket/season\.log"
    ):
        open_log(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_adds_to_the_log_of_the_run_before(data_root, tmp_path):
    for _ in range(2):
        run_here(**from_folder(folder_of_scenes(tmp_path / "in", 1)))
    written = (tmp_path / "info.log").read_text()
    assert written.count("sea_ice_kedro.hooks.record: sea_ice_kedro 0.") == 2
    assert written.count(f"class_maps: {data_root}/04_feature/class_maps\n") == 2


PREVIEWS = "kedro_viz.models.flowchart.node_metadata"
MESSAGE = "'%s' could not be previewed. Full exception: %s: %s"


@pytest.fixture
def viz():
    """The logger of kedro-viz's previews."""
    previews = logging.getLogger(PREVIEWS)
    before = list(previews.filters)
    quieten_viz()
    yield previews
    previews.filters[:] = before


def test_a_product_that_was_not_made_yet_is_no_news(viz, caplog):
    viz.warning(MESSAGE, "metrics", "FileNotFoundError", "metrics.json")
    assert caplog.text == ""


def test_a_product_that_cannot_be_read_is_told(viz, caplog):
    viz.warning(MESSAGE, "metrics", "JSONDecodeError", "Expecting value")
    viz.warning("layers: %s", {"cycle": "FileNotFoundError"})
    viz.warning("nothing to fill in")
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3


def test_it_is_left_out_once_however_often_settings_are_read(viz):
    quieten_viz()
    assert sum(isinstance(f, NotMadeYet) for f in viz.filters) == 1
