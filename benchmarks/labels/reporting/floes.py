"""Outlines of floes, leads and cracks, in pixels of the fine grid."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.labels.reporting.fields import (
    Field,
    Shape,
    carried,
    gaussian_field,
    jags,
    log_uniform,
    smooth_step,
)
from sea_ice_kedro.imagery.arrays import Mask

Points = npt.NDArray[np.float64]
"""(N, 2) of column, row."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What lies where, before it has a colour."""

    floes: Mask
    """bool (H, W), True on ice that has survived, False in what lies between."""

    floe: Field
    """0..1, one random number a floe."""

    opening: Field
    """0..1, one random number for each patch of what lies between floes."""


def one_each(rng: np.random.Generator, labels: Field) -> Field:
    """Return one random number in 0..1 for each label of a float32 (H, W) raster."""
    table = rng.random(int(labels.max()) + 1).astype(np.float32)
    return table[labels.astype(np.int32)]


def patches(rng: np.random.Generator, shape: Shape, length: float) -> Field:
    """Draw sheets of one random number in 0..1 each, with sharp, natural outlines."""
    field = gaussian_field(rng, shape, length, slope=2.2)
    steps = np.digitize(field, np.sort(rng.normal(0, 1, rng.integers(2, 6))))
    other = gaussian_field(rng, shape, 1.5 * length) > rng.normal(0, 0.5)
    return one_each(rng, np.asarray(steps * 2 + other, np.float32))


def _split(polygon: Points, point: Points, angle: float) -> list[Points]:
    """Return the two parts of a convex polygon on either side of a line."""
    normal = np.array([-np.sin(angle), np.cos(angle)])
    side = (polygon - point) @ normal
    parts: list[list[Points]] = [[], []]
    for i in range(len(polygon)):
        j = (i + 1) % len(polygon)
        parts[int(side[i] > 0)].append(polygon[i])
        if (side[i] > 0) != (side[j] > 0):
            cut = polygon[i] + (polygon[j] - polygon[i]) * side[i] / (side[i] - side[j])
            parts[0].append(cut)
            parts[1].append(cut)
    return [np.array(part) for part in parts if len(part) > 2]


def fractured(
    rng: np.random.Generator, shape: Shape, scale: float, openness: float
) -> Plan:
    """Draw pack ice broken by cracks that end at older cracks.

    A sheet that is split again and again, in two directions that cross at an angle
    (Marko & Thomson 1977 saw 28 degrees; here from there to near right angles), each
    part with a chance to survive, has floe areas of a power law (Rothrock & Thorndike
    1984). Older cracks are wider; each opens as a wedge, as floes turn.

    Args:
        rng: where it is drawn from.
        shape: (H, W) in pixels.
        scale: size of a typical small floe in pixels.
        openness: factor on the widths of cracks, about 0.2..2.
    """
    height, width = shape
    edge = 0.1 * max(shape)
    scale = max(scale, max(shape) / 50)  # hundreds of floes, not thousands
    whole = np.array(
        [
            (-edge, -edge),
            (width + edge, -edge),
            (width + edge, height + edge),
            (-edge, height + edge),
        ]
    )
    first, spread = rng.uniform(0, np.pi), rng.uniform(0.2, 0.7)
    crossing = rng.uniform(0.5, 1.3)
    stop = rng.uniform(0.02, 0.15)
    cells, ids = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    stack, wedges, count = [(whole, 0)], [], 0
    while stack:
        polygon, depth = stack.pop()
        area = cv2.contourArea(polygon.astype(np.float32))
        small = area < scale**2 * rng.uniform(1, 6)
        if small or (depth > 3 and rng.random() < stop):
            count += 1
            cv2.fillConvexPoly(cells, np.round(polygon).astype(np.int32), count)
            continue
        angle = first + crossing * (rng.random() < 0.5) + rng.normal(0, spread)
        (_, (w, h), long) = cv2.minAreaRect(polygon.astype(np.float32))
        if max(w, h) > 3 * min(w, h):  # slivers break across
            angle = np.radians(long) + np.pi / 2 * (w > h) + rng.normal(0, 0.3)
        box = polygon.max(axis=0) - polygon.min(axis=0)
        point = polygon.mean(axis=0) + box * rng.uniform(-0.2, 0.2, 2)
        parts = _split(polygon, point, angle)
        if len(parts) == 2:
            shared = [p for p in parts[0] if (parts[1] == p).all(axis=1).any()]
            wedges.append((shared, depth))
        stack += [(part, depth + 1) for part in parts]
    for number, (ends, depth) in enumerate(wedges, 1):
        if len(ends) == 2:
            _draw_wedge(rng, ids, ends, openness * scale * 0.8 * 0.75**depth, number)
    flow = jags(rng, shape, scale, scale * rng.uniform(0.03, 0.12))
    cells, ids = carried(cells, flow, True), carried(ids, flow, True)
    return Plan(ids == 0, one_each(rng, cells), one_each(rng, ids))


