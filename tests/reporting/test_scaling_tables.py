import pandas as pd
import pytest

from sea_ice_kedro.reporting import scaling_tables as published
from sea_ice_kedro.reporting.scaling_tables import (
    tabulate_executors,
    tabulate_processes,
)


def processes(*seconds, repeat=0, counts=(1, 2, 3)):
    return [
        {"repeat": repeat, "processes": n, "start_s": 2.0, "seconds": s}
        for n, s in zip(counts, seconds, strict=False)
    ]


def executors(*shapes):
    return [
        {
            "repeat": 0,
            "executors": n,
            "cores": cores,
            "start_s": 9.0,
            "load_s": load,
            "map_s": 0.1,
            "reduce_s": reduce,
            "spark": "3.5.9",
            "java": "17.0.9",
        }
        for n, cores, load, reduce in shapes
    ]


def test_table_i_has_our_seconds_beside_the_published_ones():
    table = tabulate_processes(processes(40, 20, 16), chips=80, cores=2)
    assert table["processes"].tolist() == [1, 2, 3]
    assert table["seconds"].tolist() == [40, 20, 16]
    assert table["speedup"].tolist() == [1.0, 2.0, 2.5]
    assert table["chips_per_s"].tolist() == [2, 4, 5]
    assert table["oversubscribed"].tolist() == [False, False, True]
    assert table["paper_seconds"].fillna(-1).tolist() == [17.4, 8.89, -1]
    assert table["paper_speedup"].fillna(-1).tolist() == [1.0, 2.0, -1]


def test_table_i_keeps_empty_fields_where_the_paper_has_nothing():
    table = tabulate_processes(processes(4, 2, counts=(1, 3)), 8, 2)
    text = table[["processes", "paper_seconds"]].to_csv(index=False)
    assert text.splitlines()[1:] == ["1,17.4", "3,"]


def test_medians_count_and_speedups_are_taken_within_a_repeat():
    measured = [
        *processes(10, 5),
        *processes(40, 16, repeat=1),  # everything was slow for a while
        *processes(12, 4, repeat=2),
    ]
    table = tabulate_processes(measured, 10, 2).set_index("processes")
    assert table["seconds"].tolist() == [12, 5]
    assert table["speedup"].tolist() == [1.0, 2.5]
    assert table.loc[2, ["fastest_s", "slowest_s", "repeats"]].tolist() == [4, 16, 3]


def test_rows_are_in_order_whatever_was_measured_first():
    table = tabulate_processes(processes(8, 2, 4, counts=(1, 4, 2)), 8, 4)
    assert table["processes"].tolist() == [1, 2, 4]
    assert table["speedup"].tolist() == [1.0, 2.0, 4.0]


def test_table_ii_has_load_map_and_reduce_beside_the_published_ones():
    measured = executors((1, 1, 8, 30), (1, 2, 4, 20), (3, 1, 2, 10))
    table = tabulate_executors(measured, chips=60, cores=2)
    shapes = table[["executors", "cores"]].to_numpy().tolist()
    assert shapes == [[1, 1], [1, 2], [3, 1]]
    assert table["load_speedup"].tolist() == [1.0, 2.0, 4.0]
    assert table["reduce_speedup"].tolist() == [1.0, 1.5, 3.0]
    assert table["chips_per_s"].tolist() == [2, 3, 6]
    assert table["oversubscribed"].tolist() == [False, False, True]
    assert set(table["spark"] + " " + table["java"]) == {"3.5.9 17.0.9"}
    paper = table.filter(like="paper_")
    assert paper.loc[1].tolist() == [58, 0.4, 174, 1.86, 2.24]
    assert paper.loc[2].isna().all()


@pytest.mark.parametrize("count", [1, 2, 4, 6, 8])
def test_published_speedups_of_processes_are_those_of_the_published_seconds(count):
    seconds, speedup = published.PROCESSES[count]
    assert published.PROCESSES[1][0] / seconds == pytest.approx(speedup, abs=0.06)


@pytest.mark.parametrize("shape", list(published.EXECUTORS))
def test_published_speedups_of_executors_are_those_of_the_published_seconds(shape):
    load, _, reduce, load_speedup, reduce_speedup = published.EXECUTORS[shape]
    first = published.EXECUTORS[1, 1]
    assert first[0] / load == pytest.approx(load_speedup, abs=0.01)
    assert first[2] / reduce == pytest.approx(reduce_speedup, abs=0.01)


def test_what_is_stored_is_read_back_as_a_table_of_numbers(tmp_path):
    table = tabulate_processes(processes(40, 20, 16), 80, 2)
    table.to_csv(tmp_path / "t.csv", index=False)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv"), table)
