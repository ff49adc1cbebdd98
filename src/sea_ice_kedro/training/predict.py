"""One scene through a trained network, in constant memory unless it is filtered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from sea_ice_kedro.errors import InvalidOption, expect_integer
from sea_ice_kedro.imagery.classes import LAND
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.imagery.predictions import (
    PredictedMap,
    Prediction,
    Strip,
    WindowOptions,
    blended_strips,
    closed_after,
    expected_range,
    reader_of,
)
from sea_ice_kedro.imagery.scene_context import Context, context_of
from sea_ice_kedro.imagery.scores import class_counts
from sea_ice_kedro.networks import network_url
from sea_ice_kedro.rasters.stored_scene import SceneInMemory, StoredScene
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.model_file import ModelFile, Predict

AUTO_PX = 768
"""Most rows and columns between windows by themselves; measured with the paper's
network on a CPU: larger windows are no faster, smaller ones overlap more."""


@dataclass(frozen=True)
class InferenceOptions:
    """How a network is laid over scenes."""

    model: str | None = None
    """The model file to serve, or "polar"; None: that of the catalog. Read by the
    catalog entry `served_model`; a prediction knows its model by its checksum."""

    window_px: int | str = "auto"
    """Rows and columns that the network sees at a time; "auto": what fits the scene
    and the network."""

    overlap_px: int = 64
    """Rows and columns that neighbouring windows share."""

    batch_size: int = 8
    """Chips' worth of pixels that are predicted at a time, at least one window."""

    probabilities: bool = False
    """Whether maps have the probability of each class and the margin of the likeliest
    outcome as further bands, in percent."""

    def __post_init__(self) -> None:
        """Refuse settings that no scene can be predicted with."""
        if self.window_px != "auto":
            expect_integer("inference.window_px", self.window_px, 16, 16_384)
        expect_integer("inference.overlap_px", self.overlap_px, 0, 4096)
        expect_integer("inference.batch_size", self.batch_size, 1, 65_536)


def predict_scene(
    stored: StoredScene | SceneInMemory, model: ModelFile, options: InferenceOptions
) -> Prediction:
    """Declare the prediction of one scene; computed while its strips are taken.

    Where the network has learnt from filtered images, the whole scene is filtered
    first, as those were.

    Args:
        stored: The scene as ingested, on disk or in memory.
        model: The network.
        options: Size and overlap of the windows.

    Raises:
        InvalidOption: if the windows do not fit the network.
        InvalidScene: if the scene's file is damaged.
        InvalidModel: if the model's file is.
    """
    card, facts = model.card(), stored.facts()
    windows = windows_for(facts.shape, card, options)
    strips = _strips(stored, facts.shape, model, windows)
    return Prediction(
        scene_id=facts.scene_id,
        shape=facts.shape,
        strips=_with_land(stored, strips) if facts.land_source else strips,
        georeference=facts.georeference,
        acquired=facts.acquired,
        source=facts.source,
        facts={"model": card.title, "model_checksum": model.fingerprint()},
        land_source=facts.land_source,
        with_probabilities=options.probabilities,
    )


def predicting(
    model: ModelFile, options: InferenceOptions
) -> Callable[[StoredScene], Prediction]:
    """Return the function that predicts one scene, the model known by its content.

    Raises:
        InvalidOption: if another model is asked for than is served, or the windows do
            not fit the network, before any prediction of
            an earlier run is touched.
    """
    if options.model is not None and not _is_served(options.model, model.path):
        raise InvalidOption(
            f"expected inference.model only with --params and the pipeline inference, "
            f"got {options.model} where {model.path} is served"
        )
    expect_windows_fit(model.card(), options)
    return partial(predict_scene, model=model, options=replace(options, model=None))


def _is_served(asked: str, path: str) -> bool:
    """Compare a name, path or URL with what the catalog made of it.

    Kedro makes a relative path absolute, below the project.
    """
    if network_url(asked) == path:
        return True
    relative = "://" not in asked and not Path(asked).is_absolute()
    return relative and Path(path).parts[-len(Path(asked).parts) :] == Path(asked).parts


