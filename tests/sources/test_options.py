import math

import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.sources import IngestionOptions
from sea_ice_kedro.sources.options import RasterOptions, SampleOptions


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"bands": (1, 2)}, r"as \[red, green, blue\], 1-based, got \[1, 2\]"),
        ({"bands": (0, 1, 2)}, "bands to be a whole number in 1..1000, got 0"),
        ({"scale": 0.0}, "scale from 1e-06 to 1, got 0.0"),
        ({"scale": math.nan}, "scale from 1e-06 to 1, got nan"),
        ({"scale": "abc"}, "scale to be a number, got 'abc'"),
        ({"nodata": "none"}, "nodata to be a number, got 'none'"),
        ({"offset": math.nan}, "offset from -1 to 1, got nan"),
        ({"offset": math.inf}, "offset from -1 to 1, got inf"),
        ({"offset": -0.1}, "offset only together with a scale, got -0.1"),
        ({"validity": "maybe"}, "one of all, auto, border, file, got 'maybe'"),
        ({"border_margin_px": -1}, "whole number in 0..64, got -1"),
        ({"border_margin_px": 65}, "whole number in 0..64, got 65"),
        ({"max_pixels": 0}, "got 0"),
    ],
)
def test_a_raster_option_that_cannot_be_right_is_refused(option, text):
    with pytest.raises(InvalidOption, match=rf"expected ingestion\.raster.*{text}"):
        RasterOptions(**option)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"count": 0}, r"count to be a whole number in 1..100000, got 0"),
        ({"count": True}, "count to be a whole number .* got True"),
        ({"size_px": 31}, "size_px to be a whole number in 32..10980, got 31"),
        ({"size_px": 10981}, "size_px .* got 10981"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_sample_option_that_cannot_be_right_is_refused(option, text):
    with pytest.raises(InvalidOption, match=rf"expected ingestion\.sample\.{text}"):
        SampleOptions(**option)


def test_an_unknown_source_is_refused_with_the_known_ones():
    with pytest.raises(
        InvalidOption, match="one of earth_engine, folder, safe, sample, stac"
    ):
        IngestionOptions(source="ftp")


@pytest.mark.parametrize("folder", [None, ""])
def test_the_folder_source_without_a_folder_is_refused_with_the_way_out(folder):
    with pytest.raises(InvalidOption, match=r"ingestion\.folder=/path/to/scenes"):
        IngestionOptions(source="folder", folder=folder)


def test_a_folder_that_is_no_path_is_refused():
    with pytest.raises(InvalidOption, match=r"ingestion\.folder to be a path, got 5"):
        IngestionOptions(source="folder", folder=5)


@pytest.mark.parametrize("marker", ["scene_marker", "label_marker"])
def test_an_empty_marker_is_refused(marker):
    with pytest.raises(InvalidOption, match="to be non-empty"):
        IngestionOptions(**{marker: ""})


def test_nested_records_are_built_from_configuration():
    options = IngestionOptions(raster={"bands": [3, 2, 1]}, sample={"count": 2})
    assert options.raster.bands == (3, 2, 1)
    assert options.sample == SampleOptions(count=2)


def test_a_nested_option_that_is_not_known_is_refused_by_name():
    with pytest.raises(TypeError, match="bandz"):
        IngestionOptions(raster={"bandz": [3, 2, 1]})
