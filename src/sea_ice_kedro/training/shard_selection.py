"""Which chips of which shards belong to a split; no TensorFlow needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sea_ice_kedro.imagery.chips import ChipFacts


@dataclass(frozen=True)
class ChipShard:
    """Metadata of one shard, known without reading its pixels."""

    filepath: str
    scene_id: str
    chip_px: int
    chips: tuple[ChipFacts, ...]
    """One entry per chip of the scene's grid, dropped chips included."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """How the images were filtered: `images`, `filter`, `thresholds`."""

    fingerprint: str = ""
    """Of what the shard was made from."""

    @property
    def count(self) -> int:
        """Chips in the file."""
        return sum(chip.kept for chip in self.chips)


@dataclass(frozen=True)
class Selection:
    """Some chips of one shard."""

    filepath: str
    count: int
    """Chips in the file."""

    positions: tuple[int, ...]
    """0-based numbers of the wanted ones, ascending."""


def select(
    shards: Sequence[ChipShard], wanted: set[tuple[str, int, int]]
) -> tuple[Selection, ...]:
    """Find chips in their shards.

    Args:
        shards: All shards.
        wanted: (scene_id, row, column) of the chips of a split.

    Returns:
        A selection for each shard that holds at least one of them, in order.
    """
    selections = []
    for shard in shards:
        kept = [chip for chip in shard.chips if chip.kept]
        positions = tuple(
            position
            for position, chip in enumerate(kept)
            if (shard.scene_id, chip.row, chip.column) in wanted
        )
        if positions:
            selections.append(Selection(shard.filepath, len(kept), positions))
    return tuple(selections)


def chip_count(selections: Sequence[Selection]) -> int:
    """Count the chips of a split."""
    return sum(len(selection.positions) for selection in selections)
