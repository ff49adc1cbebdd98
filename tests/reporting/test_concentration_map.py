import pandas as pd
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.reporting.concentration_figures import draw_concentration


def cells(*rows):
    """Rows of (day, projection, column, row, concentration)."""
    names = ["day", "grid", "cell_column", "cell_row", "sea_ice_concentration"]
    facts = {"cell_km": 25.0, "scenes": 2, "observed_km2": 1234.5}
    table = pd.DataFrame(list(rows), columns=names)
    return table.assign(**facts, longitude=-170.0, latitude=-77.25)


SOUTH, NORTH = "EPSG:6932", "EPSG:6931"
TWO_DAYS = cells(
    ("2019-11-03", SOUTH, -20, -60, 0.5),
    ("2019-11-03", SOUTH, -18, -61, 1.0),
    ("2019-11-04", SOUTH, -20, -60, 0.25),
)


def maps(figure):
    return [trace for trace in figure.data if trace.type == "heatmap"]


def test_a_cell_is_a_square_of_the_projection_in_km():
    first, second = maps(draw_concentration(TWO_DAYS))
    assert list(first.x) == [-500, -475, -450, -425]  # edges
    assert list(first.y) == [-1525, -1500, -1475]
    assert [list(line) for line in first.z] == [[None, None, 1.0], [0.5, None, None]]
    assert [list(line) for line in second.z] == [[0.25]]
    assert (list(second.x), list(second.y)) == ([-500, -475], [-1500, -1475])


def test_what_was_not_observed_has_no_colour_of_the_scale():
    figure = draw_concentration(TWO_DAYS)
    scale = {colour for _, colour in figure.layout.coloraxis.colorscale}
    assert figure.layout.plot_bgcolor not in scale
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)


def test_a_cell_tells_how_much_of_it_was_seen_and_where_it_is():
    first, _ = maps(draw_concentration(TWO_DAYS))
    text = "1,234.5 km² observed, scenes: 2<br>latitude -77.25°, longitude -170.00°"
    assert first.hovertext[0][2] == text
    assert first.hovertext[0][0] == ""


def test_the_last_day_shows_first_and_a_slider_shows_the_others():
    figure = draw_concentration(TWO_DAYS)
    assert [trace.visible for trace in figure.data] == [False, True, True]
    assert figure.layout.title.text.startswith("Sea ice concentration, 2019-11-04<br>")
    (slider,) = figure.layout.sliders
    assert [step.label for step in slider.steps] == ["2019-11-03", "2019-11-04"]
    visible, layout = slider.steps[0].args
    assert visible["visible"] == [True, False, True]
    assert "2019-11-03" in layout["title.text"]


def test_days_of_one_grid_show_the_same_square_part_of_it():
    figure = draw_concentration(TWO_DAYS)
    ranges = [step.args[1] for step in figure.layout.sliders[0].steps]
    assert ranges[0]["xaxis.range"] == ranges[1]["xaxis.range"] == [-550.0, -375.0]
    assert ranges[0]["yaxis.range"] == [-1587.5, -1412.5]
    assert figure.layout.yaxis.scaleanchor == "x"


def test_each_hemisphere_has_a_map_and_lines_of_its_own():
    figure = draw_concentration(
        cells(("2019-11-03", NORTH, 3, 4, 0.5), ("2019-11-03", SOUTH, 3, 4, 0.5))
    )
    assert [step.label for step in figure.layout.sliders[0].steps] == [
        "2019-11-03 EPSG:6931",
        "2019-11-03 EPSG:6932",
    ]
    assert [trace.visible for trace in figure.data] == [False, True, False, True]
    names = [{*trace.text} for trace in figure.data if trace.type == "scatter"]
    assert any(name.endswith("N") for name in names[0])
    assert any(name.endswith("S") for name in names[1])


def test_a_day_that_is_not_known_is_called_so_and_needs_no_slider():
    figure = draw_concentration(cells(("", SOUTH, 3, 4, 0.5)))
    assert "day not known" in figure.layout.title.text
    assert not figure.layout.sliders


def test_no_cell_makes_a_figure_that_says_so_without_bare_axes():
    figure = draw_concentration(TWO_DAYS.head(0))
    assert not figure.data
    assert "no map" in figure.layout.title.text
    assert "No scene that shows sea lies at a known place" in figure.layout.title.text
    assert (figure.layout.xaxis.visible, figure.layout.yaxis.visible) == (False, False)


@pytest.mark.parametrize("count", [1, 31])
def test_one_map_shows_at_a_time(count):
    days = [(f"2019-12-{n + 1:02d}", SOUTH, n, n, 0.5) for n in range(count)]
    figure = draw_concentration(cells(*days))
    assert sum(trace.visible for trace in maps(figure)) == 1


def test_cells_too_far_apart_for_a_figure_are_refused():
    far = cells(("d", SOUTH, 0, 0, 1.0), ("d", SOUTH, 2000, 2000, 1.0))
    with pytest.raises(
        InvalidOption, match=r"got 2,001 x 2,001; make .*cell_km larger"
    ):
        draw_concentration(far)
