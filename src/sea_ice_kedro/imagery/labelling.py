"""Auto-labelling by brightness (Iqrah et al. 2024, III-B)."""

from dataclasses import dataclass

import numpy as np

from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import (
    RGB,
    ClassMap,
    Codes,
    FilteredScene,
    Land,
    Mask,
    Scene,
)
from sea_ice_kedro.imagery.classes import (
    LAND,
    NODATA,
    QualityFlag,
    SeaIceClass,
    flagged,
)
from sea_ice_kedro.imagery.options import expect_choice, expect_integer
from sea_ice_kedro.imagery.scene_limits import Limits, place_limits

_CODES = np.array(
    [SeaIceClass.THICK_ICE, SeaIceClass.THIN_ICE, SeaIceClass.OPEN_WATER, NODATA],
    np.uint8,
)
"""In the order that the kernel takes them in."""


PUBLISHED = (31, 205)
"""First brightness of thin and of thick ice (Iqrah et al. 2024, III-B)."""

_ROWS = 512
"""So many rows at least tell a scene's tones; of a larger one every second, ..."""

SOURCES = ("scene", "published", "values")

YOURS = "yours"
"""Source of limits that somebody has set for one scene."""


@dataclass(frozen=True)
class BrightnessThresholds:
    """Where one class ends and the next begins, in brightness max(R, G, B)."""

    thin_ice_min: int = 31
    """First brightness of thin ice, 0..255; darker pixels are open water."""

    thick_ice_min: int = 205
    """First brightness of thick or snow-covered ice, 0..255."""

    source: str = "scene"
    """"scene": each scene's own, see `place_limits`; the values above stand in for what
    a scene does not show. "published": 31 and 205. "values": those above."""

    def __post_init__(self) -> None:
        """Refuse limits that leave a class without a brightness."""
        expect_choice("autolabel.thresholds.source", self.source, SOURCES)
        expect_integer("autolabel.thresholds.thin_ice_min", self.thin_ice_min, 0, 255)
        expect_integer("autolabel.thresholds.thick_ice_min", self.thick_ice_min, 0, 255)
        if not 0 < self.thin_ice_min < self.thick_ice_min:
            raise InvalidOption(
                "expected autolabel.thresholds with 0 < thin_ice_min < thick_ice_min "
                "<= 255, got "
                f"{self.thin_ice_min} and {self.thick_ice_min}"
            )

    @property
    def limits(self) -> tuple[int, int]:
        """(thin_ice_min, thick_ice_min) of a scene that has none of its own."""
        if self.source == "published":
            return PUBLISHED
        return self.thin_ice_min, self.thick_ice_min

    def for_scene(self, scene: Scene) -> "BrightnessThresholds":
        """Return those that hold for one scene: its own where somebody has set some."""
        if scene.given_limits is None:
            return self
        return BrightnessThresholds(*scene.given_limits, source="values")

    def of(self, rgb: RGB, valid_mask: Mask, by_darkest: bool = True) -> Limits:
        """Return the limits of one scene.

        Args:
            rgb: uint8 (H, W, 3), as it will be labelled.
            valid_mask: bool (H, W), True where pixels count.
            by_darkest: Whether a scene's own limit of thin ice may be one of
                min(R, G, B).
        """
        if self.source != "scene":
            thin, thick = self.limits
            return Limits(thin, thick, self.source)
        # Late: loading compiled code is for workers, not for `kedro --help`.
        from sea_ice_kedro.imagery import kernels  # noqa: PLC0415

        counts = np.zeros((kernels.TABLES, 256), np.int64)
        every = max(min(valid_mask.shape) // _ROWS, 1)
        pixels = np.ascontiguousarray(rgb[::every])
        valid = np.ascontiguousarray(valid_mask[::every])
        kernels.count_ends(pixels.ravel(), valid.ravel(), counts)
        brightest, darkest = counts[::2].sum(axis=0), counts[1::2].sum(axis=0)
        return place_limits(brightest, darkest if by_darkest else None, self.limits)


def label_by_brightness(
    rgb: RGB, valid_mask: Mask, thresholds: BrightnessThresholds | Limits
) -> Codes:
    """Label each pixel by max(R, G, B) (Iqrah et al. 2024, III-B).

    The published HSV bounds leave hue and saturation free, so brightness alone
    decides: the labels are the same for all 16.7 M colours. Limits of a scene's own
    may tell water by min(R, G, B): see `Limits.by_darkest`.

    Args:
        rgb: uint8 (H, W, 3), 0..255, channels R, G, B.
        valid_mask: bool (H, W), True where the scene was observed.
        thresholds: First brightness of thin and of thick ice, whatever their source.

    Returns:
        uint8 (H, W) of `SeaIceClass` codes; NODATA where not valid.
    """
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery import kernels  # noqa: PLC0415

    by_darkest = isinstance(thresholds, Limits) and thresholds.by_darkest
    pair = thresholds.pair if isinstance(thresholds, Limits) else thresholds.limits
    limits = np.array(pair, np.uint8)
    codes = np.empty(valid_mask.shape, np.uint8)
    pixels, valid = np.ascontiguousarray(rgb), np.ascontiguousarray(valid_mask)
    label = kernels.label_by_ends if by_darkest else kernels.label
    label(pixels.ravel(), valid.ravel(), limits, _CODES, codes.ravel())
    return codes


def label_scene(scene: Scene, thresholds: BrightnessThresholds) -> ClassMap:
    """Make the class map of one scene, on the scene's own grid.

    Pixels that the filter could not restore have no class: they are counted apart.
    Land has a code of its own, and no part in the limits.

    Raises:
        InvalidScene: if the scene was filtered for other limits: the published filter
            leaves three levels, on which a moved limit would change nothing.
    """
    filtered_for = getattr(scene, "limits", None)
    thresholds = thresholds.for_scene(scene)
    expect_filtered_for(filtered_for, thresholds, scene.scene_id)
    lost = scene.valid_mask & untrustworthy(scene)
    trusted = scene.valid_mask & ~lost
    if filtered_for is None:
        limits = thresholds.of(scene.rgb, trusted)
    else:
        limits = Limits(filtered_for[0], filtered_for[1], "filter")
    return ClassMap(
        scene_id=scene.scene_id,
        codes=with_land(label_by_brightness(scene.rgb, trusted, limits), scene.land),
        georeference=scene.georeference,
        acquired=scene.acquired,
        limits=limits.pair,
        limits_source=limits.source if scene.given_limits is None else YOURS,
        water_by_darkest=limits.by_darkest,
        untrustworthy_pixels=int(np.count_nonzero(lost)),
        source=scene.origin.source if scene.origin else "",
        land_source="" if scene.land is None else scene.land.source,
    )


def with_land(codes: Codes, land: Land | None) -> Codes:
    """Write the code of land where a scene has land: uint8 (H, W)."""
    return codes if land is None else np.where(land.mask, np.uint8(LAND), codes)


def untrustworthy(scene: Scene) -> Mask:
    """Give what the filter could not restore: bool (H, W), False where it was none."""
    if not isinstance(scene, FilteredScene) or scene.quality is None:
        return np.zeros(scene.shape, bool)
    return flagged(scene.quality, QualityFlag.UNTRUSTWORTHY)


def expect_filtered_for(
    limits: tuple[int, int] | None, thresholds: BrightnessThresholds, scene_id: str
) -> None:
    """Refuse to label a scene by other limits than it was filtered for.

    Raises:
        InvalidScene: naming both and the command that brings them together.
    """
    # Limits of its own a scene got when it was filtered.
    if thresholds.source != "scene" and limits not in (None, thresholds.limits):
        raise InvalidScene(
            f"{scene_id}: expected a scene filtered for autolabel.thresholds "
            f"{thresholds.limits}, got one filtered for {limits}; filter again: "
            "kedro run --pipelines filtering,autolabel"
        )
