import pytest

from sea_ice_kedro.errors import InvalidOption, MissingInput
from tests.runs import run_here


@pytest.mark.parametrize(
    ("pipeline", "lines"),
    [
        (
            "autolabel",
            [
                "filtered_scenes: made by: kedro run --pipelines filtering",
                "scene_index: made by: kedro run --pipelines ingestion",
            ],
        ),
        ("filtering", ["scenes@raster: made by: kedro run --pipelines ingestion"]),
    ],
)
def test_a_pipeline_without_its_input_says_which_pipeline_makes_it(
    data_root, pipeline, lines
):
    with pytest.raises(MissingInput) as error:
        run_here(pipeline)
    assert [line for line in lines if line not in str(error.value)] == []


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"autolabl": {"thresholds": {"thin_ice_min": 20}}}, "autolabl.thresholds"),
        ({"autolabel": {"threshold": {"thin_ice_min": 20}}}, "autolabel.threshold."),
        ({"engine": {"nmae": "threads"}}, "engine.nmae"),
        ({"x": 1}, "got x,"),
    ],
)
def test_a_parameter_that_nothing_reads_is_refused_by_name(data_root, parameters, name):
    with pytest.raises(InvalidOption, match="which nothing reads") as error:
        run_here("ingestion", **parameters)
    assert name in str(error.value)
    assert (
        "autolabel.thresholds, engine.name, engine.remake, engine.workers, evaluation"
        in str(error.value)
    )


def test_a_parameter_of_another_pipeline_than_the_one_that_runs_is_fine(data_root):
    run_here("ingestion", autolabel={"thresholds": {"thin_ice_min": 20}})
