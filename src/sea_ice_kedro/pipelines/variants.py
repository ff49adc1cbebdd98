"""Which networks are trained: labels × images, as below.

A variant is a namespace of the modeling and evaluation pipelines. `globals.yml` of the
environment names the variants of a run by source, `--params modeling.variants=...`
those of one run; `hooks.CheckHooks` has them chosen before Kedro asks for pipelines,
which takes no arguments.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kedro.framework.project import pipelines

from sea_ice_kedro.errors import InvalidOption

LABELS = ("auto", "manual", "corrected")
IMAGES = ("original", "filtered")


@dataclass(frozen=True)
class Variant:
    """Training data of one network."""

    labels: str
    """"auto": class maps by thresholds; "manual": labels by a person;
    "corrected": those where there are any, and class maps by thresholds elsewhere."""

    images: str
    """"original": scenes as ingested; "filtered": after the thin-cloud filter."""

    @property
    def name(self) -> str:
        """Namespace in the catalog: "auto_original"."""
        return f"{self.labels}_{self.images}"


VARIANTS = {
    variant.name: variant
    for variant in (Variant(labels, images) for images in IMAGES for labels in LABELS)
}
"""All that there are, by name."""

DEFAULT = ("auto_original",)
"""Of sources that `globals.yml` does not name."""

REGISTRY = "sea_ice_kedro.pipeline_registry"
"""Module that wires pipelines."""

_CHOSEN = list(DEFAULT)
_WIRED: list[str] = []
"""What pipelines were last wired for in this process; empty before that."""


def choose(names: str | Iterable[str]) -> list[Variant]:
    """Set the variants that pipelines are wired for from now on.

    Those that were wired for others are wired anew, when they are next asked for.

    Args:
        names: Names, or one text of names joined by "+" (a comma would end the setting
            in `--params`).

    Raises:
        InvalidOption: if there is none, one is unknown or named twice.
    """
    wanted = names.split("+") if isinstance(names, str) else list(names)
    unknown = [name for name in wanted if name not in VARIANTS]
    if unknown or not wanted or len(set(wanted)) < len(wanted):
        raise InvalidOption(
            f"expected modeling.variants to be some of {'+'.join(VARIANTS)}, each "
            f"once, got {'+'.join(map(str, wanted)) or 'none'}"
        )
    _CHOSEN[:] = wanted
    if _WIRED and wanted != _WIRED:
        pipelines.configure(REGISTRY)
    return chosen()


def chosen() -> list[Variant]:
    """Return the variants that pipelines are wired for."""
    return [VARIANTS[name] for name in _CHOSEN]


def wire() -> list[Variant]:
    """Return the variants to wire pipelines for, and remember that it was these."""
    _WIRED[:] = _CHOSEN
    return chosen()
