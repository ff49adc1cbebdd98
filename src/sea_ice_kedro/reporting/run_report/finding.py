"""One thing that a reviewer would raise."""

from dataclasses import dataclass

SERIOUS, CAUTION, NOTE = GRAVITIES = ("serious", "caution", "note")
"""serious: do not use the numbers without having looked into it; caution: they hold
with a limit; note: to be known."""


@dataclass(frozen=True)
class Finding:
    """The finding, and why it matters."""

    gravity: str
    """One of `GRAVITIES`."""

    title: str
    """The finding, with its numbers."""

    reason: str
    """Why it matters, the threshold it crossed, and what to do."""

    scene_ids: tuple[str, ...] = ()
    """Scenes it is about; empty: none in particular."""

    short: str = ""
    """The same of one scene, in a few words; "" where it is about no single scene."""
