"""A model file's card, so that training and serving cannot disagree."""

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sea_ice_kedro import __version__
from sea_ice_kedro.errors import MALFORMED, InvalidModel
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.imagery.options import expect_choice, expect_integer
from sea_ice_kedro.training.options import UNetOptions

_LARGEST_CHIP = 10_980
"""Rows and columns; no granule has more."""

FORMAT = 1
"""Of the card; a file with another cannot be served by this version."""


@dataclass(frozen=True)
class ModelCard:
    """How a network was made, and what a scene must go through before it."""

    images: str
    """"original", or "filtered": scenes go through `filter` first."""

    chip_px: int
    """Rows and columns of the chips that it has learnt from."""

    unet: UNetOptions
    name: str = ""
    """Name of the variant, "auto_original"; "" before it is stored."""

    filter: FilterOptions | None = None
    """How its images were filtered; None: not at all."""

    thresholds: BrightnessThresholds | None = None
    """The limits that its images were filtered for; None: not filtered."""

    epochs: int = 0
    """Epochs trained in all."""

    best_epoch: int = 0
    """The epoch whose weights these are."""

    temperature: float = 1.0
    """Temperature: its logits were divided by it, to calibrate its probabilities."""

    unscored: bool = False
    """No chip was held out: nothing tells how right it is."""

    weights: str = ""
    """Digest of the weights; "" before it is stored."""

    software: str = f"sea_ice_kedro {__version__}"

    @property
    def depth(self) -> int:
        """Windows are multiples of 2 ** depth."""
        return self.unet.depth

    @property
    def normalisation(self) -> str:
        """See `UNetOptions.normalisation`."""
        return self.unet.normalisation

    @property
    def sees_scene(self) -> bool:
        """See `UNetOptions.sees_scene`."""
        return self.unet.sees_scene

    @property
    def title(self) -> str:
        """Its name in tags and tables, which says where nothing was scored."""
        return f"{self.name} (unscored)" if self.unscored else self.name

    def named(self, name: str) -> "ModelCard":
        """Return the card with the variant's name."""
        return replace(self, name=name)

    def to_json(self) -> str:
        """Write the card as text."""
        classes = {str(c.value): c.key for c in SeaIceClass}
        return json.dumps({"format": FORMAT, "classes": classes, **asdict(self)})

    @classmethod
    def from_json(cls, text: str, where: str) -> "ModelCard":
        """Read a card back.

        Args:
            text: What `to_json` gave.
            where: Name of the file, for the message.

        Raises:
            InvalidModel: if it is of another format, or has other classes.
        """
        try:
            return cls._of(json.loads(text), where)
        except MALFORMED as error:
            if isinstance(error, InvalidModel):
                raise
            raise InvalidModel(
                f"{where}: expected a card that this version can read, got "
                f"{type(error).__name__}: {error}; train it again: kedro run "
                "--pipelines modeling"
            ) from error

    @classmethod
    def _of(cls, facts: dict[str, Any], where: str) -> "ModelCard":
        classes = {str(c.value): c.key for c in SeaIceClass}
        for key, expected in (("format", FORMAT), ("classes", classes)):
            if facts.pop(key, None) != expected:
                raise InvalidModel(
                    f"{where}: expected a model of {key} {expected}, got one made by "
                    f"{facts.get('software', 'an unknown version')}; train it again: "
                    "kedro run --pipelines modeling"
                )
        expect_integer("chip_px", facts["chip_px"], 1, _LARGEST_CHIP)
        expect_choice("images", facts["images"], ("original", "filtered"))
        known = {field.name for field in fields(cls)}
        facts = {key: value for key, value in facts.items() if key in known}
        facts["unet"] = UNetOptions(**facts["unet"])
        if facts["filter"] is not None:
            facts["filter"] = FilterOptions(**facts["filter"])
            facts["thresholds"] = BrightnessThresholds(**facts["thresholds"])
        return cls(**facts)
