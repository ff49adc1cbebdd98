"""Floes of a class map: touching ones parted, each one measured."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import InvalidOption, expect_number
from sea_ice_kedro.imagery.arrays import Codes, Grey, Mask
from sea_ice_kedro.imagery.classes import LAND, SeaIceClass, classed


@dataclass(frozen=True)
class FloeOptions:
    """Limits of what is a floe and what is a lead; lengths in pixels of the map."""

    thin_ice: bool = False
    """Whether thin ice is part of floes, and only open water of leads."""

    smallest_px: float = 10.0
    """Area-equivalent diameter of the smallest floe that is listed; smaller holes in
    floes and smaller pieces of ice in leads are filled."""

    neck: float = 0.7
    """Two floes touch, and are not one, where the neck between them is narrower than
    this share of the width of the narrower one, 0..1; 0 parts nothing."""

    narrowest_px: float = 3.0
    """Mean width from which on a lead counts as resolved; narrower ones are listed."""

    widest_m: float = 2000.0
    """Open water into which a disc of this diameter fits is no lead but open sea; in a
    map without a georeference, with pixels of 10 m."""

    shortest_px: float = 20.0
    """Length of the shortest lead."""

    elongation: float = 3.0
    """Least length of a lead, in mean widths."""

    def __post_init__(self) -> None:
        """Refuse limits that describe nothing."""
        if not isinstance(self.thin_ice, bool):
            raise InvalidOption(
                f"expected floes.thin_ice to be true or false, got {self.thin_ice!r}"
            )
        expect_number("floes.smallest_px", self.smallest_px, 4, 1000)
        expect_number("floes.neck", self.neck, 0, 1)
        expect_number("floes.narrowest_px", self.narrowest_px, 1, 100)
        expect_number("floes.widest_m", self.widest_m, 10, 100_000)
        expect_number("floes.shortest_px", self.shortest_px, 5, 10_000)
        expect_number("floes.elongation", self.elongation, 1, 100)

    @property
    def smallest_area_px(self) -> float:
        """Area of the smallest floe, in pixels."""
        return 3.141592653589793 / 4 * self.smallest_px**2


# --- Floes of a class map: touching ones parted, each one measured

Labels = npt.NDArray[np.int32]
"""int32 (H, W): number of the region, from 1 on; 0 where there is none."""

Floats = npt.NDArray[np.float64]

_HULL_PX = 0.75
"""How much longer the mean caliper diameter of a shape is than that of its pixels'
centres: 0.3 for discs, 1.0 for polygons, of 10 to 200 pixels."""


@dataclass(frozen=True, eq=False)
class Floes:
    """The floes of one map, by number; lengths in pixels."""

    labels: Labels
    area_px: Floats
    caliper_px: Floats
    """float64 (N,): mean caliper diameter, over all directions."""

    perimeter_px: Floats
    columns: Floats
    """float64 (N,): of the centroids, 0.5 in the middle of the first pixel."""

    rows: Floats
    touches_edge: Mask
    """bool (N,): whether it reaches the edge of the map, land or what was not seen."""


def find_floes(codes: Codes, options: FloeOptions) -> Floes:
    """Find the floes of a class map and measure them.

    A floe is a connected piece of ice (4 neighbours, so that a crack parts it that is
    one pixel wide). Pieces that touch are parted at their necks: the distance to the
    nearest water is flooded from its summits down (the watershed of Meyer 1994), and
    two floods stay apart where the neck is narrow beside the narrower of them
    (Grimaud's (1992) dynamics of a summit, as a ratio). The mean caliper diameter
    (Rothrock & Thorndike 1984) is the perimeter of the convex hull over pi (Cauchy).

    Args:
        codes: uint8 (H, W) of classes, 254 on land, 255 where there is no data.
        options: What is a floe.

    Returns:
        The floes in the order of their first pixels, row by row.
    """
    from skimage.measure import regionprops  # noqa: PLC0415 - slow to import

    pack = pack_of(codes, options)
    filled = pack | small_regions(~pack & (codes != LAND), options, 8)
    unseen = ~classed(codes) & ~filled
    rims = rims_of(codes) & ~filled
    parted = _part(filled, rims, unseen, options)
    labels, area = _listed(parted, options.smallest_area_px)
    regions = regionprops(labels)  # type: ignore[no-untyped-call]
    middles = np.array([region.centroid for region in regions]).reshape(-1, 2) + 0.5
    return Floes(
        labels=labels,
        area_px=area,
        caliper_px=np.array([mean_caliper(region.image) for region in regions]),
        perimeter_px=np.array([region.perimeter_crofton for region in regions]),
        columns=middles[:, 1],
        rows=middles[:, 0],
        touches_edge=touching(labels, unseen, len(area)),
    )


def pack_of(codes: Codes, options: FloeOptions) -> Mask:
    """Return what is ice of floes: thick ice, and thin ice where that is said."""
    thick = codes == SeaIceClass.THICK_ICE
    thin = codes == SeaIceClass.THIN_ICE
    return np.asarray(thick | thin if options.thin_ice else thick)


def rims_of(codes: Codes) -> Mask:
    """Return what of narrow rims of thin ice around thick ice is of the floe.

    A pixel that is partly floe and partly water looks like thin ice. It is of the floe
    where there is more thick ice than water beside it, and water not farther than two
    pixels: the middle of the rim is the edge of the floe.
    """
    thick, water = (
        (codes == one).view(np.uint8)
        for one in (SeaIceClass.THICK_ICE, SeaIceClass.OPEN_WATER)
    )
    more = _count(thick, 3) > _count(water, 3)
    near = _count(water, 5) > 0
    return np.asarray(more & near & (codes == SeaIceClass.THIN_ICE))


def _count(mask: Grey, side: int) -> Grey:
    """Count what is set in the square around each pixel: uint8 (H, W)."""
    return np.asarray(
        cv2.boxFilter(
            mask,
            cv2.CV_8U,
            (side, side),
            normalize=False,
            borderType=cv2.BORDER_CONSTANT,
        )
    )


def small_regions(mask: Mask, options: FloeOptions, connectivity: int) -> Mask:
    """Return the regions that are smaller than a floe and inside of the map.

    Args:
        mask: bool (H, W).
        options: The area of a floe.
        connectivity: 4 or 8.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.view(np.uint8), connectivity=connectivity, ltype=cv2.CV_32S
    )
    left, top, width, height, area = stats.T
    inside = (left > 0) & (top > 0)
    inside &= (left + width < mask.shape[1]) & (top + height < mask.shape[0])
    small = inside & (area < options.smallest_area_px)
    small[0] = False
    return small[labels] if count > 1 else np.zeros(mask.shape, bool)


