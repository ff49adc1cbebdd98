"""Networks in files, small and never trained."""

import numpy as np

from sea_ice_kedro.training.model_card import ModelCard
from tests.chips import TINY


def untrained_network(path):
    """Write a network for chips of 32 pixels; gives the path."""
    from sea_ice_kedro.training.model_file import TrainedUNet, save_model
    from sea_ice_kedro.training.unet import build_unet

    card = ModelCard(images="original", chip_px=32, unet=TINY, name="auto_original")
    weights = [np.array(v) for v in build_unet(TINY).variables]
    save_model(str(path), TrainedUNet(card, weights))
    return path
