import json
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from sea_ice_kedro.errors import CannotRead, InvalidModel
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.imagery.published_filter import PublishedFilter
from sea_ice_kedro.training.model_card import ModelCard
from sea_ice_kedro.training.model_file import (
    ModelFile,
    TrainedUNet,
    load_model,
    save_model,
)
from sea_ice_kedro.training.options import UNetOptions
from tests.chips import TINY
from tests.fabricate import cut

pytestmark = pytest.mark.train

CARD = ModelCard(images="original", chip_px=32, unet=TINY, name="auto_original")


@pytest.fixture
def network():
    from sea_ice_kedro.training.unet import build_unet

    return build_unet(TINY)


@pytest.fixture
def path(tmp_path, network):
    weights = [np.array(v) for v in network.variables]
    save_model(str(tmp_path / "unet.keras"), TrainedUNet(CARD, weights))
    return tmp_path / "unet.keras"


def rewritten(path, name, change):
    """Change one member of a model file."""
    with zipfile.ZipFile(path) as file:
        members = {member: file.read(member) for member in file.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(path, "w") as file:
        for member, content in members.items():
            if content is not None:
                file.writestr(member, content)
    return path


def test_what_is_served_is_what_was_trained(path, network):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    served = pickle.loads(pickle.dumps(ModelFile(str(path)))).predict(pixels)
    assert served.dtype == np.float32
    np.testing.assert_allclose(served, network(pixels), atol=1e-5, rtol=1e-4)


def test_the_file_says_how_its_images_were_filtered(tmp_path, path, network):
    card = ModelCard(
        images="filtered",
        chip_px=32,
        unet=TINY,
        name="manual_filtered",
        filter=FilterOptions(published=PublishedFilter(window_px=99)),
        thresholds=BrightnessThresholds(20, 190),
        epochs=7,
        best_epoch=5,
    )
    weights = [np.array(v) for v in network.variables]
    save_model(str(tmp_path / "filtered.keras"), TrainedUNet(card, weights))
    stored = ModelFile(str(tmp_path / "filtered.keras")).card()
    assert replace(stored, weights="") == card
    assert (card.labels, card.depth, card.normalisation) == ("manual", 2, "tint")
    assert ModelFile(str(path)).card().filter is None


def test_it_is_a_keras_file_that_keras_can_read(path):
    with zipfile.ZipFile(path) as file:
        assert {"config.json", "metadata.json", "model.weights.h5"} <= set(
            file.namelist()
        )
    assert load_model(str(path)).name == "unet"


def test_its_fingerprint_changes_with_its_content(path, network):
    before = ModelFile(str(path)).fingerprint()
    weights = [np.array(v) + 1 for v in network.variables]
    save_model(str(path), TrainedUNet(CARD, weights))
    assert ModelFile(str(path)).fingerprint() != before


def test_the_same_network_saved_again_has_the_same_fingerprint(path, network):
    before = ModelFile(str(path)).fingerprint()
    content = path.read_bytes()
    save_model(str(path), TrainedUNet(CARD, [np.array(v) for v in network.variables]))
    assert ModelFile(str(path)).fingerprint() == before
    assert path.read_bytes() != content  # Keras writes the time into its files


def test_a_missing_model_says_how_one_is_made(tmp_path):
    with pytest.raises(FileNotFoundError, match="kedro run --pipelines modeling"):
        ModelFile(str(tmp_path / "none.keras")).card()


def test_a_file_that_is_no_model_of_ours_is_refused(tmp_path, path):
    (tmp_path / "text.keras").write_text("no zip")
    with pytest.raises(InvalidModel, match=r"text\.keras: expected a whole \.keras"):
        ModelFile(str(tmp_path / "text.keras")).card()
    rewritten(path, "sea_ice_kedro.json", lambda _: None)
    with pytest.raises(InvalidModel, match="without its card"):
        ModelFile(str(path)).card()


def test_half_a_model_is_refused(path):
    with pytest.raises(InvalidModel, match=r"unet\.keras: expected a whole"):
        ModelFile(str(cut(path, 0.5))).card()


def test_a_model_of_another_version_is_refused(path):
    def older(text):
        return json.dumps({**json.loads(text), "format": 0, "software": "x 0.0.1"})

    rewritten(path, "sea_ice_kedro.json", older)
    with pytest.raises(
        InvalidModel, match=r"model of format 1, got one made by x 0\.0\.1"
    ):
        ModelFile(str(path)).card()


def test_a_model_of_other_classes_is_refused(path):
    def other(text):
        return json.dumps({**json.loads(text), "classes": {"0": "lead"}})

    rewritten(path, "sea_ice_kedro.json", other)
    with pytest.raises(InvalidModel, match="model of classes"):
        ModelFile(str(path)).card()


@pytest.mark.parametrize(("bands", "classes"), [(4, 3), (3, 2)])
def test_a_model_of_other_bands_or_classes_is_refused(path, tmp_path, bands, classes):
    import keras

    pixels = keras.Input((None, None, bands))
    other = keras.Model(pixels, keras.layers.Conv2D(classes, 1)(pixels))
    other.save(tmp_path / "other.keras")
    with zipfile.ZipFile(tmp_path / "other.keras", "a") as file:
        file.writestr("sea_ice_kedro.json", CARD.to_json())
    with pytest.raises(InvalidModel, match=r"bands R, G, B to 3 classes, .* got \("):
        load_model(str(tmp_path / "other.keras"))


def test_an_architecture_that_keras_cannot_rebuild_is_refused(path):
    rewritten(path, "config.json", lambda text: text.replace(b"Normalise", b"Mystery"))
    with pytest.raises(InvalidModel, match=r"that Keras 3.* can load, got"):
        load_model(str(path))


def test_a_card_survives_its_text():
    assert ModelCard.from_json(CARD.to_json(), "x") == CARD
    assert isinstance(ModelCard.from_json(CARD.to_json(), "x").unet, UNetOptions)


PIXELS = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)


