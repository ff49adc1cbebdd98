import numpy as np
import pytest

from tests.chips import CHIP_PX, everything, shard
from tests.networks import TINY

pytestmark = pytest.mark.train


def test_confidence_is_compared_with_being_right():
    from sea_ice_kedro.training.calibration import reliability

    sure = np.array([[0.9, 0.1]] * 10 + [[0.6, 0.4]] * 10)
    codes = np.array([0] * 9 + [1] + [0] * 3 + [1] * 7, np.uint8)
    table = reliability(sure, codes)
    np.testing.assert_allclose(table["confidence"], [0.6, 0.9])
    np.testing.assert_allclose(table["right"], [0.3, 0.9])
    np.testing.assert_allclose(table["share"], [0.5, 0.5])


def test_a_network_that_is_too_sure_is_made_to_doubt_and_calls_nothing_otherwise(
    tmp_path,
):
    from sea_ice_kedro.training.calibration import calibrate
    from sea_ice_kedro.training.model_archive import ModelCard
    from sea_ice_kedro.training.model_file import ModelFile, TrainedUNet, save_model
    from sea_ice_kedro.training.unet import build_unet

    model = build_unet(TINY)
    layer = model.get_layer("logits")
    layer.set_weights([40 * weights for weights in layer.get_weights()])
    card = ModelCard("original", CHIP_PX, TINY)
    path, other = str(tmp_path / "a.keras"), str(tmp_path / "b.keras")
    save_model(path, TrainedUNet(card, [np.array(v) for v in model.variables]))
    chips = everything(shard(tmp_path, seed=3))
    trained, table = calibrate(ModelFile(path), chips, chips, CHIP_PX)
    twice, _ = calibrate(ModelFile(path), chips, chips, CHIP_PX, (1, 2))
    assert (trained.card.scales, twice.card.scales) == ((1,), (1, 2))
    assert trained.card.temperature == pytest.approx(3.0, abs=0.01)
    assert table["share"].sum() == pytest.approx(1)
    save_model(other, trained)
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    before, after = ModelFile(path).predict(images), ModelFile(other).predict(images)
    np.testing.assert_array_equal(before.argmax(-1), after.argmax(-1))
    assert after.max(-1).mean() < before.max(-1).mean()


def test_no_class_is_given_only_where_ice_and_water_keep_their_own():
    from sea_ice_kedro.training.calibration import _reluctance

    rng = np.random.default_rng(4)
    logits = rng.normal(0, 0.1, (1000, 4))
    logits[:, 0] += 1.0
    logits[:100, 3] += 2.0  # a tenth of the water is taken for cloud
    codes = np.repeat(np.array([2, 0], np.uint8), [100, 900])
    reluctance = _reluctance(logits, codes)
    assert 0.5 < reluctance < 2.0
    logits[:, 3] -= reluctance
    assert (logits.argmax(1) == 3).mean() <= 0.01
    assert _reluctance(logits, codes) == 0
    assert _reluctance(logits[:, :3], codes) == 0
