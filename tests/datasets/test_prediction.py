from functools import partial

import numpy as np
import pytest
import rasterio
from kedro.io import DatasetError
from rasterio.env import hasenv
from rio_cogeo.cogeo import cog_validate

from sea_ice_kedro.datasets import ClassMapDataset
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.predictions import (
    PROBABILITY_BANDS,
    PredictedMap,
    Prediction,
    Strip,
)
from tests.fabricate import ROSS_SEA, WHEN, floes, quiet, without_room, write

predictions = partial(ClassMapDataset, confidence=True)

CODES = np.array([[0, 1, 2, 255], [2, 2, 1, 0]], np.uint8)
CONFIDENCE = np.array([[90, 80, 70, 255], [100, 100, 40, 80]], np.uint8)
FACTS = {"model": "auto_original", "model_checksum": "sha256:00"}


def strips():
    yield Strip(0, CODES[:1], CONFIDENCE[:1])
    yield Strip(1, CODES[1:], CONFIDENCE[1:])


def save(path, rows=None, georeference=ROSS_SEA):
    dataset = predictions(filepath=str(path), provenance={"fingerprint": "f"})
    made = rows or strips()
    dataset.save(Prediction("s", (2, 4), made, georeference, WHEN, FACTS))
    return dataset


def test_a_prediction_is_saved_in_strips_and_loaded_whole(tmp_path):
    after = save(tmp_path / "s.tif").load()
    assert isinstance(after, PredictedMap)
    assert after.codes.tolist() == CODES.tolist()
    assert after.confidence.tolist() == CONFIDENCE.tolist()
    assert (after.scene_id, after.georeference, after.acquired) == ("s", ROSS_SEA, WHEN)


def test_a_full_disk_leaves_no_scene_open(tmp_path):
    codes = np.random.default_rng(0).integers(0, 3, (700, 600), np.uint8)
    ended = []

    def from_a_file():
        try:
            for row in range(0, 700, 70):
                yield Strip(row, codes[row : row + 70], codes[row : row + 70])
        finally:
            ended.append(hasenv())

    rows = from_a_file()
    made = Prediction("s", codes.shape, rows, ROSS_SEA, WHEN, FACTS)
    with without_room(20_000), pytest.raises(DatasetError):
        predictions(filepath=str(tmp_path / "s.tif")).save(made)
    assert ended == [True]  # while GDAL's environment was that of the writer


def test_a_prediction_says_what_it_is_and_which_model_made_it(tmp_path):
    save(tmp_path / "s.tif")
    facts = predictions(filepath=str(tmp_path / "s.tif")).facts()
    assert facts.pop("pixel_area_m2") == pytest.approx(
        103, abs=1
    )  # at 78.6 degrees south
    assert facts == {
        "scene_id": "s",
        "classes": "0 = thick ice, 1 = thin ice, 2 = open water, 255 = no data",
        "pixels": 8,
        "pixels_thick_ice": 2,
        "pixels_thin_ice": 2,
        "pixels_open_water": 3,
        "pixels_unclassed": 0,
        "mean_confidence": 0.8,
        "acquired": WHEN.isoformat(),
        "model": "auto_original",
        "model_checksum": "sha256:00",
        "fingerprint": "f",
        "height": 2,
        "width": 4,
        "crs": "EPSG:3031",
        "transform": ROSS_SEA.transform,
    }


def test_a_prediction_is_a_valid_cog_with_the_names_of_its_classes(tmp_path):
    codes = np.random.default_rng(0).integers(0, 3, (700, 600), np.uint8)
    rows = [
        Strip(row, codes[row : row + 70], codes[row : row + 70])
        for row in range(0, 700, 70)
    ]
    made = Prediction("s", codes.shape, rows, ROSS_SEA, WHEN, FACTS)
    predictions(filepath=str(tmp_path / "p.tif")).save(made)
    assert cog_validate(tmp_path / "p.tif", strict=True) == (True, [], [])
    ClassMapDataset(filepath=str(tmp_path / "c.tif")).save(ClassMap("s", codes))
    names = [(tmp_path / f"{n}.tif.aux.xml").read_bytes() for n in "pc"]
    assert names[0] == names[1]