def _draw_wedge(
    rng: np.random.Generator,
    ids: Field,
    ends: list[Points],
    width: float,
    number: int,
) -> None:
    """Draw one opened crack into `ids`, which the caller owns."""
    a, b = ends
    across = np.array([a[1] - b[1], b[0] - a[0]]) / (np.hypot(*(b - a)) + 1e-9)
    most = width * rng.lognormal(-0.7, 0.8)
    w = most * rng.uniform((0, 0.5, 0), (0.5, 1, 0.5)) + 0.5
    middle = a + (b - a) * rng.uniform(0.2, 0.8)
    corners = [p + across * half for p, half in zip((a, middle, b), w, strict=True)]
    corners += [
        p - across * half for p, half in zip((b, middle, a), w[::-1], strict=True)
    ]
    cv2.fillPoly(ids, [np.round(corners).astype(np.int32)], number)


def _kernels(
    rng: np.random.Generator, shape: Shape, smallest: float, largest: float
) -> tuple[Points, Points]:
    """Place discs that do not touch, large ones first: centres and radii.

    Radii are of a power law, N(> r) ~ r**-a with a of 0.9..2.2 (Rothrock & Thorndike
    1984; Toyota et al. 2011).
    """
    exponent = rng.uniform(0.9, 2.2)
    number = int(min(1200, 0.4 * shape[0] * shape[1] / (np.pi * smallest**2)))
    radii = smallest * (1 - rng.random(number)) ** (-1 / exponent)
    radii = np.sort(np.minimum(radii, largest))[::-1]
    centres, kept = np.empty((number, 2)), np.empty(number)
    n = 0
    for radius in radii:
        tries = rng.uniform(-0.05, 1.05, (6, 2)) * (shape[1], shape[0])
        apart = np.hypot(*(tries[:, None] - centres[None, :n]).transpose(2, 0, 1))
        free = (apart > kept[None, :n] + radius).all(axis=1)
        if free.any():
            centres[n], kept[n] = tries[free.argmax()], radius
            n += 1
    return centres[:n], kept[:n]


def packed(
    rng: np.random.Generator, shape: Shape, scale: float, openness: float
) -> Plan:
    """Draw floes of sizes of a power law: weighted cells of polygons, then worn.

    Cells are those of nearest polygon (an additively weighted Voronoi diagram); the gap
    between them varies over the scene and corners are rounded, as floes that collide in
    swell wear (Toyota et al. 2006).

    Args:
        rng: where it is drawn from.
        shape: (H, W) in pixels.
        scale: radius of the smallest floes in pixels.
        openness: width of gaps relative to `scale`, about 0.1..1.5.
    """
    largest = min(scale * log_uniform(rng, 5, 30), 0.4 * max(shape))
    centres, radii = _kernels(rng, shape, scale, largest)
    seeds = np.full(shape, 255, np.uint8)
    for centre, radius in zip(centres, radii, strict=True):
        turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(5, 10)))
        r = 0.95 * radius * rng.uniform(0.8, 1, (len(turns), 1))
        outline = centre + r * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        cv2.fillPoly(seeds, [np.round(outline).astype(np.int32)], 0)
    _, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP
    )
    cells = carried(
        labels.astype(np.float32),
        jags(rng, shape, scale * 2, scale * rng.uniform(0.05, 0.3)),
        True,
    )
    inside = np.ones(shape, np.uint8)
    inside[:, 1:] &= cells[:, 1:] == cells[:, :-1]
    inside[1:] &= cells[1:] == cells[:-1]
    far = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    gap = openness * scale * 0.5 * np.exp(0.6 * gaussian_field(rng, shape, 8 * scale))
    # each floe has drifted from where it broke off: gaps of many widths
    gap = gap * (0.2 + 2.5 * one_each(rng, cells) ** 2) + 0.7
    corner = scale * rng.uniform(0.05, 0.35)
    core = np.asarray(far <= gap + corner, np.uint8)
    floes = cv2.distanceTransform(core, cv2.DIST_L2, 5) < corner
    chance = one_each(rng, cells)
    lost = rng.uniform(0, 0.25) * openness
    return Plan(
        floes & (chance > lost), one_each(rng, cells), patches(rng, shape, 12 * scale)
    )


