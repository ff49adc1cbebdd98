"""Labels by brightness and a network's map of the same scene: where to doubt them."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from sea_ice_kedro.errors import InvalidScene, expect_integer, expect_number
from sea_ice_kedro.imagery.arrays import ClassMap, Codes, FilteredScene
from sea_ice_kedro.imagery.classes import classed
from sea_ice_kedro.imagery.histogram import (
    FINE,
    Density,
    Histogram,
    histogram_of,
    is_peak,
    mass_at,
    smoothed,
)
from sea_ice_kedro.imagery.labelling import untrustworthy
from sea_ice_kedro.imagery.scores import class_counts, concentration

_TONE_SHARE = 0.01
"""A tone is the most frequent level near it, and holds 1 % of the scene."""

_DIP = 0.7
"""Two tones have a level between them that is rarer than this share of either."""

_LEAD_BELOW, _LEAD_SHARE = 0.3, 0.003
"""Leads: so many pixels darker than this share of the median brightness."""


@dataclass(frozen=True)
class SecondOpinionOptions:
    """From where on a scene is doubted."""

    disagreement: float = 0.2
    """Share of the observed pixels that labels and network call different classes."""

    without_class: float = 0.2
    """Share of the observed pixels that the labels give a class and the network does
    not: cloud, land."""

    concentration_step: float = 0.15
    """Change of sea ice concentration with the moved limit."""

    bright_from: int = 100
    """Median brightness of a scene in which ice, or cloud, is expected to rule."""

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        for name, value in asdict(self).items():
            if name == "bright_from":
                expect_integer(f"second_opinion.{name}", value, 0, 255)
            else:
                expect_number(f"second_opinion.{name}", value, 0.0, 1.0)


@dataclass(frozen=True)
class SecondOpinion:
    """Two maps of a scene side by side; shares are of the observed pixels, 0..1."""

    disagreement: float
    """Share to which both give a class, and not the same."""

    without_class_by_network: float
    """Share to which only the labels give a class."""

    without_class_by_labels: float
    """Share to which only the network gives a class."""

    concentration_by_labels: float
    """Sea ice concentration; NaN where nothing has a class."""

    concentration_by_network: float

    concentration_limit_lower: float
    """By labels, with a lower limit of thin ice."""

    concentration_limit_higher: float

    bright_one_tone: bool
    """Bright, without leads and without a second tone, as cloud is."""


def compare_maps(
    scene: FilteredScene,
    labels: ClassMap,
    network: ClassMap,
    options: SecondOpinionOptions,
) -> SecondOpinion:
    """Compare the labels of a scene with a network's map of it.

    Args:
        scene: As it was labelled.
        labels: Class map by brightness.
        network: Class map by a network; 255 also where it sees no class.
        options: What is bright.

    Raises:
        InvalidScene: if the three have different sizes.
    """
    if not scene.shape == labels.shape == network.shape:
        raise InvalidScene(
            f"{scene.scene_id}: expected scene, labels and prediction of one size, got "
            f"{scene.shape}, {labels.shape} and {network.shape}; make them again: "
            "kedro run"
        )
    trusted = scene.valid_mask & ~untrustworthy(scene)
    least, most = labels.concentration_range or (math.nan, math.nan)
    brightness = np.asarray(scene.rgb.max(axis=-1), np.uint8)
    one, other = classed(labels.codes), classed(network.codes)
    observed = max(int(np.count_nonzero(scene.valid_mask)), 1)
    apart = one & other & (labels.codes != network.codes)
    return SecondOpinion(
        disagreement=int(np.count_nonzero(apart)) / observed,
        without_class_by_network=int(np.count_nonzero(one & ~other)) / observed,
        without_class_by_labels=int(np.count_nonzero(other & ~one)) / observed,
        concentration_by_labels=_concentration(labels.codes),
        concentration_by_network=_concentration(network.codes),
        concentration_limit_lower=most,
        concentration_limit_higher=least,
        bright_one_tone=is_bright_one_tone(
            histogram_of(brightness, trusted), options.bright_from
        ),
    )


def _concentration(codes: Codes) -> float:
    return concentration(class_counts(codes))


def is_bright_one_tone(histogram: Histogram, bright_from: int) -> bool:
    """Return whether a scene is bright and shows neither leads nor a second tone.

    Ice breaks: most scenes of it show water, thin ice in leads, or floes of another
    tone. Cloud over anything, and unbroken snow, do not.

    Args:
        histogram: int64 (256,), pixels of each brightness max(R, G, B).
        bright_from: Least median brightness.
    """
    if not histogram.any():
        return False
    shares = histogram / histogram.sum()
    median = int(np.searchsorted(np.cumsum(shares), 0.5))
    leads = shares[: math.ceil(_LEAD_BELOW * median)].sum() >= _LEAD_SHARE
    return median >= bright_from and not leads and len(_tones(shares)) <= 1


def _tones(shares: Density) -> list[int]:
    """Find the levels that stand out, each from the one before by a dip."""
    density = smoothed(shares, FINE)
    tones: list[int] = []
    for level in range(256):
        if not is_peak(density, level) or mass_at(shares, level) < _TONE_SHARE:
            continue
        if tones:
            last = tones[-1]
            dip = density[last : level + 1].min()
            if dip >= _DIP * min(density[last], density[level]):
                if density[level] > density[last]:
                    tones[-1] = level
                continue
        tones.append(level)
    return tones


def doubts_of(opinion: SecondOpinion, options: SecondOpinionOptions) -> list[str]:
    """Return reasons to doubt the maps of a scene; none where there are none."""
    doubts = []
    if opinion.disagreement >= options.disagreement:
        share = _percent(opinion.disagreement)
        doubts.append(f"network and labels disagree on {share}")
    if opinion.without_class_by_network >= options.without_class:
        share = _percent(opinion.without_class_by_network)
        doubts.append(f"labels have a class where the network sees none on {share}")
    if opinion.bright_one_tone:
        doubts.append("bright scene without lead or second tone: cloud?")
    moved = (
        opinion.concentration_limit_higher,
        opinion.concentration_by_labels,
        opinion.concentration_limit_lower,
    )
    # NaN, where nothing has a class, is no change.
    if max(moved) - min(moved) >= options.concentration_step:
        ends = f"from {min(moved):.2f} to {max(moved):.2f}"
        doubts.append(f"concentration moves {ends} with the limit of thin ice")
    return doubts


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
