"""Placeholder until the exact fast median lands."""

import cv2


def median_filter(image, window):
    return cv2.medianBlur(image, window)
