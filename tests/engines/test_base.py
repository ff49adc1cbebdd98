import pytest

from sea_ice_kedro.engines.base import make_engine, worker_count
from sea_ice_kedro.errors import InvalidOption


@pytest.mark.parametrize("workers", [0, -1, True, "two", 1.5, None])
@pytest.mark.parametrize("name", ["sequential", "threads", "processes"])
def test_workers_that_are_no_positive_whole_number_are_refused(name, workers):
    with pytest.raises(InvalidOption, match=r"at least 1, got") as refusal:
        make_engine(name, workers)
    assert repr(workers) in str(refusal.value)


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(
        InvalidOption, match="one of sequential, threads, processes, spark, got 'sprak'"
    ):
        make_engine("sprak", 2)


def test_auto_means_one_worker_a_core_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert worker_count("auto") == 3


def test_auto_counts_all_cores_where_affinity_is_unknown(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    assert worker_count("auto") == 7
