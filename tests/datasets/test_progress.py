import logging
import re

from rich.console import Console

from sea_ice_kedro.datasets import run_state
from sea_ice_kedro.datasets.run_state import track


def is_bad(result):
    return result == "bad"


def test_results_pass_through_in_order_with_a_bar(monkeypatch, capsys):
    monkeypatch.setattr(run_state, "Console", lambda **_: Console(force_terminal=True))
    assert list(track(["a", "bad"], "scenes", 2, is_bad)) == ["a", "bad"]
    assert "1 failed" in capsys.readouterr().out


def test_a_long_save_without_a_terminal_logs_how_far_it_is(monkeypatch, caplog):
    monkeypatch.setattr(run_state, "_LOG_EVERY_S", 0.0)
    with caplog.at_level(logging.INFO):
        assert list(track(["a", "bad"], "scenes", 4, is_bad)) == ["a", "bad"]
    first, second = caplog.messages
    assert first == "scenes: 1 of 4 (0 failed)"
    assert re.fullmatch(r"scenes: 2 of 4 \([\d.]+/s, \d+ s left, 1 failed\)", second)


def test_a_short_save_without_a_terminal_logs_nothing(caplog):
    with caplog.at_level(logging.INFO):
        list(track(["a", "b"], "scenes", 2, is_bad))
    assert caplog.text == ""
