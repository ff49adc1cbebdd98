import json
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from sea_ice_kedro.errors import CannotRead, InvalidModel
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, PublishedFilter
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.model_file import (
    ModelFile,
    TrainedUNet,
    load_model,
    save_model,
)
from sea_ice_kedro.training.options import UNetOptions
from tests.fabricate import cut
from tests.networks import TINY

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
    assert (card.step_px, card.normalisation) == (4, "tint")
    assert replace(card, scales=(1, 2)).step_px == 8
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


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (
            {"format": 0, "software": "x 0.0.1"},
            r"model of format 1, got one made by x 0\.0\.1",
        ),
        ({"classes": {"0": "lead"}}, "model of classes"),
        ({"scales": [1, 10**9]}, r"expected scales \(1,\) or \(1, 2\), got"),
    ],
)
def test_a_model_of_another_version_or_of_other_classes_is_refused(path, card, said):
    def other(text):
        return json.dumps(json.loads(text) | card)

    rewritten(path, "sea_ice_kedro.json", other)
    with pytest.raises(InvalidModel, match=said):
        ModelFile(str(path)).card()


@pytest.mark.parametrize(("bands", "classes"), [(4, 3), (3, 2)])
def test_a_model_of_other_bands_or_classes_is_refused(path, tmp_path, bands, classes):
    import keras

    pixels = keras.Input((None, None, bands))
    other = keras.Model(pixels, keras.layers.Conv2D(classes, 1)(pixels))
    other.save(tmp_path / "other.keras")
    with zipfile.ZipFile(tmp_path / "other.keras", "a") as file:
        file.writestr("sea_ice_kedro.json", CARD.to_json())
    with pytest.raises(InvalidModel, match=r"expected the network on its card, of"):
        load_model(str(tmp_path / "other.keras"))


@pytest.mark.parametrize("strange", ["Mystery", "Lambda", "TFSMLayer", "get_file"])
def test_a_file_that_describes_what_is_not_on_its_card_is_refused_by_name(
    path, strange
):
    def hostile(text):
        config = json.loads(text)
        layer = next(x for x in config["config"]["layers"] if x["name"] == "normalise")
        if strange == "get_file":
            called = {"module": "keras.utils", "class_name": "function"}
            layer["config"]["method"] = {**called, "config": strange}
        else:
            layer["class_name"] = strange
        return json.dumps(config)

    rewritten(path, "config.json", hostile)
    with pytest.raises(InvalidModel, match=rf"got .*{strange}.*nothing of it was run"):
        load_model(str(path))


def test_nothing_that_a_file_describes_is_built(path, monkeypatch):
    import keras

    def build(*args, **settings):
        raise AssertionError("built")

    monkeypatch.setattr(keras.saving, "load_model", build)
    monkeypatch.setattr(keras.saving, "deserialize_keras_object", build)
    assert load_model(str(path)).name == "unet"


