"""The file that ships: what it says of itself, and what it calls plain pictures."""

import numpy as np
import pytest

from sea_ice_kedro.imagery.arrays import Scene
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scene_context import context_of
from sea_ice_kedro.networks import POLAR, POLAR_KERAS
from sea_ice_kedro.training.model_file import ModelFile
from sea_ice_kedro.training.options import UNetOptions

pytestmark = pytest.mark.train


def test_the_file_is_small_and_its_card_says_what_it_is():
    from pathlib import Path

    card = ModelFile("polar").card()
    assert Path(POLAR).stat().st_size <= 8e6
    assert card.name == "polar"
    assert card.unet == UNetOptions(
        6, 8, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1), network="context"
    )
    assert card.epochs == 3
    assert 0.5 < card.temperature < 2


def test_it_is_served_and_trained_on_from_as_one_network():
    from pathlib import Path

    assert ModelFile(POLAR_KERAS).card() == ModelFile(POLAR).card()
    assert sum(Path(path).stat().st_size for path in (POLAR, POLAR_KERAS)) <= 16e6
    rgb, _ = picture((12, 14, 18), (90, 94, 100), (228, 230, 234))
    context = context_of(rgb, np.ones(rgb.shape[:2], bool))
    served, trained = (
        ModelFile(path).predict_in(context)(rgb[None]) for path in (POLAR, POLAR_KERAS)
    )
    np.testing.assert_allclose(served, trained, atol=1e-4)
    np.testing.assert_array_equal(served.argmax(-1), trained.argmax(-1))


def picture(water, thin, thick, side=256):
    """A lead of open water with a rim of young ice through pack, with a grain."""
    rng = np.random.default_rng(3)
    distance = np.abs(np.arange(side) - side / 2)[None, :].repeat(side, axis=0)
    distance = distance + 6 * np.sin(np.arange(side) / 23)[:, None]
    codes = np.where(
        distance < 30, SeaIceClass.OPEN_WATER, SeaIceClass.THICK_ICE
    ).astype(np.uint8)
    codes[(distance >= 30) & (distance < 60)] = SeaIceClass.THIN_ICE
    tones = np.array([thick, thin, water], float)
    rgb = tones[codes] + rng.normal(0, 1.5, (side, side, 1))
    return np.clip(np.rint(rgb), 1, 255).astype(np.uint8), codes


def called(rgb):
    everywhere = np.ones(rgb.shape[:2], bool)
    predict = ModelFile("polar").predict_in(context_of(rgb, everywhere))
    return predict(rgb[None])[0].argmax(-1)


@pytest.mark.parametrize(
    "tones",
    [
        ((12, 14, 18), (90, 94, 100), (228, 230, 234)),  # reflectance, as the paper has
        ((5, 6, 7), (38, 40, 43), (98, 99, 101)),  # little light
        ((20, 34, 62), (112, 120, 132), (236, 238, 240)),  # a navy sea
        ((52, 54, 57), (126, 129, 133), (238, 240, 243)),  # lifted blacks
    ],
    ids=["reflectance", "little light", "navy", "lifted"],
)
def test_a_lead_is_told_in_any_stretch(tones):
    rgb, codes = picture(*tones)
    right = called(rgb) == codes
    for sea_ice_class in SeaIceClass:
        assert right[codes == sea_ice_class].mean() > 0.85, sea_ice_class


def test_a_prediction_is_of_the_scene_and_not_of_the_windows_over_it(tmp_path):
    from sea_ice_kedro.datasets import SceneDataset
    from sea_ice_kedro.rasters.stored_scene import StoredScene
    from sea_ice_kedro.training.predict import InferenceOptions, predict_scene

    rgb, codes = picture((12, 14, 18), (90, 94, 100), (228, 230, 234), 320)
    path = str(tmp_path / "s.tif")
    SceneDataset(filepath=path).save(Scene("s", rgb, np.ones(codes.shape, bool)))
    maps = [
        np.concatenate(
            [
                strip.codes
                for strip in predict_scene(
                    StoredScene(path), ModelFile("polar"), InferenceOptions(window_px=w)
                ).strips
            ]
        )
        for w in ("auto", 256)
    ]
    assert (maps[0] == maps[1]).mean() > 0.98
