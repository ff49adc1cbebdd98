"""Auto-labelling by brightness (Iqrah et al. 2024, III-B)."""

from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, Codes, Grey, Mask, Scene
from sea_ice_kedro.imagery.classes import NODATA, SeaIceClass
from sea_ice_kedro.imagery.options import expect_integer


@dataclass(frozen=True)
class BrightnessThresholds:
    """Where one class ends and the next begins, in brightness max(R, G, B)."""

    thin_ice_min: int = 31
    """First brightness of thin ice, 0..255; darker pixels are open water."""

    thick_ice_min: int = 205
    """First brightness of thick or snow-covered ice, 0..255."""

    def __post_init__(self) -> None:
        """Refuse limits that leave a class without a brightness."""
        expect_integer("thin_ice_min", self.thin_ice_min, 0, 255)
        expect_integer("thick_ice_min", self.thick_ice_min, 0, 255)
        if not 0 < self.thin_ice_min < self.thick_ice_min:
            raise InvalidOption(
                "expected 0 < thin_ice_min < thick_ice_min <= 255, got "
                f"{self.thin_ice_min} and {self.thick_ice_min}"
            )

    def table(self) -> Codes:
        """Give the class code of every brightness: uint8 (256,)."""
        codes = np.full(256, SeaIceClass.OPEN_WATER, np.uint8)
        codes[self.thin_ice_min :] = SeaIceClass.THIN_ICE
        codes[self.thick_ice_min :] = SeaIceClass.THICK_ICE
        return codes


def brightness(rgb: RGB) -> Grey:
    """Give max(R, G, B), the HSV value, of each pixel.

    Args:
        rgb: uint8 (H, W, 3), 0..255.

    Returns:
        uint8 (H, W), 0..255.
    """
    red, green, blue = cv2.split(rgb)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def label_by_brightness(
    rgb: RGB, valid_mask: Mask, thresholds: BrightnessThresholds
) -> Codes:
    """Label each pixel by max(R, G, B) (Iqrah et al. 2024, III-B).

    The published HSV bounds leave hue and saturation free, so brightness alone
    decides; a table of 256 entries gives the same labels for all 16.7 M colours.

    Args:
        rgb: uint8 (H, W, 3), 0..255, channels R, G, B.
        valid_mask: bool (H, W), True where the scene was observed.
        thresholds: First brightness of thin and of thick ice.

    Returns:
        uint8 (H, W) of `SeaIceClass` codes; NODATA where not valid.
    """
    codes = np.asarray(cv2.LUT(brightness(rgb), thresholds.table()), np.uint8)
    return np.where(valid_mask, codes, np.uint8(NODATA))


def label_scene(scene: Scene, thresholds: BrightnessThresholds) -> ClassMap:
    """Make the class map of one scene, on the scene's own grid."""
    return ClassMap(
        scene_id=scene.scene_id,
        codes=label_by_brightness(scene.rgb, scene.valid_mask, thresholds),
        georeference=scene.georeference,
        acquired=scene.acquired,
    )
