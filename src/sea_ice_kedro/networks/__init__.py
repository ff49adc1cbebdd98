"""Networks that the package ships; `docs/polar.md` is their model card."""

from pathlib import Path

POLAR = str(Path(__file__).with_name("polar.keras"))
"""Path of the network that maps any scene without training: `kedro run --env polar
--pipeline polar` makes it again."""

NAME = "polar"
"""What settings call it."""


def network_path(name_or_path: str) -> str:
    """Return the path of a network that settings name: "polar", or a path or URL."""
    return POLAR if name_or_path == NAME else name_or_path
