import os
import pickle

import pytest

from sea_ice_kedro.datasets.run_state import Failure, FailureLedger, PartitionsFailed

A = Failure("scenes", "a", "a.png: damaged")
B = Failure("class_maps", "b", "no room")


def test_the_error_names_every_failure_and_what_to_do():
    text = str(PartitionsFailed([A, B]))
    assert "2 products could not be made" in text
    assert "a new run takes up from there" in text
    assert "scenes / a: a.png: damaged" in text
    assert "class_maps / b: no room" in text


def test_one_failure_is_one_product():
    assert str(PartitionsFailed([A])).startswith("1 product could not be made")


def test_the_error_travels_between_processes():
    copy = pickle.loads(pickle.dumps(PartitionsFailed([A, B])))
    assert copy.failures == [A, B]


def test_an_open_ledger_collects_and_a_closed_one_raises():
    ledger = FailureLedger()
    with pytest.raises(PartitionsFailed):
        ledger.record([A])
    ledger.open()
    ledger.record([A])
    ledger.record([B])
    assert ledger.close() == [A, B]
    assert not ledger.is_open
    assert ledger.close() == []


def test_a_ledger_opened_by_another_process_is_not_open_here(monkeypatch):
    ledger = FailureLedger()
    ledger.open()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert not ledger.is_open
    with pytest.raises(PartitionsFailed):
        ledger.record([A])
