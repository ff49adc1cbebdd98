import pytest

from sea_ice_kedro.reporting.scaling_figures import draw_scaling
from sea_ice_kedro.reporting.scaling_tables import (
    tabulate_executors,
    tabulate_processes,
)
from tests.reporting.test_scaling_tables import executors, processes


@pytest.fixture(scope="module")
def figure():
    table_i = tabulate_processes(processes(40, 20, 16), 80, cores=2)
    measured = executors((1, 1, 8, 30), (1, 2, 4, 20), (2, 2, 3, 10))
    return draw_scaling(table_i, tabulate_executors(measured, 80, cores=2))


def curve(figure, name, axis="x"):
    (found,) = (c for c in figure.data if c.name == name and c.xaxis == axis)
    return found


def test_our_speedups_stand_beside_the_papers(figure):
    ours = curve(figure, "ours")
    assert (list(ours.x), list(ours.y)) == ([1, 2, 3], [1.0, 2.0, 2.5])
    paper = curve(figure, "Iqrah et al. (2024)")
    assert (paper.x[-1], paper.y[-1]) == (8, 4.5)


def test_executors_are_drawn_over_the_cores_of_all(figure):
    ours = curve(figure, "ours, reduce", "x2")
    assert (list(ours.x), list(ours.y)) == ([1, 2, 4], [1.0, 1.5, 3.0])
    assert list(curve(figure, "ours, load", "x2").y) == [1.0, 2.0, 2.667]
    paper = curve(figure, "Iqrah et al., reduce", "x2")
    assert (paper.x[-1], paper.y[-1]) == (16, 16.25)
    assert curve(figure, "Iqrah et al., load", "x2").y[-1] == 9.0


def test_more_than_the_machine_has_is_marked_hollow(figure):
    circles = ["circle", "circle", "circle-open"]
    assert list(curve(figure, "ours").marker.symbol) == circles
    assert list(curve(figure, "ours, reduce", "x2").marker.symbol) == circles


def test_a_mark_tells_its_setting_and_seconds(figure):
    assert list(curve(figure, "ours").customdata[1]) == ["2 processes", 20]
    assert list(curve(figure, "ours, load", "x2").customdata[2]) == ["2×2", 3]


@pytest.mark.parametrize(("axis", "highest"), [("x", 8), ("x2", 16)])
def test_the_ideal_is_n_times_faster_with_n(figure, axis, highest):
    ideal = curve(figure, "ideal", axis)
    assert list(ideal.x) == list(ideal.y) == [1, highest]
