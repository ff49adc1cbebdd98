"""The published steps, written plainly: one OpenCV call a step, nothing shared.

Iqrah et al. (2024), III-A and III-B, on a whole scene. This is what the product is
measured against, and what it must equal pixel by pixel.
"""

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

THICK, THIN, WATER = (0, 0, 205), (0, 0, 31), (0, 0, 0)
THICK_END, THIN_END, WATER_END = (185, 255, 255), (185, 255, 204), (185, 255, 30)


def filter_plainly(rgb: Image, channel_order: str = "rgb") -> Image:
    """Filter thin cloud and shadow: uint8 (H, W, 3) in, three levels out."""
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    water = cv2.inRange(hsv, WATER, WATER_END)
    painted = rgb.copy()
    painted[water > 0] = 255
    weights = {"rgb": cv2.COLOR_RGB2GRAY, "bgr": cv2.COLOR_BGR2GRAY}
    grey = cv2.cvtColor(painted, weights[channel_order])
    dilated = cv2.dilate(grey, np.ones((7, 7), np.uint8))
    background = cv2.medianBlur(dilated, 155)
    difference = 255 - cv2.absdiff(grey, background)
    _, kept = cv2.threshold(difference, 0, 255, cv2.THRESH_TOZERO + cv2.THRESH_OTSU)
    stretched = cv2.normalize(kept, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8UC1)
    _, truncated = cv2.threshold(stretched, 235, 0, cv2.THRESH_TRUNC)
    final = cv2.normalize(truncated, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8UC1)
    levels = np.where(final >= 205, 255, 155).astype(np.uint8)
    levels[water > 0] = 0
    return np.asarray(cv2.merge([levels, levels, levels]), np.uint8)


def label_plainly(rgb: Image) -> Image:
    """Label by the three published HSV ranges: class codes, uint8 (H, W)."""
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    codes = np.full(rgb.shape[:2], 255, np.uint8)
    codes[cv2.inRange(hsv, THICK, THICK_END) > 0] = 0
    codes[cv2.inRange(hsv, THIN, THIN_END) > 0] = 1
    codes[cv2.inRange(hsv, WATER, WATER_END) > 0] = 2
    return codes
