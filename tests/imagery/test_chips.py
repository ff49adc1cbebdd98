import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.chips import ChipOptions, cut_chips
from sea_ice_kedro.imagery.classes import QualityFlag
from tests.fabricate import floes


@pytest.fixture
def maps():
    """A scene of 40 x 64: a label, a quality band and no label in the last columns."""
    rgb = floes(40, 64, seed=3)
    codes = np.where(rgb.max(-1) <= 30, 2, np.where(rgb.max(-1) >= 205, 0, 1))
    codes[:, 48:] = 255
    return rgb, codes.astype(np.uint8), np.zeros((40, 64), np.uint8)


def test_chips_are_cut_along_the_grid_and_filled_at_the_edge(maps):
    rgb, codes, quality = maps
    chips = cut_chips("s", rgb, codes, quality, ChipOptions(32, 0.0))
    assert [(f.row, f.column) for f in chips.facts] == [
        (0, 0),
        (0, 32),
        (32, 0),
        (32, 32),
    ]
    np.testing.assert_array_equal(chips.images[0], rgb[:32, :32])
    np.testing.assert_array_equal(chips.labels[2, :8], codes[32:, :32])
    assert (chips.labels[2, 8:] == 255).all()
    assert not chips.images[2, 8:].any()


def test_valid_fraction_counts_labelled_pixels_of_a_whole_chip(maps):
    chips = cut_chips("s", *maps, ChipOptions(32, 0.2))
    assert [f.valid_fraction for f in chips.facts] == [1.0, 0.5, 0.25, 0.125]
    assert [f.kept for f in chips.facts] == [True, True, True, False]
    assert len(chips.images) == len(chips.labels) == 3


def test_a_chip_without_a_label_is_never_kept(maps):
    rgb, codes, quality = maps
    chips = cut_chips("s", rgb, np.full_like(codes, 255), quality, ChipOptions(32, 0.0))
    assert [f.kept for f in chips.facts] == [False] * 4
    assert chips.images.shape == (0, 32, 32, 3)


def test_cloud_and_classes_are_shares_of_the_labelled_pixels(maps):
    rgb, codes, quality = maps
    quality[:, 40:] = QualityFlag.THIN_CLOUD | QualityFlag.CHANGED
    quality[0, :32] = QualityFlag.SHADOW
    quality[1, :32] = QualityFlag.NODATA
    chips = cut_chips("s", rgb, codes, quality, ChipOptions(32, 0.2))
    assert [f.cloud_fraction for f in chips.facts] == [1 / 32, 0.5, 0, 0.5]
    for fact in chips.facts[:3]:
        assert sum(fact.class_fractions) == pytest.approx(1)
    expected = [(codes[:32, :32] == c).mean() for c in range(4)]
    assert chips.facts[0].class_fractions == pytest.approx(tuple(expected))


@pytest.mark.parametrize("settings", [{"size_px": 8}, {"min_valid_fraction": 1.5}])
def test_chips_that_cannot_be_cut_are_refused(settings):
    with pytest.raises(InvalidOption, match=r"modeling\.chips\."):
        ChipOptions(**settings)
