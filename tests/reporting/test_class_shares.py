import pandas as pd
import pytest

from sea_ice_kedro.reporting.run_figures import draw_class_shares


def table(count):
    return pd.DataFrame(
        {
            "scene_id": [f"{n:03d}" for n in range(count)],
            "thick_ice_fraction": 0.25,
            "thin_ice_fraction": 0.25,
            "open_water_fraction": 0.5,
        }
    )


def test_bars_are_stacked_in_the_colours_of_the_classes():
    figure = draw_class_shares(table(2))
    assert [bar.marker.color for bar in figure.data] == [
        "rgb(240, 228, 150)",
        "rgb(86, 180, 233)",
        "rgb(0, 70, 140)",
    ]
    assert figure.layout.barmode == "stack"
    assert list(figure.data[2].y) == [0.5, 0.5]


def test_ids_of_digits_are_names_and_no_numbers():
    figure = draw_class_shares(table(2))
    assert list(figure.data[0].x) == ["000", "001"]
    assert figure.layout.xaxis.type == "category"


@pytest.mark.parametrize(("count", "named"), [(40, True), (41, False)])
def test_scenes_are_named_as_long_as_there_is_room(count, named):
    assert draw_class_shares(table(count)).layout.xaxis.showticklabels is named
