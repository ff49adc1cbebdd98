"""Description of a scene, in words."""

from collections.abc import Mapping
from typing import Any

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.run_report.formatting import (
    NONE,
    area,
    is_number,
    moment,
    number,
    percent,
    text,
)

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
        ("centre", _centre(row)),
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


def _centre(row: Mapping[str, Any]) -> str:
    """Say "78.60° S, 165.20° E"; an index of an earlier version does not know."""
    latitude: Any = row.get("latitude_deg")
    longitude: Any = row.get("longitude_deg")
    if not (is_number(latitude) and is_number(longitude)):
        return NONE
    return (
        f"{abs(latitude):.2f}° {'S' if latitude < 0 else 'N'}, "
        f"{abs(longitude):.2f}° {'W' if longitude < 0 else 'E'}"
    )


def _filter(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("method", text(row["filter.method"])),
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
        ("thin, thick ice from", f"brightness {limits}"),
        ("water told by", text(row["label.water_channel"]) + " channel"),
        ("limits from", text(row["label.limits_source"])),
    ]
