import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.pipelines.variants import choose, chosen
from tests.runs import run_here


@pytest.fixture(autouse=True)
def as_before():
    before = [variant.name for variant in chosen()]
    yield
    choose(before)


def test_variants_are_labels_and_images():
    first, second = choose("manual_filtered+auto_original")
    assert (first.labels, first.images) == ("manual", "filtered")
    assert second.name == "auto_original"
    assert chosen() == [first, second]


@pytest.mark.parametrize(
    "names", ["", "auto", "auto_original+auto_original", ["manual_original", "x"], []]
)
def test_unknown_missing_and_repeated_variants_are_refused(names):
    with pytest.raises(
        InvalidOption, match=r"modeling\.variants to be some of auto_or"
    ):
        choose(names)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "manual_original"),  # the sample's truth is known
        ({"ingestion": {"source": "folder", "folder": "."}}, "auto_original"),
        ({"modeling": {"variants": "auto_filtered"}}, "auto_filtered"),
    ],
)
def test_the_source_decides_which_network_is_trained(data_root, parameters, expected):
    with pytest.raises(Exception, match="data that this pipeline starts from"):
        run_here("modeling", **parameters)
    assert [variant.name for variant in chosen()] == [expected]
