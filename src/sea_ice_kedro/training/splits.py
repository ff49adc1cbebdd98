"""Which chips are learnt from, chosen by and scored on; whole scenes unless asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import InvalidOption, TooFewScenes
from sea_ice_kedro.imagery.options import (
    expect_choice,
    expect_integer,
    expect_number,
)

TRAIN, VALIDATION, TEST = ("train", "validation", "test")
DROPPED = "dropped"
"""Split of chips with too few labelled pixels."""

UNSURE = "unsure"
"""Split of chips to learn from whose auto-label is untrustworthy."""


@dataclass(frozen=True)
class SplitOptions:
    """How scenes are divided."""

    by: str = "scene"
    """"scene": all chips of a scene go to one split; "chip": chips of one scene fall
    on both sides, as in Iqrah et al. (2024), which flatters the scores."""

    validation: float = 0.15
    """Share of the scenes (or chips) by which the best epoch is chosen, 0..1; 0: none,
    the last epoch is taken."""

    test: float = 0.25
    """Share of the scenes (or chips) that are only scored on, 0..1; 0: none, and
    nothing tells how right the network is."""

    max_cloud_fraction: float = 0.02
    """Chips where the filter took more for cloud or shadow, 0..1, are not learnt from
    by auto-labels, which are often wrong there; they stay in the test split."""

    seed: int = 2019

    @property
    def least(self) -> int:
        """How many scenes (or chips) the splits need, one for each."""
        return 1 + (self.validation > 0) + (self.test > 0)

    def __post_init__(self) -> None:
        """Refuse shares that leave nothing to learn from."""
        expect_choice("modeling.split.by", self.by, ("scene", "chip"))
        expect_number("modeling.split.validation", self.validation, 0, 1)
        expect_number("modeling.split.test", self.test, 0, 1)
        expect_number(
            "modeling.split.max_cloud_fraction", self.max_cloud_fraction, 0, 1
        )
        if self.validation + self.test >= 1:
            raise InvalidOption(
                "expected modeling.split.validation + test < 1, got "
                f"{self.validation} + {self.test}"
            )
        expect_integer("modeling.split.seed", self.seed, 0, 2**31 - 1)


def split(scene_ids: Sequence[str], options: SplitOptions) -> list[str]:
    """Assign each chip to a split.

    Args:
        scene_ids: The scene of each chip.
        options: Shares, seed, and whether scenes stay whole.

    Returns:
        "train", "validation" or "test" for each chip.

    Raises:
        TooFewScenes: if a split would stay empty.
    """
    by_scene = options.by == "scene"
    groups = np.array(scene_ids) if by_scene else np.arange(len(scene_ids))
    count, wants_validation = len(np.unique(groups)), options.validation > 0
    if count < options.least:
        raise TooFewScenes(
            f"expected at least {options.least} {options.by}s, to learn from, "
            "to be scored on and to choose the epoch by (unless modeling.split."
            f"validation is 0), got {count}; bring more scenes, split chips of one "
            "scene (modeling.split.by=chip: flatters the scores), or map without "
            "training: kedro run --pipelines ingestion,filtering,autolabel"
        )
    validated = max(round(count * options.validation), 1) * wants_validation
    held = min(max(round(count * options.test), 1), count - 1 - validated)
    held *= options.test > 0
    names = np.full(len(groups), TRAIN, dtype=object)
    for name, share in ((TEST, held), (VALIDATION, validated)):
        names[_draw(groups, names == TRAIN, share, options.seed)] = name
    return [str(name) for name in names]


def _draw(
    groups: npt.NDArray[np.generic], among: npt.NDArray[np.bool_], count: int, seed: int
) -> npt.NDArray[np.intp]:
    """Draw the members of `count` whole groups from those that are among."""
    from sklearn.model_selection import GroupShuffleSplit  # noqa: PLC0415 - slow

    if not count:
        return np.empty(0, np.intp)
    places = np.flatnonzero(among)
    splitter = GroupShuffleSplit(n_splits=1, test_size=count, random_state=seed)
    _, drawn = next(splitter.split(places, groups=groups[places]))
    return np.asarray(places[drawn], np.intp)