def test_a_network_in_a_bucket_is_served_as_from_a_disk(bucket, path):
    there = ModelFile(f"{bucket.put(path.parent)}/unet.keras")
    here = ModelFile(str(path))
    assert there.card() == here.card()
    assert there.fingerprint() == here.fingerprint()
    assert np.array_equal(there.predict(PIXELS), here.predict(PIXELS))


def test_a_network_in_a_bucket_is_fetched_once_and_looked_up_once_a_scene(bucket, path):
    model = ModelFile(f"{bucket.put(path.parent)}/unet.keras")
    predict = model.predict
    bucket.forget()
    for _ in range(5):
        predict(PIXELS)
    assert bucket.requests == []
    model.predict(PIXELS)
    model.card()
    assert bucket.requests != []
    assert not [request for request in bucket.requests if "/download/" in request]


def test_another_network_under_the_same_url_is_noticed(bucket, path, network):
    model = ModelFile(f"{bucket.put(path.parent)}/unet.keras")
    before, fingerprint = model.predict(PIXELS), model.fingerprint()
    weights = [np.array(v) + 0.1 for v in network.variables]
    save_model(model.path, TrainedUNet(CARD, weights))
    assert model.fingerprint() != fingerprint
    assert not np.array_equal(model.predict(PIXELS), before)


def test_the_card_of_a_network_in_a_bucket_costs_a_fraction_of_it(bucket, path):
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("more", np.random.default_rng(0).bytes(2_000_000))
    url = f"{bucket.put(path.parent)}/unet.keras"
    bucket.forget()
    assert ModelFile(url).card() == ModelFile(str(path)).card()
    assert bucket.sent < 300_000


def test_half_a_network_or_none_in_a_bucket_is_said_as_on_a_disk(bucket, path):
    url = bucket.put(cut(path, 0.5).parent)
    with pytest.raises(InvalidModel, match=r"unet\.keras: expected a whole"):
        ModelFile(f"{url}/unet.keras").card()
    with pytest.raises(FileNotFoundError, match=f"no such model: {url}/none.keras; t"):
        ModelFile(f"{url}/none.keras").card()


def test_a_bucket_that_does_not_answer_is_no_damaged_model(bucket, impatient, path):
    url = f"{bucket.put(path.parent)}/unet.keras"
    bucket.fails("GET", "/download/")
    with pytest.raises(CannotRead, match=f"expected to read {url}, got"):
        ModelFile(url).card()
