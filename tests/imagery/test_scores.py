import math

import numpy as np
import pytest
from sklearn import metrics

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scores import (
    area_km2,
    class_counts,
    concentration,
    confusion_matrix,
    scores,
    structural_similarity,
)

THICK, THIN, WATER = SeaIceClass


def test_rows_are_reference_and_columns_prediction():
    matrix = confusion_matrix(
        np.array([[0, 0, 1, 2]], np.uint8), np.array([[0, 1, 1, 0]], np.uint8)
    )
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("code", [254, 255])
def test_land_and_no_data_in_either_map_take_no_part(code):
    matrix = confusion_matrix(
        np.array([[0, code, 1]], np.uint8), np.array([[code, 2, 1]], np.uint8)
    )
    assert matrix.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_scores_equal_scikit_learns():
    rng = np.random.default_rng(3)
    reference = rng.integers(0, 3, (40, 50)).astype(np.uint8)
    prediction = np.where(rng.random((40, 50)) < 0.7, reference, 1).astype(np.uint8)
    ours = scores(confusion_matrix(reference, prediction))
    y, p = reference.ravel(), prediction.ravel()
    assert ours.accuracy == pytest.approx(metrics.accuracy_score(y, p))
    for average, mine in (("macro", ours.macro), ("weighted", ours.weighted)):
        theirs = metrics.precision_recall_fscore_support(y, p, average=average)[:3]
        assert (mine.precision, mine.recall, mine.f1) == pytest.approx(theirs)
        iou = metrics.jaccard_score(y, p, average=average)
        assert mine.iou == pytest.approx(iou)
    assert [ours.by_class[c].support for c in SeaIceClass] == np.bincount(y).tolist()


def test_a_class_that_never_occurs_has_no_score_and_no_weight():
    reference = np.array([[0, 0, 1, 1]], np.uint8)
    result = scores(confusion_matrix(reference, reference))
    assert math.isnan(result.by_class[WATER].recall)
    assert result.by_class[WATER].support == 0
    assert result.macro.f1 == 1.0


def test_scores_of_nothing_are_nan_not_an_error():
    nothing = np.full((3, 3), 255, np.uint8)
    assert math.isnan(scores(confusion_matrix(nothing, nothing)).accuracy)


def test_maps_of_different_shape_and_unknown_codes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        confusion_matrix(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"got also \[7\]"):
        confusion_matrix(np.full((2, 2), 7, np.uint8), np.zeros((2, 2), np.uint8))


def test_structural_similarity_is_one_for_equal_maps_and_less_for_others():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, (32, 32)).astype(np.uint8)
    assert structural_similarity(codes, codes) == 1.0
    assert structural_similarity(codes, (codes + 1).astype(np.uint8) % 3) < 0.5
    with pytest.raises(ValueError, match="7x7"):
        structural_similarity(codes[:5], codes[:5])


def test_concentration_is_ice_over_valid_pixels():
    counts = class_counts(np.array([[0, 1, 2, 2, 255]], np.uint8))
    assert counts == {THICK: 1, THIN: 1, WATER: 2}
    assert concentration(counts) == 0.5
    assert math.isnan(concentration(dict.fromkeys(SeaIceClass, 0)))


def test_ten_thousand_pixels_of_ten_metres_are_a_square_kilometre():
    assert area_km2(10_000, 100.0) == 1.0
