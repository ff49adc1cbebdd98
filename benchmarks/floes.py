"""Floe areas and lead widths against drawings whose truth is known.

    python -m benchmarks.floes [--scenes 6] [--size 1024] [--seed 100]

Floes are discs and polygons with power-law sizes, half of them pushed against another;
leads are bands of known width at random angles, some of them crossing. Both are drawn
here three times as fine as a pixel, blurred and given noise as by a sensor, filtered
and labelled as in a run, and only then measured. Exit code 1 if a bar is missed: median
error of the areas at most 5 %, of the widths at most 1 pixel. A floe that is not found,
or taken for a part of another, counts as 100 % wrong.
"""

import argparse
import sys
from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import Scene
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.floes import FloeOptions, find_floes
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.leads import find_leads

FINE = 3
"""Parts of a pixel's side that are drawn."""

WATER, THIN, THICK = 15, 110, 235
"""Brightness."""

BLUR_PX, NOISE = 0.7, 2.0
"""Standard deviations: of Sentinel-2's blur in pixels; of the noise in counts."""

BARS = {"area": 0.05, "width": 1.0}
OPTIONS = FloeOptions()

SIZES = ((10, 15), (15, 20), (20, 40), (40, 80), (80, 400))
WIDTHS = ((1, 3), (3, 6), (6, 12), (12, 24), (24, 40))
"""What rows of the tables hold, in pixels."""


@dataclass
class Floe:
    """A floe that was drawn."""

    number: int
    area_px: float
    diameter_px: float
    touches: bool
    """Whether it was pushed against another."""


@dataclass
class Band:
    """A lead that was drawn."""

    middle: np.ndarray  # type: ignore[type-arg]
    """Column and row."""

    angle: float
    """Of its axis from a row, radians."""

    width_px: float
    length_px: float


