"""Stand-ins for trained networks: they know brightness, and load no framework."""

from dataclasses import dataclass

import numpy as np

from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.options import UNetOptions

CHIP_PX = 32
LIMITS = BrightnessThresholds()


def card(images="original", normalisation="tint", chip_px=CHIP_PX):
    """The card of a network with two steps down."""
    unet = UNetOptions(2, 4, (0.0, 0.0, 0.0), normalisation, "published")
    filtered = images == "filtered"
    return ModelCard(
        images=images,
        chip_px=chip_px,
        unet=unet,
        name=f"auto_{images}",
        filter=FilterOptions(method="published") if filtered else None,
        thresholds=LIMITS if filtered else None,
    )


@dataclass(frozen=True)
class ByBrightness:
    """Serves like a `ModelFile`; calls each pixel what the thresholds call it."""

    images: str = "original"
    normalisation: str = "tint"
    content: str = "first"
    path: str = "unet.keras"

    def fingerprint(self):
        """Digest the content, as a model file does; not its path."""
        return f"sha256:{self.content}"

    def card(self):
        """Say what a scene must go through."""
        return card(self.images, self.normalisation)

    def predict(self, images):
        """Give 0.8 to the class that brightness tells, 0.1 to the others."""
        brightness = images.max(axis=-1)
        thin, thick = LIMITS.limits
        codes = np.where(brightness >= thick, 0, np.where(brightness >= thin, 1, 2))
        return np.where(np.eye(3)[codes] == 1, 0.8, 0.1).astype(np.float32)
