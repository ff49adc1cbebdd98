"""Exact median filter with a large square window, several times faster than OpenCV.

The background of a scene is the median over a window so large (155 pixels) that its
value hardly changes from one pixel to the next. Running-histogram filters (Huang,
Yang & Tang 1979, "A fast two-dimensional median filtering algorithm"; Perreault &
Hebert 2007, "Median filtering in constant time", which is ``cv2.medianBlur``) carry
all 256 bins to every pixel regardless. Here the image is cut in tiles, and a tile is
only asked, for the few levels its medians can take, where the number of window pixels
at or below that level stays too small: the median is the first level at which the
count exceeds half a window. The counts are exact integers, so the result equals
``cv2.medianBlur`` bit for bit.

Why numba: which level to ask next depends on the previous answer, tile by tile, which
array primitives cannot express, while each answer is a handful of short loops that
LLVM turns into vector instructions.
"""

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.median_tiles import (
    AREA,
    BLOCK,
    COLS,
    HALF,
    LARGEST,
    REACH,
    ROWS,
    SMALLEST,
    State,
    sweep,
)


def _prepare(image: npt.NDArray[np.uint8], window: int, rows: int, width: int) -> State:
    """Pad the image, by one more than the window needs above and left, and set out."""
    border = window // 2 + 1
    across = -(-(width + COLS + REACH) // BLOCK) * BLOCK
    bottom, right = rows + window - border, across - border
    bottom, right = bottom - image.shape[0], right - image.shape[1]
    padded = cv2.copyMakeBorder(
        image, border, bottom, border, right, cv2.BORDER_REPLICATE
    )
    return State(
        padded=np.asarray(padded, dtype=np.uint8),
        window=window,
        half_row=HALF,
        within=(np.arange(REACH) < window).astype(np.uint8),
        columns=np.empty((256, across), np.uint8),
        band=np.full((256, across // BLOCK), -LARGEST, np.int32),
        left=np.empty((256, ROWS + 1), np.int32),
        tile=np.full(256, -1, np.int64),
        corners=np.empty((4, AREA), np.uint8),
        steps=np.empty(AREA, np.uint8),
        sums=np.empty(COLS + AREA, np.int16),
        limit=np.empty(2 * ROWS, np.int16),
        short=np.empty(AREA, np.uint8),
    )


def median_filter(image: npt.NDArray[np.uint8], window: int) -> npt.NDArray[np.uint8]:
    """Return the median of the square window around every pixel.

    Equal to ``cv2.medianBlur``: beyond its edges the image repeats its border. Takes
    about three times the memory of the image.

    Args:
        image: uint8 (H, W), H and W at least 1; not written to.
        window: Odd width of the window in pixels, 3 to 255.

    Returns:
        uint8 (H, W), a new array.

    Raises:
        ValueError: If the image or the window is none of the above.
    """
    if image.dtype != np.uint8:
        raise ValueError(f"expected an image of dtype uint8, got {image.dtype}")
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"expected an image of shape (H, W), got {image.shape}")
    if window % 2 == 0 or not 3 <= window <= 255:
        raise ValueError(f"expected an odd window from 3 to 255, got {window}")
    height, width = image.shape
    image = np.ascontiguousarray(image)
    if not SMALLEST <= window <= LARGEST:
        return np.asarray(cv2.medianBlur(image, window), dtype=np.uint8)
    rows, across = -(-height // ROWS) * ROWS, -(-width // COLS) * COLS
    out = np.empty((rows, across), np.uint8)
    done = sweep(_prepare(image, window, rows, across), out)
    if done < height:
        # An image whose medians jump about; the rows above are there for the windows.
        first = max(done - window // 2, 0)
        out[done:height, :width] = cv2.medianBlur(image[first:], window)[done - first :]
    return np.ascontiguousarray(out[:height, :width])