def main() -> None:
    """Print how far areas and widths are off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=100, help="below 100: looked at")
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.scenes)
    floes = [row for seed in seeds for row in measure_floes(arguments.size, seed)]
    leads = [row for seed in seeds for row in measure_leads(arguments.size, seed)]
    area = report_floes(floes)
    width = report_leads(leads)
    print(f"median error of floe areas: {area:.1%} (bar {BARS['area']:.0%})")
    print(f"median error of lead widths: {width:.2f} px (bar {BARS['width']:g} px)")
    if area > BARS["area"] or width > BARS["width"]:
        sys.exit(1)


FloeRow = tuple[Floe, float, bool]
LeadRow = tuple[Band, float, float, bool]


def measure_floes(size: int, seed: int) -> list[FloeRow]:
    """Draw floes and measure them: each with its error and whether it was found."""
    rng = np.random.default_rng([seed, 1])
    numbers, drawn = draw_floes(size, rng)
    ground = WATER if seed % 2 == 0 else THIN
    found = find_floes(_labelled(numbers > 0, ground, rng), OPTIONS)
    truth = numbers[FINE // 2 :: FINE, FINE // 2 :: FINE]
    rows = []
    for floe in drawn:
        inside = np.bincount(found.labels[truth == floe.number])
        inside[:1] = 0
        best = int(inside.argmax()) if inside.size else 0
        area = found.area_px[best - 1] if best else 0.0
        error = min(abs(area - floe.area_px) / floe.area_px, 1.0)
        rows.append((floe, error, bool(best) and error < 0.2))
    return rows


def draw_floes(size: int, rng: np.random.Generator) -> tuple[np.ndarray, list[Floe]]:  # type: ignore[type-arg]
    """Draw floes that do not overlap, the largest first: numbers, finely, and truth.

    Returns:
        int32 (3 size, 3 size), 0 between floes; the floes that lie inside.
    """
    side = size * FINE
    numbers = np.zeros((side, side), np.int32)
    drawn = []
    diameters = 12 * (1 - rng.random(600)) ** (-1 / 1.3)
    for number, diameter in enumerate(np.sort(diameters[diameters < 300])[::-1], 1):
        shape = _outline(diameter * FINE, rng)
        for _ in range(60):
            place = rng.uniform(0, side - np.array(shape.shape[::-1])).astype(int)
            if not _meets(numbers, shape, place):
                break
        else:
            continue
        touches = rng.random() < 0.5
        if touches:
            place, touches = _pushed(numbers, shape, place, rng)
        window = _window(shape, place)
        free = (shape > 0) & (numbers[window] == 0)
        numbers[window][free] = number
        if diameter >= 12 and free.sum() / (shape > 0).sum() > 0.95:
            area = free.sum() / FINE**2
            drawn.append(Floe(number, area, (4 / np.pi * area) ** 0.5, touches))
    return numbers, [floe for floe in drawn if _is_inside(numbers == floe.number)]


def _outline(diameter: float, rng: np.random.Generator) -> np.ndarray:  # type: ignore[type-arg]
    """Draw a disc, or a polygon of 5 to 9 corners: uint8 (h, w)."""
    if rng.random() < 0.3:
        count, reach = 64, np.ones(64)
    else:
        count = int(rng.integers(5, 10))
        reach = rng.uniform(0.75, 1.0, count)
    angle = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * 2 * np.pi / count
    corners = (
        diameter / 2 * reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    )
    corners -= corners.min(axis=0)
    width, height = np.ceil(corners.max(axis=0)).astype(int) + 1
    shape = np.zeros((height, width), np.uint8)
    cv2.fillPoly(shape, [np.round(corners).astype(np.int32)], 1)
    return shape


def _window(shape: np.ndarray, place: np.ndarray) -> tuple[slice, slice]:  # type: ignore[type-arg]
    column, row = place
    return (
        slice(row, row + shape.shape[0]),
        slice(column, column + shape.shape[1]),
    )


def _meets(numbers: np.ndarray, shape: np.ndarray, place: np.ndarray) -> bool:  # type: ignore[type-arg]
    return bool((numbers[_window(shape, place)][shape > 0] > 0).any())


def _pushed(
    numbers: np.ndarray,  # type: ignore[type-arg]
    shape: np.ndarray,  # type: ignore[type-arg]
    place: np.ndarray,  # type: ignore[type-arg]
    rng: np.random.Generator,
) -> tuple[np.ndarray, bool]:  # type: ignore[type-arg]
    """Push a floe in a random direction until it meets another, or give up."""
    angle = rng.uniform(0, 2 * np.pi)
    step = np.array([np.cos(angle), np.sin(angle)])
    limit = np.array(numbers.shape[::-1]) - shape.shape[::-1]
    for way in range(0, 200 * FINE):
        moved = np.round(place + way * step).astype(int)
        if (moved < 0).any() or (moved >= limit).any():
            break
        if _meets(numbers, shape, moved):
            return moved, True
    return place, False


def _is_inside(mask: np.ndarray) -> bool:  # type: ignore[type-arg]
    margin = 2 * FINE
    return bool(mask.any()) and not (
        mask[:margin].any()
        or mask[-margin:].any()
        or mask[:, :margin].any()
        or mask[:, -margin:].any()
    )


def _labelled(fine: np.ndarray, ground: int, rng: np.random.Generator) -> np.ndarray:  # type: ignore[type-arg]
    """Look at ice, True in a fine drawing, as a sensor does, and label what it sees."""
    grey = np.where(fine, np.float32(THICK), np.float32(ground))
    side = fine.shape[0] // FINE
    seen = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    seen = cv2.GaussianBlur(seen, (0, 0), BLUR_PX)
    seen = seen[..., None] + rng.normal(0, NOISE, (side, side, 3))
    # A strip of each class, so that the scene shows its limits.
    for place, brightness in enumerate((WATER, THIN, THICK)):
        seen[: side // 40, place * side // 3 :] = brightness
    rgb = np.clip(np.rint(seen), 1, 255).astype(np.uint8)
    scene = Scene("drawn", rgb, np.ones((side, side), bool))
    thresholds = BrightnessThresholds()
    filtered = filter_scene(scene, FilterOptions(), thresholds)
    return label_scene(filtered, thresholds).codes


def measure_leads(size: int, seed: int) -> list[LeadRow]:
    """Draw leads and measure them.

    Returns:
        Of each band its errors of width, pixels, and direction, degrees; found or not.
    """
    rng = np.random.default_rng([seed, 2])
    fine = np.ones((size * FINE, size * FINE), bool)
    bands = [_draw_band(fine, size, rng) for _ in range(9)]
    ground = WATER if seed % 2 == 0 else THIN
    found = find_leads(_labelled(fine, ground, rng), 10.0, OPTIONS)
    middles = np.stack([found.columns, found.rows], axis=1)
    rows = []
    for band in bands:
        axis = np.array([np.cos(band.angle), np.sin(band.angle)])
        off = (middles - band.middle) @ np.array([-axis[1], axis[0]])
        cosine = np.clip(np.abs(found.along @ axis), 0, 1)
        mine = (np.abs(off) < band.width_px / 2 + 1) & (cosine > np.cos(np.radians(5)))
        mine &= np.abs((middles - band.middle) @ axis) < band.length_px / 2
        weights = found.length_px[mine]
        if not weights.sum():
            rows.append((band, band.width_px, 90.0, False))
            continue
        width = np.average(found.width_px[mine], weights=weights)
        turn = np.average(np.degrees(np.arccos(cosine[mine])), weights=weights)
        rows.append((band, float(abs(width - band.width_px)), float(turn), True))
    return rows


def _draw_band(fine: np.ndarray, size: int, rng: np.random.Generator) -> Band:  # type: ignore[type-arg]
    """Cut a band of random width and direction into the ice."""
    width = float(np.exp(rng.uniform(np.log(1.5), np.log(40))))
    length = rng.uniform(0.25, 0.6) * size
    angle = rng.uniform(0, np.pi)
    middle = rng.uniform(0.3, 0.7, 2) * size
    axis = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-axis[1], axis[0]])
    corners = np.array(
        [
            middle + along * length / 2 * axis + side * width / 2 * across
            for along, side in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
    )
    drawing = np.zeros(fine.shape, np.uint8)
    # OpenCV counts from the middle of the first pixel, and paints the rim, too.
    inset = np.round((corners * FINE - 0.5) * 256).astype(np.int32)
    cv2.fillConvexPoly(drawing, inset, 1, shift=8)
    fine[drawing > 0] = False
    painted = drawing.sum() / FINE**2
    return Band(middle, angle, float(painted / length), length)


def report_floes(rows: list[FloeRow]) -> float:
    """Print errors of floe areas by size; give the median of all."""
    print("floes, px      drawn  found  median error of the area")
    for low, high in SIZES:
        chosen = [r for r in rows if low <= r[0].diameter_px < high]
        _print_floes(f"{low:3d} to {high:3d}", chosen)
    _print_floes("touching", [r for r in rows if r[0].touches])
    _print_floes("all", rows)
    return float(np.median([error for _, error, _ in rows]))


def _print_floes(name: str, rows: list[FloeRow]) -> None:
    if rows:
        found = np.mean([good for _, _, good in rows])
        error = np.median([error for _, error, _ in rows])
        print(f"{name:12s} {len(rows):7d} {found:6.0%} {error:9.1%}")


def report_leads(rows: list[LeadRow]) -> float:
    """Print errors of widths and directions by width; give the median of all."""
    print("leads, px      drawn  found  median error of width, px, and direction")
    for low, high in WIDTHS:
        chosen = [r for r in rows if low <= r[0].width_px < high]
        _print_leads(f"{low:3d} to {high:3d}", chosen)
    _print_leads("all", rows)
    return float(np.median([error for _, error, _, _ in rows]))


def _print_leads(name: str, rows: list[LeadRow]) -> None:
    if rows:
        found = np.mean([good for *_, good in rows])
        width, turn = (np.median([r[place] for r in rows]) for place in (1, 2))
        print(f"{name:12s} {len(rows):7d} {found:6.0%} {width:9.2f} {turn:9.2f}°")


if __name__ == "__main__":
    main()
