"""Scenes as the report shows them: rows of its tables, and a section for each."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sea_ice_kedro.imagery.classes import FigureOptions, SeaIceClass, css
from sea_ice_kedro.reporting.quicklooks import round_metres
from sea_ice_kedro.reporting.run_report.formatting import (
    area,
    is_number,
    moment,
    number,
    percent,
    text,
)
from sea_ice_kedro.reporting.run_report.locators import degrees_of
from sea_ice_kedro.reporting.run_report.pictures import (
    CHANNEL_COLOURS,
    HISTOGRAM,
    TITLES,
    Pictures,
)
from sea_ice_kedro.reporting.run_report.scene_findings import Finding
from sea_ice_kedro.reporting.score_tables import records_of

METHODS = {"label": "by brightness", "ice": "by the network"}
"""Prefix of the columns of a class map -> how it was made."""


def facts_of(row: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """List what is known of a scene: title -> name and value.

    Args:
        row: As `tabulate_scenes` has it.
    """
    facts = {"Scene": _origin(row)}
    if is_number(row["filter.thin_cloud_fraction"]):
        facts["Filter"] = _filter(row)
    for kind, words in METHODS.items():
        if is_number(row[f"{kind}.valid_fraction"]):
            facts[f"Classes {words}"] = [*_classes(row, kind), *_made_by(row, kind)]
    doubts = text(row["opinion.doubts"])
    if not doubts.startswith("–"):
        facts["Second opinion"] = [("in doubt", doubts)]
    return facts


def _origin(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    land = row.get("land_fraction")
    known = [
        ("acquired", moment(row["acquired"])),
        ("region", text(row.get("region"))),
        ("source", f"{text(row['source'])}: {text(row['location'])}"),
        ("granule", text(row["granule"])),
        ("projection", text(row["crs"])),
        ("centre", degrees_of(row.get("latitude_deg"), row.get("longitude_deg"))),
        ("size", f"{row['height']} × {row['width']} pixels"),
        ("pixel", f"{number(row['pixel_size_m'], 1)} m"),
        ("observed", percent(row["valid_fraction"])),
        *([("land or ice shelf", percent(land))] if is_number(land) and land else []),
        ("sun elevation", f"{number(row['sun_elevation_deg'], 1)}°"),
        ("cloud by producer", f"{number(row['cloud_percentage'])} %"),
        ("baseline", text(row["processing_baseline"])),
        ("manual label", "yes" if row["manual_label"] else "no"),
        ("checksum", text(row["checksum"])),
    ]
    return [(name, value) for name, value in known if not value.startswith("–")]


def _filter(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("method", text(row["filter.method"])),
        ("method from", text(row["filter.method_source"])),
        ("haze taken out", percent(row["filter.thin_cloud_fraction"])),
        ("shadow taken out", percent(row["filter.shadow_fraction"])),
        ("class changed by it", percent(row["filter.changed_fraction"])),
    ]


def _classes(row: Mapping[str, Any], kind: str) -> list[tuple[str, str]]:
    shares = [
        (
            c.label,
            f"{percent(row[f'{kind}.{c.key}_fraction'])}, "
            f"{area(row[f'{kind}.{c.key}_km2'])}",
        )
        for c in SeaIceClass
    ]
    concentration = percent(row[f"{kind}.sea_ice_concentration"])
    ends = [row[f"{kind}.concentration_{end}"] for end in ("lower", "upper")]
    if all(map(is_number, ends)):
        concentration += f" ({percent(ends[0])} to {percent(ends[1])})"
    return [*shares, ("sea ice concentration", concentration)]


def _made_by(row: Mapping[str, Any], kind: str) -> list[tuple[str, str]]:
    if kind == "ice":
        return [
            ("mean confidence", percent(row["ice.mean_confidence"])),
            ("network", text(row["ice.model"])),
        ]
    limits = " and ".join(number(row[f"label.{c}_ice_min"]) for c in ("thin", "thick"))
    return [
        ("untrustworthy", percent(row["label.untrustworthy_fraction"])),
        ("thin, thick ice from", limits),
        ("water told by", text(row["label.water_channel"]) + " channel"),
        ("limits from", text(row["label.limits_source"])),
    ]


# --- Scenes as the report shows them: rows of its tables, and a section for each


@dataclass(frozen=True)
class PictureView:
    """One picture."""

    name: str
    title: str
    uri: str
    """"data:image/webp;base64,...": nothing is fetched."""


@dataclass(frozen=True)
class Share:
    """One class's share of a scene."""

    key: str
    label: str
    value: float
    """0..1."""

    colour: str
    """Colour of the class, in CSS notation."""

    @property
    def words(self) -> str:
        """The share in percent."""
        return percent(self.value)


@dataclass(frozen=True)
class Histogram:
    """How often each brightness is observed in a filtered scene, and its limits."""

    uri: str
    """As of `PictureView`; its width is brightness 0 to 255."""

    limits: Mapping[str, float]
    """What begins at a limit -> its place, in percent of the width."""

    words: str
    """The same for whoever does not see it."""


@dataclass(frozen=True)
class ScaleBar:
    """A round length on the ground."""

    words: str
    """"2 km"."""

    share: float
    """Of the picture's width, 0..1."""


