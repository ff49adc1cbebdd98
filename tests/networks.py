"""Networks in files, small and never trained."""

import numpy as np

from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.options import UNetOptions

TINY = UNetOptions(2, 4, (0.0, 0.0, 0.0), network="published")
SEES_SCENE = UNetOptions(3, 2, (0.0, 0.0, 0.0, 0.1), network="context")


def untrained(unet=TINY, **facts):
    """Give a network for chips of 32 pixels: card and weights."""
    from sea_ice_kedro.training.model_file import TrainedUNet
    from sea_ice_kedro.training.unet import build_network

    made = {"images": "original", "chip_px": 32, "name": "auto_original", **facts}
    weights = [np.array(v) for v in build_network(unet).variables]
    return TrainedUNet(ModelCard(unet=unet, **made), weights)


def untrained_network(path, unet=TINY):
    """Write a network for chips of 32 pixels, by the ending; gives the path."""
    from sea_ice_kedro.training.model_file import save_model

    save_model(str(path), untrained(unet))
    return path