def _part(ice: Mask, rims: Mask, unseen: Mask, options: FloeOptions) -> Labels:
    """Part the ice into floes, rims last: int32 (H, W), numbers with gaps."""
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery.kernels import flood, from_high_to_low  # noqa: PLC0415

    highest = sum(ice.shape)
    # What was not seen may be ice: no shore, like the edge of the map.
    shore = (ice | unseen).view(np.uint8)
    heights = cv2.distanceTransform(shore, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    flat = np.minimum(heights, np.float32(highest)).astype(np.float32, copy=False)
    flat = flat.ravel()
    flat[rims.ravel()] = 0
    floes = (ice | rims).ravel()
    order = from_high_to_low(flat, floes, 4 * highest + 2)
    least = options.smallest_px / 4
    return flood(flat, order, ice.shape[1], options.neck, least).reshape(ice.shape)


def _listed(labels: Labels, least_px: float) -> tuple[Labels, Floats]:
    """Number the regions that are large enough from 1 on; give areas, too."""
    area = np.bincount(labels.ravel())
    area[0] = 0
    kept = np.flatnonzero(area >= least_px)
    renumbered = np.zeros(len(area), np.int32)
    # In the order of their first pixels, whatever order they were flooded in.
    places = _first_places(labels, kept, len(area))
    kept = kept[np.argsort(places)]
    renumbered[kept] = np.arange(1, len(kept) + 1)
    return renumbered[labels], area[kept].astype(float)


def _first_places(
    labels: Labels, kept: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    """Return where in the raster each region has its first pixel."""
    flat = labels.ravel()
    first = np.full(count, flat.size)
    starts = np.flatnonzero(np.diff(flat, prepend=0))
    np.minimum.at(first, flat[starts], starts)
    return first[kept]


def mean_caliper(image: Mask) -> float:
    """Return the mean caliper diameter of a region, in pixels.

    Args:
        image: bool (h, w), the region in its box.
    """
    outlines, _ = cv2.findContours(
        image.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    hull = cv2.convexHull(np.concatenate(outlines))
    return float(cv2.arcLength(hull, closed=True) / np.pi + _HULL_PX)


def touching(labels: Labels, unseen: Mask, count: int) -> Mask:
    """Return which regions reach the edge of the map or what was not seen: bool (N,).

    Args:
        labels: Of the regions.
        unseen: bool (H, W), True on land and where there is no data.
        count: N, of the regions.
    """
    found = np.zeros(count + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        found[side] = True
    beside = cv2.dilate(unseen.view(np.uint8), np.ones((3, 3), np.uint8))
    found[labels[beside.view(bool)]] = True
    return found[1:]
