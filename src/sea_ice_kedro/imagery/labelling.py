"""Auto-labelling by brightness (Iqrah et al. 2024, III-B)."""

from dataclasses import dataclass

import numpy as np

from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, Codes, Mask, Scene
from sea_ice_kedro.imagery.classes import NODATA, SeaIceClass
from sea_ice_kedro.imagery.options import expect_integer

_CODES = np.array([*SeaIceClass, NODATA], np.uint8)


@dataclass(frozen=True)
class BrightnessThresholds:
    """Where one class ends and the next begins, in brightness max(R, G, B)."""

    thin_ice_min: int = 31
    """First brightness of thin ice, 0..255; darker pixels are open water."""

    thick_ice_min: int = 205
    """First brightness of thick or snow-covered ice, 0..255."""

    def __post_init__(self) -> None:
        """Refuse limits that leave a class without a brightness."""
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
        """(thin_ice_min, thick_ice_min)."""
        return self.thin_ice_min, self.thick_ice_min


def label_by_brightness(
    rgb: RGB, valid_mask: Mask, thresholds: BrightnessThresholds
) -> Codes:
    """Label each pixel by max(R, G, B) (Iqrah et al. 2024, III-B).

    The published HSV bounds leave hue and saturation free, so brightness alone
    decides: the labels are the same for all 16.7 M colours.

    Args:
        rgb: uint8 (H, W, 3), 0..255, channels R, G, B.
        valid_mask: bool (H, W), True where the scene was observed.
        thresholds: First brightness of thin and of thick ice.

    Returns:
        uint8 (H, W) of `SeaIceClass` codes; NODATA where not valid.
    """
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery import kernels  # noqa: PLC0415

    limits = np.array(thresholds.limits, np.uint8)
    codes = np.empty(valid_mask.shape, np.uint8)
    pixels, valid = np.ascontiguousarray(rgb), np.ascontiguousarray(valid_mask)
    kernels.label(pixels.ravel(), valid.ravel(), limits, _CODES, codes.ravel())
    return codes


def label_scene(scene: Scene, thresholds: BrightnessThresholds) -> ClassMap:
    """Make the class map of one scene, on the scene's own grid.

    Raises:
        InvalidScene: if the scene was filtered for other limits: the filter leaves
            three levels, on which a moved limit would change nothing.
    """
    expect_filtered_for(getattr(scene, "limits", None), thresholds, scene.scene_id)
    return ClassMap(
        scene_id=scene.scene_id,
        codes=label_by_brightness(scene.rgb, scene.valid_mask, thresholds),
        georeference=scene.georeference,
        acquired=scene.acquired,
    )


def expect_filtered_for(
    limits: tuple[int, int] | None, thresholds: BrightnessThresholds, scene_id: str
) -> None:
    """Refuse to label a scene by other limits than it was filtered for.

    Raises:
        InvalidScene: naming both and the command that brings them together.
    """
    if limits not in (None, thresholds.limits):
        raise InvalidScene(
            f"{scene_id}: expected a scene filtered for autolabel.thresholds "
            f"{thresholds.limits}, got one filtered for {limits}; filter again: "
            "kedro run --pipelines filtering,autolabel"
        )
