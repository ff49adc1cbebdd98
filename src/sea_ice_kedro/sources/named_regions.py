"""Regions with names, of which time series are made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sea_ice_kedro.errors import MALFORMED, InvalidOption
from sea_ice_kedro.sources.regions import Region, outlines_of, region_of

WHOLE_RUN = "whole_run"
"""Name of all that a run observed, which needs no outline."""

_OPTION = "time_series.regions"
_WAY_OUT = (
    "give a list of {name: ..., area: [west, south, east, north]}, where an area may "
    "also be the path of a GeoJSON file; or the path of a file whose features have a "
    '"name"'
)


@dataclass(frozen=True)
class NamedRegion:
    """A part of the Earth, and what it is called in tables and figures."""

    name: str
    region: Region


@dataclass(frozen=True)
class TimeSeriesOptions:
    """Of which regions there are time series, and how NetCDF files of them are made."""

    regions: Any = field(default_factory=list)
    """[{name: ross_sea, area: [160, -78, -150, -60]}, ...]: boxes in degrees or paths
    of GeoJSON files; or the path of one GeoJSON file whose features have a "name"."""

    whole_grid: bool = False
    """Whether NetCDF files have all cells of NSIDC's grid in their projection, not only
    the box that was observed: cells of 25, 12.5 or 6.25 km are NSIDC's own."""

    attributes: dict[str, str] = field(default_factory=dict)
    """Global attributes of NetCDF files that only you know, by the names of ACDD 1.3:
    `creator_name`, `license`, `date_created`, ..."""

    def __post_init__(self) -> None:
        """Refuse what names no regions, and attributes that are no text."""
        odd = [
            name
            for name, value in self.attributes.items()
            if not isinstance(value, str) or not str(name).isidentifier()
        ]
        if odd:
            raise InvalidOption(
                "expected time_series.attributes to be texts by names of letters, "
                f"digits and underscores, got {odd[0]!r}: "
                f"{self.attributes[odd[0]]!r}; put the value in quotes"
            )
        names = [named.name for named in self.named()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or WHOLE_RUN in names:
            raise InvalidOption(
                f"expected each name in {_OPTION} once, and none to be {WHOLE_RUN!r}, "
                f"got {', '.join(twice) or WHOLE_RUN}"
            )

    def named(self) -> list[NamedRegion]:
        """Return the regions; a file is read each time.

        Raises:
            InvalidOption: if one is no region, or has no name.
        """
        if isinstance(self.regions, str):
            return _read_features(self.regions)
        if not isinstance(self.regions, list | tuple):
            raise _refused(self.regions)
        return [_named(entry) for entry in self.regions]


def _named(entry: object) -> NamedRegion:
    if not isinstance(entry, Mapping) or set(entry) != {"name", "area"}:
        raise _refused(entry)
    name = _expect_name(entry["name"])
    return NamedRegion(name, region_of(entry["area"], f"{_OPTION}: area of {name}"))


def _read_features(path: str) -> list[NamedRegion]:
    try:
        features = json.loads(Path(path).read_text(encoding="utf-8"))["features"]
        found = [(f["properties"].get("name"), outlines_of(f)) for f in features]
    except OSError as error:
        raise _refused(f"{path!r}: {error.strerror}") from error
    except MALFORMED as error:
        raise _refused(f"{path!r}: {type(error).__name__}: {error}") from error
    if not found:
        raise _refused(f"{path!r}, which has no features")
    return [NamedRegion(_expect_name(name), region) for name, region in found]


def _expect_name(name: object) -> str:
    # A table of CSV would read "001" as a number.
    if not isinstance(name, str) or not any(c.isalpha() for c in name):
        raise _refused(f"the name {name!r}")
    return name.strip()


def _refused(found: object) -> InvalidOption:
    return InvalidOption(f"expected regions in {_OPTION}, got {found}; {_WAY_OUT}")
