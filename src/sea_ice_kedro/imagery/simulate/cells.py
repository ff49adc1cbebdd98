"""Cells: every pixel belongs to the floe next to it; cells freeze into plates."""

import math

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import Mask
from sea_ice_kedro.imagery.simulate.floes import FloeField, Labels
from sea_ice_kedro.imagery.simulate.noise import Field, Rng, as_field


def nearest_floes(labels: Labels) -> tuple[Labels, Field]:
    """Assign every pixel to its nearest floe.

    Args:
        labels: int32 (H, W): 0 between floes, else a floe's number.

    Returns:
        int32 (H, W) of floe numbers (0 only where there is no floe at all), and
        float32 (H, W) of the distance to that floe, pixels.
    """
    floe_mask = labels > 0
    if not floe_mask.any():
        return labels, np.full(labels.shape, math.hypot(*labels.shape), np.float32)
    distance, nearest = cv2.distanceTransformWithLabels(
        (~floe_mask).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    floe_of = np.zeros(int(nearest.max()) + 1, np.int32)
    floe_of[nearest[floe_mask]] = labels[floe_mask]
    return floe_of[nearest], as_field(distance)


def borders(regions: Labels) -> Mask:
    """Mark pixels whose region differs from the one below or to the right."""
    border = np.zeros(regions.shape, bool)
    border[:-1] |= regions[:-1] != regions[1:]
    border[:, :-1] |= regions[:, :-1] != regions[:, 1:]
    return border


def border_distance(regions: Labels) -> Field:
    """Measure the distance to the next border between regions, pixels: float32."""
    border = borders(regions)
    if not border.any():
        return np.full(regions.shape, math.hypot(*regions.shape), np.float32)
    inside = (~border).astype(np.uint8)
    return as_field(cv2.distanceTransform(inside, cv2.DIST_L2, 3))


def random_cells(shape: tuple[int, int], rng: Rng, cell_px: float) -> Labels:
    """Cut a scene into angular cells around random points (Voronoi 1908).

    Args:
        shape: (rows, columns).
        rng: Source of randomness.
        cell_px: Mean size of a cell, pixels.

    Returns:
        int32 (H, W) of cell numbers, from 1 on.
    """
    count = max(3, round(shape[0] * shape[1] / cell_px**2))
    elsewhere = np.ones(shape, np.uint8)
    elsewhere[rng.integers(0, shape[0], count), rng.integers(0, shape[1], count)] = 0
    labels = cv2.distanceTransformWithLabels(
        elsewhere, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    return labels.astype(np.int32, copy=False)


def plates(cells: Labels, floes: FloeField, owners: Labels) -> Labels:
    """Join floes into plates: each floe goes to the cell that its centre lies in.

    Borders between plates run around floes, as leads do.

    Args:
        cells: int32 (H, W) of coarse cells.
        floes: The floes.
        owners: int32 (H, W) of `nearest_floes`.

    Returns:
        int32 (H, W) of plate numbers.
    """
    rows, columns = cells.shape
    row = np.clip(floes.centres_px[:, 1], 0, rows - 1).astype(np.int64)
    column = np.clip(floes.centres_px[:, 0], 0, columns - 1).astype(np.int64)
    cell_of = np.concatenate([[0], cells[row, column]]).astype(np.int32)
    return cell_of[owners]
