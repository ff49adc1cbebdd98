"""Output of a source: ids with lazy scenes and, where there are any, lazy labels.

What a search found is held against the limits on cloud and sun, and subsampled.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import NoReturn, Protocol, runtime_checkable
from urllib.parse import quote

import numpy as np

from sea_ice_kedro.engines.base import content_digest
from sea_ice_kedro.errors import CannotFetch, InvalidLabel, InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap, Scene
from sea_ice_kedro.imagery.raw_scenes import RawScene
from sea_ice_kedro.rasters.files import longest_stem
from sea_ice_kedro.sources.options import SOURCES, IngestionOptions
from sea_ice_kedro.sources.product_options import SearchOptions

logger = logging.getLogger(__name__)

_NAMED = 5
_SHORT = 60
_ESCAPED = re.compile(r"[\w~%-]{1,100}", re.ASCII)
"""What `_escaped` makes, and a path can have in it."""

_SCENE_ID = re.compile(r"\w[\w .+=,@()-]*", re.UNICODE)


@dataclass(frozen=True)
class SceneEntry:
    """One scene that a source offers; nothing is read before it is called."""

    scene_id: str
    scene: Callable[[], Scene] | None
    """Reads or makes the scene; picklable, with a `fingerprint`. None: it is made of
    what `download` fetches."""

    manual_label: Callable[[], ClassMap] | None = None
    """Reads the manual label on the scene's grid, where there is one."""

    download: Callable[[], RawScene] | None = None
    """Downloads the scene's numbers; picklable, holds no credential, and its
    `fingerprint` costs no request."""

    after: tuple[str, ...] = ()
    """Ids of scenes of the same acquisition and window: pixels that one of them shows
    count there, and not in this scene."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Of the scene index, besides what the scene's own tags say: `region`, ..."""


@dataclass(frozen=True)
class Unreadable:
    """Stands for a scene or label that is known to be wrong before it is read."""

    reason: str
    of_label: bool = False

    def __call__(self) -> NoReturn:
        """Raise: the failure belongs to this scene, not to the run."""
        raise (InvalidLabel if self.of_label else InvalidScene)(self.reason)


@runtime_checkable
class Checked(Protocol):
    """A lazy scene that can be held against its metadata without reading it whole."""

    def expect_readable(self) -> None:
        """Raise what reading would raise, as far as little of the bands tells."""

    def fills_its_outline(self) -> bool:
        """Return whether pixels all over its outline were observed."""


@dataclass
class Rivals:
    """Products of which some may show the same: can those to be taken be read?"""

    found: Mapping[str, list[SceneEntry]]
    """Scenes by the name of their product."""

    unreadable: dict[str, str] = field(default_factory=dict)
    """Why a product cannot be read, by its name."""

    _sound: dict[str, bool] = field(default_factory=dict)
    """Whether a product that can be read shows what its outline holds, by its name."""

    def can_be_read(self, name: str) -> bool:
        """Look into a product's bands, once: do they show what its outline holds?"""
        if name not in self._sound and name not in self.unreadable:
            try:
                self._sound[name] = True
                for entry in self.found[name][:1]:
                    scene = entry.download or entry.scene
                    if isinstance(scene, Checked):
                        scene.expect_readable()
                        self._sound[name] = scene.fills_its_outline()
                if not self._sound[name]:
                    logger.warning(
                        "%s takes no other's place: its outline holds ground that its "
                        "pixels do not show",
                        name,
                    )
            except (InvalidScene, CannotFetch) as error:
                self.unreadable[name] = str(error)
        return name not in self.unreadable and self._sound[name]

    def entries(self, name: str, failure: str | None = None) -> list[SceneEntry]:
        """Return a product's scenes, or what fails with the reason if it is unreadable.

        It must not be read after all: something else has been taken in its place.

        Args:
            name: Of the product.
            failure: Id of that failure; None: the product's name.
        """
        if name in self.unreadable:
            return [SceneEntry(failure or name, Unreadable(self.unreadable[name]))]
        return self.found[name]


def in_words(found: list[str]) -> str:
    """Name a few of many for a line of the log, and how many there are."""
    shown = ", ".join(found[:_NAMED])
    return f"{shown}, ... ({len(found)} in all)" if len(found) > _NAMED else shown


def tell_without_scenes(found: Mapping[str, list[SceneEntry]]) -> None:
    """Name in the log the products that no scene is cut from.

    Args:
        found: Scenes by the name of their product.
    """
    empty = sorted(name for name, entries in found.items() if not entries)
    if empty:
        logger.info(
            "%d of %d products have no scene whose centre lies in the region and that "
            "was observed as ingestion.cutting asks: %s",
            len(empty),
            len(found),
            in_words(empty),
        )


def entries_of(
    name: str, make: Callable[[], list[SceneEntry]], what: str
) -> list[SceneEntry]:
    """Return the scenes of one product; one that cannot be read costs no other.

    Args:
        name: Of the product, the id of its failure.
        make: Reads its metadata.
        what: It is, for the message: "STAC item".
    """
    try:
        return [_with_usable_id(entry) for entry in make()]
    except InvalidScene as error:
        return [SceneEntry(name, Unreadable(str(error)))]
    # Metadata are odd in ways that nobody can list; the trace is in the log.
    except Exception as error:  # noqa: BLE001
        logger.debug("%s %s", what, name, exc_info=True)
        reason = f"{type(error).__name__}: {error}"
        return [
            SceneEntry(
                name,
                Unreadable(
                    f"{what} {name}: expected metadata as its provider writes them, "
                    f"got some that cannot be read ({reason}); leave it out, or tell "
                    "its provider"
                ),
            )
        ]