def test_a_prediction_has_the_tags_of_a_class_map(tmp_path):
    save(tmp_path / "p.tif")
    class_map = ClassMap("s", CODES, ROSS_SEA, WHEN)
    ClassMapDataset(filepath=str(tmp_path / "c.tif")).save(class_map)
    predicted, labelled = (
        predictions(filepath=str(tmp_path / name)).facts()
        for name in ("p.tif", "c.tif")
    )
    assert {key: predicted[key] for key in labelled} == labelled


def test_a_prediction_opens_in_the_published_colours(tmp_path):
    save(tmp_path / "s.tif")
    with rasterio.open(tmp_path / "s.tif") as file:
        assert (file.count, file.dtypes, file.nodata) == (2, ("uint8",) * 2, 255.0)
        assert [c.name for c in file.colorinterp] == ["palette", "undefined"]
        assert [file.colormap(1)[code][:3] for code in range(3)] == [
            (255, 0, 0),
            (0, 0, 255),
            (0, 255, 0),
        ]
        assert file.dataset_mask().tolist()[0] == [255, 255, 255, 0]


def test_probabilities_are_further_bands_of_a_prediction(tmp_path):
    planes = [np.full((2, 4), percent, np.uint8) for percent in (70, 20, 10, 50)]
    path = tmp_path / "s.tif"
    rows = [Strip(0, CODES, CONFIDENCE, 0, planes)]
    made = Prediction("s", (2, 4), rows, ROSS_SEA, WHEN, FACTS, with_probabilities=True)
    predictions(filepath=str(path)).save(made)
    with rasterio.open(path) as file:
        assert file.descriptions[2:] == PROBABILITY_BANDS
        assert file.read()[2:, 0, 0].tolist() == [70, 20, 10, 50]
    dataset = predictions(filepath=str(path))
    assert dataset.facts()["probability_bands"] == ", ".join(PROBABILITY_BANDS)
    assert dataset.load().confidence.tolist() == CONFIDENCE.tolist()


def test_a_prediction_says_between_what_its_concentration_lies(tmp_path):
    doubts = ((0.4, 0.0), (0.3, 1.4))
    rows = [
        Strip(n, CODES[n:][:1], CONFIDENCE[n:][:1], doubted_pixels=doubts[n])
        for n in (0, 1)
    ]
    facts = save(tmp_path / "s.tif", rows).facts()
    # 4 of 7 pixels are ice; 0.7 of them are expected to be water, 1.4 of water ice.
    assert facts["concentration_lower"] == pytest.approx((4 - 0.7) / 7, abs=1e-6)
    assert facts["concentration_upper"] == pytest.approx((4 + 1.4) / 7, abs=1e-6)


def test_a_scene_without_an_observed_pixel_has_no_confidence(tmp_path):
    nothing = np.full((2, 4), 255, np.uint8)
    save(tmp_path / "s.tif", [Strip(0, nothing, nothing)])
    facts = predictions(filepath=str(tmp_path / "s.tif")).facts()
    assert "mean_confidence" not in facts
    assert facts["pixels_open_water"] == 0


def test_a_prediction_without_a_place_has_no_area(tmp_path):
    save(tmp_path / "s.tif", georeference=None)
    assert "pixel_area_m2" not in predictions(filepath=str(tmp_path / "s.tif")).facts()


def test_a_prediction_knows_what_it_was_made_from(tmp_path):
    assert predictions(filepath=str(tmp_path / "s.tif")).stored_fingerprint() is None
    assert save(tmp_path / "s.tif").stored_fingerprint() == "f"


def test_a_network_that_fails_half_way_leaves_no_file_and_its_own_error(tmp_path):
    def failing():
        yield Strip(0, CODES[:1], CONFIDENCE[:1])
        raise MissingInput("no such model")

    with pytest.raises(MissingInput, match="no such model"):
        save(tmp_path / "s.tif", failing())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pixels", [floes(), floes()[..., :2]], ids=["rgb", "two"])
def test_a_foreign_raster_is_no_prediction(tmp_path, pixels):
    path = write(tmp_path / "s.tif", pixels)
    with (
        quiet(),
        pytest.raises(DatasetError, match=r"s\.tif: expected a prediction \("),
    ):
        predictions(filepath=str(path)).load()