@dataclass(frozen=True)
class SceneView:
    """One scene."""

    scene_id: str
    anchor: str
    """Name of its section; no character of it needs escaping in a link."""

    row: Mapping[str, Any]
    """As `tabulate_scenes` has it."""

    pictures: tuple[PictureView, ...]
    thumbnails: tuple[PictureView, ...]
    shares: tuple[Share, ...]
    """By brightness, or by the network where there is no other class map."""

    facts: Mapping[str, Sequence[tuple[str, str]]]
    """Title -> name and value of what is known."""

    findings: tuple[Finding, ...]
    histogram: Histogram | None = None
    scale: ScaleBar | None = None
    north_deg: float | None = None
    """Where north is, clockwise from up in the pictures; None: not known."""

    @property
    def share_of(self) -> Mapping[str, float | None]:
        """Label of each class -> its share; None where the scene has no class map."""
        known = {share.label: share.value for share in self.shares}
        return {c.label: known.get(c.label) for c in SeaIceClass}

    @property
    def concentration(self) -> Any:  # noqa: ANN401 - a cell of a table
        """Sea ice concentration, 0..1, by what `shares` are by."""
        kind = _kind(self.row)
        return self.row[f"{kind}.sea_ice_concentration"]


def view_scenes(
    scenes: pd.DataFrame,
    pictures: Mapping[str, Pictures],
    findings: Sequence[Finding],
    figures: FigureOptions,
) -> list[SceneView]:
    """Prepare every scene of the table for the page.

    Args:
        scenes: As `tabulate_scenes` makes it.
        pictures: Scene id -> its pictures.
        findings: Of the whole report; a scene has those that name it, but for what
            is true of each scene and said once.
        figures: The colours of the classes.
    """
    about: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.short and len(finding.scene_ids) < len(scenes):
            for scene_id in finding.scene_ids:
                about.setdefault(scene_id, []).append(finding)
    return [
        _view(place, row, pictures.get(row["scene_id"], {}), about, figures)
        for place, row in enumerate(records_of(scenes))
    ]


def _view(
    place: int,
    row: Mapping[str, Any],
    pictures: Pictures,
    about: Mapping[str, list[Finding]],
    figures: FigureOptions,
) -> SceneView:
    scene_id = str(row["scene_id"])
    return SceneView(
        scene_id=scene_id,
        anchor=f"scene-{place}-{re.sub('[^A-Za-z0-9_]', '-', scene_id)}",
        row=row,
        pictures=tuple(
            PictureView(name, title, _uri(pictures[name]))
            for name, title in TITLES.items()
            if name in pictures
        ),
        thumbnails=_thumbnails(pictures),
        shares=_shares(row, figures),
        facts=facts_of(row),
        findings=tuple(about.get(scene_id, ())),
        histogram=_histogram(row, pictures),
        scale=scale_bar(row["width"] * row["pixel_size_m"]),
        north_deg=row.get("north_deg") if is_number(row.get("north_deg")) else None,
    )


def scale_bar(width_m: float) -> ScaleBar | None:
    """Choose a bar of 1, 2 or 5 times a power of ten, up to a third of a picture.

    Args:
        width_m: Of the picture, on the ground; NaN where it has no place.
    """
    if not width_m > 0:
        return None
    length, words = round_metres(width_m / 3)
    return ScaleBar(words, length / width_m)


def _histogram(row: Mapping[str, Any], pictures: Pictures) -> Histogram | None:
    """Put the limits on a histogram; None where there is none, or there are none."""
    thin, thick = row["label.thin_ice_min"], row["label.thick_ice_min"]
    if HISTOGRAM not in pictures or not (is_number(thin) and is_number(thick)):
        return None
    channel = text(row["label.water_channel"])
    of = f" of the {channel} channel" if channel in CHANNEL_COLOURS else ""
    return Histogram(
        _uri(pictures[HISTOGRAM]),
        {"thin ice": 100 * thin / 255, "thick ice": 100 * thick / 255},
        f"thin ice from {number(thin)}{of}, thick ice from {number(thick)} of the "
        "brightest channel",
    )


_THUMBNAILS = {
    "thumbnail": "as observed",
    "thumbnail_classes": "classes by brightness",
    "thumbnail_prediction": "classes by the network",
}


def _thumbnails(pictures: Pictures) -> tuple[PictureView, ...]:
    """Show a scene beside its classes: by brightness, or else by the network."""
    found = [
        PictureView(name, title, _uri(pictures[name]))
        for name, title in _THUMBNAILS.items()
        if name in pictures
    ]
    return tuple(found[:2])


def _uri(picture: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(picture).decode()}"


def _kind(row: Mapping[str, Any]) -> str:
    return "label" if is_number(row["label.valid_fraction"]) else "ice"


def _shares(row: Mapping[str, Any], figures: FigureOptions) -> tuple[Share, ...]:
    kind = _kind(row)
    values = {c: row[f"{kind}.{c.key}_fraction"] for c in SeaIceClass}
    return tuple(
        Share(c.key, c.label, float(value), css(figures.colours[c]))
        for c, value in values.items()
        if is_number(value)
    )