def whole(prediction: Prediction) -> PredictedMap:
    """Compute a prediction to its end, in memory; it can be done once."""
    strips = list(prediction.strips)
    codes = np.concatenate([strip.codes for strip in strips])
    doubted = np.sum([strip.doubted_pixels for strip in strips], axis=0)
    ends = expected_range(class_counts(codes), doubted)
    return PredictedMap(
        scene_id=prediction.scene_id,
        codes=codes,
        georeference=prediction.georeference,
        acquired=prediction.acquired,
        source=prediction.source,
        confidence=np.concatenate([strip.confidence for strip in strips]),
        land_source=prediction.land_source,
        concentration_range=None if np.isnan(ends).any() else ends,
    )


def _with_land(
    stored: StoredScene | SceneInMemory, strips: Iterator[Strip]
) -> Iterator[Strip]:
    """Write the code of land where a scene has land; no network is asked there."""
    with closed_after(strips), stored.land_reader() as read:
        for strip in strips:
            land = read(strip.row, len(strip.codes))
            yield replace(strip, codes=np.where(land, np.uint8(LAND), strip.codes))


def _strips(
    stored: StoredScene | SceneInMemory,
    shape: tuple[int, int],
    model: ModelFile,
    windows: WindowOptions,
) -> Iterator[Strip]:
    card = model.card()
    if card.images == "filtered":
        limits = card.thresholds or BrightnessThresholds()
        scene = filter_scene(stored.load(), card.filter or FilterOptions(), limits)
        predict = _predict_of(model, partial(context_of, scene.rgb, scene.valid_mask))
        yield from blended_strips(reader_of(scene), predict, shape, windows)
        return
    with stored.reader() as read:
        predict = _predict_of(model, stored.context)
        yield from blended_strips(read, predict, shape, windows)


def _predict_of(model: ModelFile, context: Callable[[], Context]) -> Predict:
    return model.predict_in(context()) if model.card().sees_scene else model.predict


def windows_for(
    shape: tuple[int, int], card: ModelCard, options: InferenceOptions
) -> WindowOptions:
    """Choose windows that fit a scene and a network.

    By themselves: as few as cover the scene, not larger than `AUTO_PX` and an overlap,
    not smaller than a chip; exactly a chip where the network normalises by chip.

    Args:
        shape: (H, W) of the scene.
        card: What the network has learnt from.
        options: Size, overlap and batch that are asked for.

    Raises:
        InvalidOption: if the size that is asked for does not fit the network.
    """
    expect_windows_fit(card, options)
    if options.window_px != "auto":
        size = int(options.window_px)
    elif card.normalisation == "paper":
        size = card.chip_px
    else:
        step = card.step_px
        stride = max(-(-length // -(-length // AUTO_PX)) for length in shape)
        size = max(-(-(stride + options.overlap_px) // step) * step, card.chip_px)
    chips = max(card.chip_px**2 * options.batch_size // size**2, 1)
    overlap_px = min(options.overlap_px, size // 2)
    return WindowOptions(size, overlap_px, chips, probabilities=options.probabilities)


def expect_windows_fit(card: ModelCard, options: InferenceOptions) -> None:
    """Refuse windows that the network cannot see, or not as it has learnt to.

    Raises:
        InvalidOption: naming the sizes that fit.
    """
    if options.window_px == "auto":
        return
    size, step = int(options.window_px), card.step_px
    if card.normalisation == "paper":
        fits, which = size == card.chip_px, f"{card.chip_px}, as it normalises by chip,"
    else:
        fits, which = size % step == 0, f"a multiple of {step}"
    if not fits:
        raise InvalidOption(
            f"expected inference.window_px to be {which} for the network "
            f"{card.name!r}, or auto, got {size}"
        )
