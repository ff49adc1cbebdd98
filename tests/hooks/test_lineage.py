import logging

import pytest

from sea_ice_kedro.hooks.lineage import NotMadeYet, quieten

LOG = "kedro_viz.models.flowchart.node_metadata"
MESSAGE = "'%s' could not be previewed. Full exception: %s: %s"


@pytest.fixture
def log():
    logger = logging.getLogger(LOG)
    before = list(logger.filters)
    quieten()
    yield logger
    logger.filters[:] = before


def test_a_product_that_was_not_made_yet_is_no_news(log, caplog):
    log.warning(MESSAGE, "metrics", "FileNotFoundError", "metrics.json")
    assert caplog.text == ""


def test_a_product_that_cannot_be_read_is_told(log, caplog):
    log.warning(MESSAGE, "metrics", "JSONDecodeError", "Expecting value")
    log.warning("layers: %s", {"cycle": "FileNotFoundError"})
    log.warning("nothing to fill in")
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3


def test_it_is_left_out_once_however_often_settings_are_read(log):
    quieten()
    assert sum(isinstance(f, NotMadeYet) for f in log.filters) == 1