def find_scenes(options: IngestionOptions) -> list[SceneEntry]:
    """List the scenes of the configured source, in order of their ids.

    Ids that cannot name a file, or that two scenes share, stay in the list as
    entries that fail when they are read: they cost no other scene.

    Args:
        options: Source, place and how to read it.

    Raises:
        InvalidScene: if there is nothing to read at all.
    """
    module, _, function = SOURCES[options.source].partition(":")
    return _in_order(getattr(import_module(module), function)(options))


def find_all_ids(options: IngestionOptions) -> tuple[set[str], set[str]]:
    """Name the scenes that the source has, also those that it is told to leave out.

    Args:
        options: Source, place and how to read it.

    Returns:
        Ids of scenes, and names of products whose metadata cannot be read now: which
        scenes they hold is not known.

    Raises:
        SeaIceError: if the source cannot be listed.
    """
    module, _, function = SOURCES[options.source].partition(":")
    source = import_module(module)
    # A source has `list_all` where somebody can have it leave scenes out.
    entries = _in_order(getattr(source, "list_all", getattr(source, function))(options))
    unreadable = {e.scene_id for e in entries if isinstance(e.scene, Unreadable)}
    return {entry.scene_id for entry in entries}, unreadable


def _in_order(entries: list[SceneEntry]) -> list[SceneEntry]:
    times = Counter(entry.scene_id for entry in entries)
    checked = {entry.scene_id: _checked(entry, times) for entry in entries}
    return [checked[scene_id] for scene_id in sorted(checked)]


def _checked(entry: SceneEntry, times: Counter[str]) -> SceneEntry:
    if times[entry.scene_id] > 1:
        return replace(
            entry,
            scene=Unreadable(
                f"expected one scene with the id {entry.scene_id!r}, got "
                f"{times[entry.scene_id]} files of that name, with different endings "
                "or with accents encoded differently; remove or rename all but one"
            ),
            manual_label=None,
            download=None,
        )
    return _with_usable_id(entry)


def _with_usable_id(entry: SceneEntry) -> SceneEntry:
    """Have a scene fail whose id cannot name files; what fails anyway keeps its reason.

    Such a scene must take no other's place: nothing comes of it.
    """
    scene_id = entry.scene_id
    size, most = len(scene_id.encode(errors="surrogateescape")), longest_stem()
    way_out = "rename the file"
    if entry.download is not None:
        way_out = "leave it out, or tell its provider"
    if size > most:
        digest = content_digest(scene_id).rpartition(":")[2][:8]
        usable = f"{_escaped(scene_id)[:_SHORT]}%{digest}"
        reason = (
            f"expected a scene id of at most {most} bytes, as the names of its "
            f"products are longer and file systems give 255, got {size} in "
            f"{scene_id!r}; {way_out}"
        )
    elif not _SCENE_ID.fullmatch(scene_id) or ".." in scene_id:
        usable = _escaped(scene_id)
        reason = (
            "expected a scene id of letters, digits and any of ' ._+=,@()-', got "
            f"{scene_id!r}; {way_out}"
        )
    else:
        return entry
    if isinstance(entry.scene, Unreadable):
        return (
            entry if _ESCAPED.fullmatch(scene_id) else replace(entry, scene_id=usable)
        )
    return SceneEntry(usable, Unreadable(reason))


def _escaped(scene_id: str) -> str:
    """Make a name that is safe in a path and that no right id has: it holds a "%"."""
    return quote(scene_id, safe="", errors="surrogateescape").replace(".", "%2E")


# --- Cloud and sun of what a search found, held against the limits that were asked for

Sky = tuple[float | None, float | None]
"""Cloud in percent and elevation of the sun in degrees; None if unknown."""


def within_limits(skies: Mapping[str, Sky], search: SearchOptions) -> set[str]:
    """Choose what is clear and sunny enough; name what does not say so.

    What is unknown fits no limit. Without a limit (100 % cloud, the sun above the
    horizon: the defaults) it costs nothing.

    Args:
        skies: By the name of item or granule.
        search: The limits.

    Returns:
        The names of those that fit.
    """
    limits = (
        ("max_cloud_percentage", search.max_cloud_percentage < 100, 0),  # noqa: PLR2004
        ("min_sun_elevation_deg", search.min_sun_elevation_deg > 0, 1),
    )
    unknown: set[str] = set()
    for option, asked, which in limits:
        silent = {name for name, sky in skies.items() if asked and sky[which] is None}
        if silent:
            logger.warning(
                "left out, as their %s is not known and ingestion.search.%s=%g is "
                "asked for: %s",
                ("cloud", "sun elevation")[which],
                option,
                getattr(search, option),
                in_words(sorted(silent)),
            )
        unknown |= silent
    fitting = {
        name
        for name, (cloud, sun) in skies.items()
        if (cloud is None or cloud <= search.max_cloud_percentage)
        and (sun is None or sun >= search.min_sun_elevation_deg)
    }
    if beyond := len(skies) - len(fitting):
        logger.info(
            "%d of %d found have more cloud or a lower sun than ingestion.search asks",
            beyond,
            len(skies),
        )
    return fitting - unknown


# --- So many scenes of all that fit: the same ones every time


def subsample_scenes(
    entries: list[SceneEntry], search: SearchOptions
) -> list[SceneEntry]:
    """Draw `search.max_scenes` of the scenes, by `search.seed`, in order of their ids.

    What was drawn does not depend on the order in which a server lists.
    """
    ordered = sorted(entries, key=lambda entry: entry.scene_id)
    count = search.max_scenes
    logger.info("%d scenes fit, %s are taken", len(ordered), count or "all")
    if count is None or count >= len(ordered):
        return ordered
    rng = np.random.default_rng(search.seed)
    chosen = sorted(rng.permutation(len(ordered))[:count])
    return [ordered[i] for i in chosen]