@pytest.mark.parametrize(
    ("member", "change", "said"),
    [
        ("sea_ice_kedro.json", lambda text: b" " * (2 << 20) + text, "of at most"),
        ("config.json", lambda text: b" " * (17 << 20) + text, "of at most"),
        ("config.json", lambda _: b"[" * 100_000, "RecursionError"),
        ("model.weights.h5", lambda h5: h5[: len(h5) // 2], "without its card or wei"),
        ("model.weights.h5", lambda _: None, "without its card or weights"),
    ],
)
def test_oversized_and_damaged_parts_are_refused(path, member, change, said):
    rewritten(path, member, change)
    with pytest.raises(InvalidModel, match=said):
        load_model(str(path))


def test_weights_that_are_not_those_of_the_card_are_refused(path, network):
    def negated(h5):
        values = next(np.array(v) for v in network.variables if v.shape.rank > 1)
        assert values.tobytes() in h5
        return h5.replace(values.tobytes(), (-values).tobytes())

    rewritten(path, "model.weights.h5", negated)
    with pytest.raises(InvalidModel, match="expected weights with the digest on its"):
        load_model(str(path))


def test_a_card_of_a_network_too_large_for_its_weights_is_refused_unbuilt(path):
    def large(text):
        unet = {"depth": 8, "base_filters": 512, "dropout": [0.0] * 9}
        card = json.loads(text)
        return json.dumps({**card, "unet": {**card["unet"], **unet}})

    rewritten(path, "sea_ice_kedro.json", large)
    with pytest.raises(InvalidModel, match="512 filters, 8 steps down"):
        load_model(str(path))


def test_a_small_file_of_huge_weights_is_refused(path):
    with zipfile.ZipFile(path) as file:
        members = {m: file.read(m) for m in file.namelist()}
    members["model.weights.h5"] = bytes(64 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for member, content in members.items():
            file.writestr(member, content)
    with pytest.raises(InvalidModel, match="packed into"):
        load_model(str(path))


@pytest.mark.parametrize("how", ["link", "external", "virtual", "huge"])
def test_weights_that_lead_to_other_files_or_have_no_end_are_refused(
    path, tmp_path, how
):
    import h5py

    (tmp_path / "secret").write_bytes(b"SECRET" * 100)
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        if how == "link":
            file["layers"] = h5py.ExternalLink(str(path), "/x")
        elif how == "external":
            outside = [(str(tmp_path / "secret"), 0, 400)]
            file.create_dataset("x", (100,), "f4", external=outside)
        elif how == "virtual":
            layout = h5py.VirtualLayout((10,), "f4")
            layout[:] = h5py.VirtualSource(str(path), "x", (10,))
            file.create_virtual_dataset("x", layout)
        else:
            file.create_dataset("x", (1 << 40,), "f4", chunks=(1 << 20,))
        file.create_dataset("room", data=np.zeros(100_000, np.float32))
    rewritten(path, "model.weights.h5", lambda _: other.read_bytes())
    said = "bytes of weights for the network" if how == "huge" else "no array of this"
    with pytest.raises(InvalidModel, match=said):
        load_model(str(path))


@pytest.mark.parametrize(
    "facts", [{"chip_px": 10**9}, {"chip_px": "../x"}, {"images": "=cmd"}]
)
def test_a_card_with_facts_that_no_network_has_is_refused(path, facts):
    rewritten(
        path,
        "sea_ice_kedro.json",
        lambda text: json.dumps({**json.loads(text), **facts}),
    )
    with pytest.raises(InvalidModel, match="expected a card that this version can"):
        ModelFile(str(path)).card()


@pytest.mark.parametrize("text", ["[]", "3", "null", "[" * 100_000])
def test_a_card_of_another_shape_is_refused_by_its_file(text):
    with pytest.raises(InvalidModel, match=r"x\.onnx: expected a card that this"):
        ModelCard.from_json(text, "x.onnx")


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


def test_a_network_of_two_scales_gives_the_mean_of_its_logits(monkeypatch):
    """As probabilities: their geometric mean, whose sum is 1."""
    from sea_ice_kedro.imagery import scene_context
    from sea_ice_kedro.training import model_file

    monkeypatch.setattr(scene_context, "LEANING", 0.0)
    own, coarse = np.float32([[0.7, 0.1, 0.1, 0.1], [0.4, 0.2, 0.2, 0.2]])
    images = np.zeros((1, 4, 4, 3), np.uint8)

    def network(asked):
        seen, contexts = asked
        assert contexts.shape == (len(seen), scene_context.CONTEXT_SIZE)
        return np.broadcast_to(
            own if seen.shape[1] == 4 else coarse, (*seen.shape[:3], 4)
        )

    context = np.zeros(scene_context.CONTEXT_SIZE, np.float32)
    for scales, expected in (((1,), own), ((1, 2), np.sqrt(own * coarse))):
        found = model_file._predict_in(network, scales, context, images)
        np.testing.assert_allclose(found[0, 1, 2], expected / expected.sum(), rtol=1e-5)
