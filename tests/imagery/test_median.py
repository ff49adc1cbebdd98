"""The median filter equals OpenCV's, whatever the image."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from sea_ice_kedro.imagery.median import median_filter

SHAPES = [(1, 1), (1, 300), (300, 1), (5, 7), (64, 64), (200, 333), (400, 401)]
CONTENTS = ["noise", "constant", "checkers", "halves", "ramp", "saturated", "corners"]


def _image(content: str, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(7)
    y, x = np.indices(shape)
    images = {
        "noise": rng.integers(0, 256, shape),
        "constant": np.full(shape, 93),
        "checkers": (y + x) % 2 * 255,
        "halves": np.where(x + y // 3 < shape[1] // 2, 0, 255),
        "ramp": np.clip(x // 2 + y // 3 + rng.normal(0, 9, shape), 0, 255),
        "saturated": np.where(rng.random(shape) < 0.5 + y / 2000, 255, x % 256),
        "corners": np.where((y // 155 + x // 155) % 2, 254, 1 + rng.integers(0, 2)),
    }
    return images[content].astype(np.uint8)


@pytest.mark.parametrize("window", [3, 5, 31, 155, 181, 255])
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_filter_equals_the_median_blur_of_opencv(
    shape: tuple[int, int], content: str, window: int
) -> None:
    image = _image(content, shape)
    kept = image.copy()

    result = median_filter(image, window)

    assert result.dtype == np.uint8
    assert np.array_equal(result, cv2.medianBlur(kept, window))
    assert np.array_equal(image, kept)


def test_an_image_with_wild_medians_is_handed_to_opencv_midway() -> None:
    rng = np.random.default_rng(3)
    smooth = np.full((160, 640), 100)
    wild = (rng.random((700, 640)) < 0.5) * 255
    sparse = rng.random(wild.shape) < 0.05
    wild[sparse] = rng.integers(0, 256, sparse.sum())
    image = np.vstack([smooth, wild]).astype(np.uint8)

    assert np.array_equal(median_filter(image, 155), cv2.medianBlur(image, 155))


def test_a_view_that_is_not_contiguous_is_filtered() -> None:
    image = _image("ramp", (200, 200))[::2, ::-1]

    result = median_filter(image, 31)

    assert np.array_equal(result, cv2.medianBlur(np.ascontiguousarray(image), 31))


def test_a_read_only_image_is_filtered() -> None:
    image = _image("noise", (40, 50))
    image.flags.writeable = False

    assert np.array_equal(median_filter(image, 31), cv2.medianBlur(image.copy(), 31))


@pytest.mark.parametrize("window", [0, 1, 4, -3, 257])
def test_a_window_that_is_not_odd_from_3_to_255_is_refused(window: int) -> None:
    with pytest.raises(ValueError, match=f"got {window}"):
        median_filter(np.zeros((9, 9), np.uint8), window)


@pytest.mark.parametrize("shape", [(9,), (9, 9, 3), (0, 9), (9, 0)])
def test_an_image_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected an image of shape"):
        median_filter(np.zeros(shape, np.uint8), 5)


def test_an_image_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match="got float32"):
        median_filter(np.zeros((9, 9), np.float32), 5)  # type: ignore[arg-type]