def sheet_with_leads(
    rng: np.random.Generator, shape: Shape, scale: float, openness: float
) -> Plan:
    """Draw a sheet cut by winding leads and by cracks side by side in a row.

    Leads are where two anisotropic Gaussian fields are near their zero, wider where a
    third one says so.
    """
    angle = rng.uniform(0, np.pi)
    leads = np.zeros(shape, bool)
    for _ in range(rng.integers(1, 4)):
        length = scale * log_uniform(rng, 3, 10)
        turned = angle + rng.normal(0, 0.4)
        stretch = log_uniform(rng, 2.5, 8)
        rough = gaussian_field(rng, shape, length, stretch=stretch, angle=turned)
        dy, dx = cv2.Sobel(rough, -1, 0, 1), cv2.Sobel(rough, -1, 1, 0)
        steep = np.float32(np.cos(turned)) * dy - np.float32(np.sin(turned)) * dx
        both = np.stack([steep**2, dx**2 + dy**2], axis=-1)
        both = cv2.boxFilter(both, -1, (int(length) | 1, int(length) | 1))
        # a lead that turns back would be a loop: it closes where it leaves its trend
        straight = smooth_step(both[..., 0] / (both[..., 1] + 1e-9), 0.4, 0.3)
        rough += rng.uniform(0.005, 0.03) * gaussian_field(rng, shape, scale, slope=2.0)
        wide = np.exp(1.2 * gaussian_field(rng, shape, 2 * length))
        leads |= np.abs(rough - rng.normal(0, 0.5)) < 0.05 * openness * wide * straight
    ids = np.zeros(shape, np.float32)
    for number in range(1, rng.integers(1, 5)):
        _draw_row_of_cracks(rng, ids, angle + rng.normal(0, 0.6), scale, number)
    ids = carried(ids, jags(rng, shape, scale, 0.12 * scale), True)
    floe = patches(rng, shape, 10 * scale)
    opening = np.where(ids > 0, one_each(rng, ids), patches(rng, shape, 15 * scale))
    return Plan(~leads & (ids == 0), floe, np.asarray(opening, np.float32))


def _draw_row_of_cracks(
    rng: np.random.Generator, ids: Field, trend: float, scale: float, number: int
) -> None:
    """Draw cracks en echelon into `ids`, which the caller owns."""
    height, width = ids.shape
    at = rng.uniform(0, 1, 2) * (width, height)
    along = np.array([np.cos(trend), np.sin(trend)])
    turn = trend + rng.choice([-1, 1]) * rng.uniform(0.15, 0.5)
    crack = np.array([np.cos(turn), np.sin(turn)])
    length, thickness = scale * rng.uniform(2, 6), max(1, int(scale / 12))
    for step in np.arange(-8, 8) * 0.8 * length:
        middle = at + along * step + rng.normal(0, 0.1 * length, 2)
        half = crack * length * rng.uniform(0.4, 0.7)
        a, b = (np.round(middle + s * half).astype(int).tolist() for s in (-1, 1))
        cv2.line(ids, a, b, number, thickness)


def brash(rng: np.random.Generator, cover: Field, size: float) -> Mask:
    """Draw pieces of about `size` pixels that cover a share (0..1) of an area."""
    pieces = gaussian_field(rng, cover.shape[:2], size)
    # share above a threshold t of a Gaussian variable, by the logistic approximation
    odds = np.log(np.clip(cover, 1e-4, 0.9999) / (1 - np.clip(cover, 1e-4, 0.9999)))
    return np.asarray((pieces > -odds / 1.702) & (cover > 0.01))


def rafted_fingers(rng: np.random.Generator, shape: Shape, scale: float) -> Mask:
    """Draw where sheets of nilas have slid over each other in fingers.

    The edge of the overlap is a square wave (Weeks & Anderson 1958), the other edge is
    straight; thickness doubles between them.
    """
    twice = np.zeros(shape, np.uint8)
    height, width = shape
    for _ in range(rng.integers(1, 5)):
        start = rng.uniform(-0.2, 1, 2) * (width, height)
        turn = rng.uniform(0, 2 * np.pi)
        along, across = np.array(
            [(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))]
        )
        outline, s = [start], 0.0
        for tooth in range(rng.integers(8, 40)):
            out = scale * rng.uniform(0.6, 2.0) * (tooth % 2) + 0.15 * scale
            outline.append(start + along * s + across * out)
            s += scale * rng.uniform(0.3, 1.2)
            outline.append(start + along * s + across * out)
        outline.append(start + along * s)
        cv2.fillPoly(twice, [np.round(outline).astype(np.int32)], 1)
    return twice > 0
