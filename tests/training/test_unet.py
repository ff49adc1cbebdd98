import numpy as np
import pytest

from sea_ice_kedro.training.options import UNetOptions
from sea_ice_kedro.training.unet import build_unet, with_logits

pytestmark = pytest.mark.train

PAPER = UNetOptions(
    depth=5,
    base_filters=16,
    dropout=(0.1, 0.1, 0.2, 0.2, 0.2, 0.3),
    normalisation="paper",
    network="published",
)
SMALL = UNetOptions(2, 4, (0.1, 0.2, 0.3), network="published")


def pixels(count=2, side=32, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (count, side, side, 3), dtype=np.uint8
    )


def test_the_papers_network_has_28_convolutions_and_7_775_347_weights():
    model = build_unet(PAPER)
    convolutions = [x for x in model.layers if "Conv" in type(x).__name__]
    assert len(convolutions) == 28
    assert model.count_params() == 7_775_347
    filters = [x.filters for x in convolutions if x.kernel_size == (3, 3)]
    down = [16, 16, 32, 32, 64, 64, 128, 128, 256, 256]
    assert filters == [*down, 512, 512, *down[::-1]]
    rates = [x.rate for x in model.layers if type(x).__name__ == "Dropout"]
    down = [0.1, 0.1, 0.2, 0.2, 0.2]
    assert rates == [*down, 0.3, *down[::-1]]


def test_the_papers_dropout_lies_between_the_convolutions_of_each_step():
    names = [x.name for x in build_unet(PAPER).layers]
    at = names.index("down3_dropout")
    assert names[at - 1 : at + 2] == [
        "down3_convolution1",
        "down3_dropout",
        "down3_convolution2",
    ]


def test_probabilities_of_every_pixel_sum_to_one():
    probabilities = np.asarray(build_unet(SMALL)(pixels()))
    assert probabilities.shape == (2, 32, 32, 3)
    np.testing.assert_allclose(probabilities.sum(-1), 1, atol=1e-5)


def test_windows_larger_than_the_chips_are_fine():
    assert build_unet(SMALL)(pixels(1, 64)).shape == (1, 64, 64, 3)


def test_normalisation_is_part_of_the_model():
    model = build_unet(SMALL)
    inside = np.asarray(model.get_layer("normalise")(pixels())).astype(float)
    red, green, blue = np.moveaxis(pixels().astype(float), -1, 0)
    total = red + green + blue + 1
    expected = [
        (np.sqrt(total / 766) - 0.7) * 4,
        (blue - red) / total * 30,
        (2 * green - red - blue) / total * 30,
    ]
    np.testing.assert_allclose(inside, np.stack(expected, -1), atol=1e-4)


def test_plain_bands_are_a_choice():
    model = build_unet(UNetOptions(2, 4, (0.0, 0.0, 0.0), "rgb", "published"))
    inside = model.get_layer("normalise")(pixels())
    np.testing.assert_allclose(inside, pixels() / 255, atol=1e-6)


def test_the_papers_normalisation_gives_columns_of_length_one():
    grey = np.asarray(build_unet(PAPER).get_layer("normalise")(pixels()))
    assert grey.shape == (2, 32, 32, 1)
    np.testing.assert_allclose((grey**2).sum(axis=1), 1, atol=1e-4)


def test_a_black_chip_is_normalised_to_black():
    black = np.zeros((1, 32, 32, 3), np.uint8)
    assert not np.asarray(build_unet(PAPER).get_layer("normalise")(black)).any()


def test_the_network_before_its_softmax_shares_the_weights():
    model = build_unet(SMALL)
    logits = np.asarray(with_logits(model)(pixels()))
    exponents = np.exp(logits - logits.max(-1, keepdims=True))
    np.testing.assert_allclose(
        exponents / exponents.sum(-1, keepdims=True), model(pixels()), atol=1e-5
    )
