import pytest

from tests.runs import configuration
from tests.test_conventions import leaves

pytestmark = pytest.mark.slow


@pytest.fixture
def printed(capsys):
    """What `sea-ice-kedro settings ...` prints."""
    from sea_ice_kedro.__main__ import main

    def run(*words):
        main(["settings", *words])
        return capsys.readouterr().out

    return run


def test_every_parameter_is_listed_with_its_default(printed):
    told = dict(
        line.split(" = ", 1)
        for line in printed().splitlines()
        if not line.startswith(" ")
    )
    assert set(told) == set(leaves(configuration("base")["parameters"]))
    assert told["modeling.training.averaged_epochs"] == "1"
    assert told["ingestion.source"] == '"sample"'


def test_a_pipeline_has_its_own_with_what_they_mean(printed):
    told = printed("time_series")
    assert "modeling." not in told
    meaning = told.split("time_series.whole_grid = false\n    ", 1)[1]
    assert meaning.startswith("Whether NetCDF files have all cells of NSIDC's grid")


def test_a_pipeline_that_is_not_there_is_refused_with_those_that_are(capsys, printed):
    with pytest.raises(SystemExit) as ended:
        printed("nothing")
    assert ended.value.code == 1
    assert "expected one of the pipelines __default__, autolabel" in (
        capsys.readouterr().err
    )
