"""What a finding is, and those about the scenes: what they are, and what they show."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from sea_ice_kedro.imagery.arrays import SIMULATED
from sea_ice_kedro.imagery.labelling import FALLBACKS
from sea_ice_kedro.reporting.run_report.formatting import percent, plural

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


# --- Findings about the scenes: what they are, and what they show

UNTRUSTWORTHY = 0.20
"""Share of a scene that could not be restored: from here on its concentration is that
of the rest, which cloud has chosen."""

BARELY_OBSERVED = 0.50
"""Share of a scene with data below which its concentration says little of its area."""

UNSURE = 0.80
"""Mean confidence below which a network was not sure of a scene: on held-out scenes
like those that it has learnt from it is above 0.9."""

DISAGREE = 0.15
"""Difference of the concentrations by brightness and by the network: passive-microwave
products claim 0.05 to 0.15, so one of the two is wrong."""

_TOLD = 5
"""Number of scenes whose doubts are described in words."""

LOW_SUN_DEG = 10.0
"""Elevation below which shadows of ridges are ten times their height and more than 5
times as long as at 45 degrees: thick ice looks thin in them."""

SATURATED = 0.05
"""Share of a scene that a detector could not measure."""


def about_scenes(scenes: pd.DataFrame) -> Iterator[Finding]:
    """Find what is remarkable in the table of scenes.

    Args:
        scenes: As `tabulate_scenes` makes it.
    """
    yield from _about_gaps(scenes)
    yield from _about_input(scenes)
    yield from _about_place_and_time(scenes)
    yield from _about_labels(scenes)
    yield from _about_predictions(scenes)
    yield from _about_doubts(scenes)


def _about_gaps(scenes: pd.DataFrame) -> Iterator[Finding]:
    """Find scenes without what others have, whatever the record of failures says."""
    for kind, words in (("label", "by brightness"), ("ice", "by the network")):
        there = scenes[f"{kind}.valid_fraction"].notna()
        yield from _if_any(
            scenes[~there] if there.any() else scenes[:0],
            SERIOUS,
            (f"no class map {words}", f"{{scenes}} without a class map {words}"),
            "Others have one: these failed, or came in since. They are missing in "
            "every number here.",
        )


def _about_input(scenes: pd.DataFrame) -> Iterator[Finding]:
    simulated = scenes["source"] == SIMULATED
    yield from _if_any(
        scenes[simulated],
        NOTE,
        ("simulated", "{scenes} simulated"),
        "Scores and maps of simulated scenes show that the software works; they say "
        "nothing of real ice. Bring scenes of your own.",
    )
    same = scenes["checksum"].duplicated(keep=False) & scenes["checksum"].notna()
    yield from _if_any(
        scenes[same],
        SERIOUS,
        ("came in under several names", "{scenes} came in under several names"),
        "The checksums of the inputs are equal: the same ice counts twice, and what is "
        "learnt from may be scored on. Remove all but one.",
    )
    pictures = ~simulated & scenes["saturated_fraction"].isna()
    yield from _if_any(
        scenes[pictures],
        CAUTION,
        ("an 8-bit picture", "{scenes} came as 8-bit pictures, not as reflectance"),
        "Somebody stretched them, and no file says how: brightness limits of one "
        "picture need not hold for the next. Bring reflectance where you can.",
    )
    for note, noted in scenes.groupby(scenes["notes"].fillna("")):
        short, reason = _OF_PLACE if _is_of_place(str(note)) else _OF_FILE
        yield from _if_any(
            noted if note else noted[:0],
            CAUTION,
            (short, f"{{scenes}} of which each {note}"),
            reason,
        )
    saturated = scenes["saturated_fraction"].astype(float) > SATURATED
    yield from _if_any(
        scenes[saturated],
        CAUTION,
        (
            "many saturated pixels",
            "{scenes} with more than " + percent(SATURATED, 0) + " of saturated pixels",
        ),
        "Where a detector could not measure, brightness and tint are not those of ice.",
    )


_OF_FILE = (
    "metadata that were not followed",
    "What a file says of itself and how it was read differ: look whether the right one "
    "was followed.",
)
_OF_PLACE = (
    "beside the area of interest or the mask of land",
    "It may be meant so. Otherwise look whether the polygons, their CRS and the place "
    "of the scene are right: without a mask, land counts as thick ice.",
)


_PLACE_OPTIONS = ("ingestion.area_of_interest", "ingestion.land")


def _is_of_place(note: str) -> bool:
    """Tell notes on where a scene lies from those on what its file says."""
    return all(any(o in part for o in _PLACE_OPTIONS) for part in note.split("; "))


def _about_place_and_time(scenes: pd.DataFrame) -> Iterator[Finding]:
    nowhere = scenes["crs"].fillna("") == ""
    yield from _if_any(
        scenes[nowhere],
        CAUTION,
        ("no georeference", "{scenes} without a georeference"),
        "There are fractions of them and no areas; they are in no cell of the polar "
        "grid and on no map. Give GeoTIFFs, or world files beside pictures.",
    )
    undated = scenes["acquired"].fillna("") == ""
    yield from _if_any(
        scenes[undated],
        NOTE,
        ("no time of acquisition", "{scenes} without a time of acquisition"),
        "They belong to no day of a time series and are not in the STAC catalogue. "
        "Put the day into the file's name (ice_2019-11-03.tif), or into the column "
        "acquired of scenes.csv beside the scenes (docs/bring-your-own-scenes.md).",
    )
    low = scenes["sun_elevation_deg"].astype(float) < LOW_SUN_DEG
    yield from _if_any(
        scenes[low],
        CAUTION,
        ("a low sun", f"{{scenes}} under a sun lower than {LOW_SUN_DEG:.0f} degrees"),
        "Ridges throw long shadows, and less light comes back from everything: thick "
        "ice may be called thin.",
    )
    land = scenes.get("land_fraction", pd.Series(0.0, scenes.index)).astype(float)
    sea = (1 - land.fillna(0.0)).clip(lower=1e-9)
    partly = scenes["valid_fraction"].astype(float) / sea < BARELY_OBSERVED
    yield from _if_any(
        scenes[partly],
        CAUTION,
        (
            "observed in a small part",
            "{scenes} observed by less than " + percent(BARELY_OBSERVED, 0),
        ),
        "Concentration is that of the observed part, whatever the rest holds.",
    )


def _about_labels(scenes: pd.DataFrame) -> Iterator[Finding]:
    fell_back = scenes["label.limits_source"].isin(FALLBACKS)
    yield from _if_any(
        scenes[fell_back],
        CAUTION,
        (
            "limits are not its own",
            "{scenes} labelled with limits that are not their own",
        ),
        "They do not show water or thick ice, so that the configured limit stands in: "
        "all dark ice may be called water, or all grey ice thick. Look at them, or set "
        "autolabel.thresholds.source: published for reflectance.",
    )
    lost = scenes["label.untrustworthy_fraction"].astype(float) > UNTRUSTWORTHY
    yield from _if_any(
        scenes[lost],
        SERIOUS,
        (
            "a large part untrustworthy",
            "{scenes} with more than " + percent(UNTRUSTWORTHY, 0) + " untrustworthy",
        ),
        "So much could not be restored from cloud or shadow and has no class; areas "
        "and concentration are of the rest, which the cloud has chosen.",
    )


def _about_predictions(scenes: pd.DataFrame) -> Iterator[Finding]:
    unsure = scenes["ice.mean_confidence"].astype(float) < UNSURE
    yield from _if_any(
        scenes[unsure],
        CAUTION,
        ("the network is unsure", "The network is unsure of {scenes}"),
        f"Its mean confidence is below {percent(UNSURE, 0)}: they may be unlike what "
        "it has learnt from. Look at their confidence.",
    )
    by_label = scenes["label.sea_ice_concentration"].astype(float)
    by_network = scenes["ice.sea_ice_concentration"].astype(float)
    apart = (by_label - by_network).abs() > DISAGREE
    yield from _if_any(
        scenes[apart],
        SERIOUS,
        (
            "brightness and network disagree",
            "Brightness and network disagree on the concentration of {scenes}",
        ),
        f"By more than {percent(DISAGREE, 0)} of the observed area: at least one of "
        "the two is wrong there.",
    )


def _about_doubts(scenes: pd.DataFrame) -> Iterator[Finding]:
    doubts = scenes["opinion.doubts"].fillna("")
    doubted = scenes[doubts != ""]
    told = " ".join(
        f"{row['scene_id']}: {row['opinion.doubts']}."
        for _, row in doubted.head(_TOLD).iterrows()
    )
    yield from _if_any(
        doubted,
        SERIOUS,
        ("in doubt", "A second opinion doubts {scenes}"),
        f"{told} Reasons of all are in second_opinion.csv. Look at the pictures before "
        "these scenes' areas and concentration are used.",
    )


def _if_any(
    found: pd.DataFrame, gravity: str, titles: tuple[str, str], reason: str
) -> Iterator[Finding]:
    """Make a finding of the rows that were found, if there are any.

    Args:
        found: Rows of the scenes.
        gravity: One of `GRAVITIES`.
        titles: Of one scene, and of all with "{scenes}" for their count.
        reason: Why it matters.
    """
    if len(found):
        ids = tuple(found["scene_id"])
        short, title = titles
        text = title.format(scenes=plural(len(ids), "scene"))
        yield Finding(gravity, text, reason, ids, short)
