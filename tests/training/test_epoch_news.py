import logging

from sea_ice_kedro.training import fit
from sea_ice_kedro.training.fit import EpochNews


def record(epoch):
    return {
        "epoch": float(epoch),
        "loss": 0.51234,
        "validation_loss": 0.4,
        "images_per_s": 34.6,
        "seconds": 2.5,
    }


def said_of(epochs, caplog):
    news = EpochNews("unet", 5)
    with caplog.at_level(logging.INFO):
        for epoch in epochs:
            news.say(record(epoch))
    return caplog.messages


def test_of_short_epochs_the_first_and_the_last_are_said(caplog):
    assert said_of([2, 3, 4, 5], caplog) == [
        "unet: epoch 2/5, loss 0.512, validation 0.400, 35 images/s, 8 s left",
        "unet: epoch 5/5, loss 0.512, validation 0.400, 35 images/s, 0 s left",
    ]


def test_of_long_epochs_every_one_is_said(caplog, monkeypatch):
    monkeypatch.setattr(fit, "_EVERY_S", 0.0)
    assert len(said_of([1, 2, 3, 4, 5], caplog)) == 5
