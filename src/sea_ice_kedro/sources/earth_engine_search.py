"""Earth Engine before a pixel is asked for: how it is reached, and what it has.

A scene's task travels to workers with an `Access`; who needs the credentials reads them
there, from the file that it names or from where Google's own tools keep them.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sea_ice_kedro.errors import (
    MALFORMED,
    CannotFetch,
    InvalidScene,
    NoAccess,
    NothingFound,
)
from sea_ice_kedro.imagery.arrays import Acquisition, Georeference
from sea_ice_kedro.imagery.shortwave import SHORTWAVE
from sea_ice_kedro.sources.acquisitions import (
    Observed,
    baseline_in,
    datatake_in,
    one_of_each,
    satellite_in,
    tell_left_out,
)
from sea_ice_kedro.sources.cutting import Grid, expect_outline_on
from sea_ice_kedro.sources.listing import within_limits
from sea_ice_kedro.sources.plausible import (
    elevation,
    expect_place,
    expect_shape,
    percentage,
)
from sea_ice_kedro.sources.product_options import EarthEngineOptions, SearchOptions
from sea_ice_kedro.sources.regions import Region, outlines_of
from sea_ice_kedro.yaml_files import expect_settings

HOW = """either
  - conf/local/credentials.yml with
      earth_engine: {project: my-project, key_file: /path/to/key.json}
    where key_file is a service account's key, or user credentials as gcloud or
    `earthengine authenticate` write them; or
  - GOOGLE_APPLICATION_CREDENTIALS=/path/to/key.json and
    EARTHENGINE_PROJECT=my-project; or
  - once: earthengine authenticate"""

_KNOWN = {"project", "key_file"}

_CONFIGURED: dict[str, str] = {}


@dataclass(frozen=True)
class Access:
    """All that a worker needs to know to reach Earth Engine."""

    url: str
    project: str
    key_file: str | None
    """Path of the credentials; None: where Google's own tools look for them."""

    requests_per_s: float
    max_attempts: int
    first_wait_s: float
    timeout_s: float


def entry_in(path: Path) -> dict[str, Any]:
    """Read the entry of Earth Engine in a credentials.yml; return {} if there is none.

    Raises:
        InvalidOption: naming the file and the line that cannot be read.
        NoAccess: if a reference in it leads nowhere, or the entry has no names.
    """
    if not path.is_file():
        return {}
    expect_settings(path)
    try:
        said: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=True) or {}
    except OmegaConfBaseException as error:
        raise NoAccess(
            f"{path}: expected values, or references to what there is (${{...}}), got "
            f"one that leads nowhere ({type(error).__name__}); mend it there"
        ) from None
    entry = said.get("earth_engine") or {}
    if not isinstance(entry, dict):
        raise NoAccess(
            f"{path}: expected earth_engine to have a project and a key_file below it, "
            f"got a {type(entry).__name__}; see docs/bring-your-own-scenes.md"
        )
    return entry


def configure(credentials: Mapping[str, Any], project_path: Path) -> None:
    """Take what conf/<env>/credentials.yml says; no secret is read.

    Args:
        credentials: Its entry "earth_engine".
        project_path: What relative paths start from.

    Raises:
        NoAccess: if there is more or other than a project and a file; the value is
            never named.
    """
    _CONFIGURED.clear()
    wrong = [
        str(key)
        for key, value in credentials.items()
        if key not in _KNOWN or not isinstance(value, str) or "\n" in value
    ]
    if wrong:
        raise NoAccess(
            "expected earth_engine in credentials.yml to name a project and a key_file,"
            f" got also or not as text: {', '.join(sorted(wrong))}. Keep the key in a "
            f"file of its own, and name that:\n{HOW}"
        )
    _CONFIGURED.update(credentials)
    if "key_file" in _CONFIGURED:
        path = Path(_CONFIGURED["key_file"]).expanduser()
        _CONFIGURED["key_file"] = str(project_path / path)


def access(options: EarthEngineOptions) -> Access:
    """Put together how Earth Engine is reached.

    Raises:
        NoAccess: if no project is named, or the file of credentials is not there.
    """
    project = (
        options.project
        or _CONFIGURED.get("project")
        or os.environ.get("EARTHENGINE_PROJECT")
        or os.environ.get("GOOGLE_CLOUD_PROJECT")
    )
    if not project:
        raise NoAccess(
            "expected the Cloud project that is registered for Earth Engine, got none; "
            f"name it with --params ingestion.earth_engine.project=my-project, or {HOW}"
        )
    key_file = _CONFIGURED.get("key_file") or os.environ.get(
        "GOOGLE_APPLICATION_CREDENTIALS"
    )
    if key_file is not None and not Path(key_file).is_file():
        raise NoAccess(
            f"expected Earth Engine's credentials in {key_file}, got no such file; "
            f"name them in {HOW}"
        )
    return Access(
        url=options.url.rstrip("/"),
        project=project,
        key_file=key_file,
        requests_per_s=options.requests_per_s,
        max_attempts=options.max_attempts,
        first_wait_s=options.first_wait_s,
        timeout_s=options.timeout_s,
    )


# --- Which granules Earth Engine has there and then

_PAGE = 250
"""Granules asked for at a time."""


@dataclass(frozen=True)
class Granule:
    """One image of the collection."""

    asset_id: str
    grid: Grid
    outline: Region
    acquired: datetime
    acquisition: Acquisition
    satellite: str = ""
    """"2A", ...; "" where Earth Engine does not say."""

    shortwave: tuple[str, ...] = ()
    """Names of the short-wave infrared bands that it has: "b10", ..."""

    def described(self) -> list[Any]:
        """Return what decides on its pixels, to digest: see `_digest`."""
        facts = {f.name: getattr(self, f.name) for f in fields(self)}
        apart = ("shortwave", "satellite")
        return ["Granule", {k: v for k, v in facts.items() if k not in apart}]

    @property
    def index(self) -> str:
        """Its name in the collection: start, and granule."""
        return self.asset_id.rpartition("/")[2]


def find_granules(
    client: Any,  # noqa: ANN401
    session: Any,  # noqa: ANN401
    name: str,
    search: SearchOptions,
    region: Region,
) -> tuple[list[Granule], dict[str, str]]:
    """Ask for the granules that fit, the newest processing of each acquisition.

    A granule whose metadata lack something costs no other.

    Args:
        client: `earth_engine_client`.
        session: Of this process.
        name: Of the collection.
        search: Days, cloud and sun.
        region: Where.

    Returns:
        The granules in order of their names, and why each of the others cannot be
        read, by its name.

    Raises:
        NothingFound: if none fits; says how many there are at any cloud and sun.
        CannotFetch: if Earth Engine does not answer.
    """
    ee = client.ee
    start, end = search.days()
    there = (
        ee.ImageCollection(name)
        .filterDate(start.isoformat(), (end + timedelta(days=1)).isoformat())
        .filterBounds(_geometry(ee, region))
    )
    found: list[Granule] = []
    lost: dict[str, str] = {}
    # Earth Engine's own filters say nothing of images without the property.
    for image in client.list_images(session, there, _PAGE):
        try:
            found.append(granule_of(image))
        except (CannotFetch, InvalidScene) as error:
            lost[str(image.get("id")).rpartition("/")[2]] = str(error)
    skies = {
        granule.asset_id: (
            granule.acquisition.cloud_percentage,
            granule.acquisition.sun_elevation_deg,
        )
        for granule in found
    }
    clear = within_limits(skies, search)
    fitting = [granule for granule in found if granule.asset_id in clear]
    if not fitting and not lost:
        raise _nothing(name, search, len(found))
    observed = [observed_of(granule) for granule in fitting]
    left_out = one_of_each(observed)
    tell_left_out(left_out)
    kept = [granule for granule in fitting if granule.index not in left_out]
    return sorted(kept, key=lambda granule: granule.index), lost


def _nothing(name: str, search: SearchOptions, count: int) -> NothingFound:
    start, end = search.days()
    return NothingFound(
        f"expected granules of {name} from {start} to {end} in the region, got none "
        f"with at most {search.max_cloud_percentage:g} % cloud and the sun at least "
        f"{search.min_sun_elevation_deg:g}° high, {count} at any; ask for another "
        "region or other days (at the poles the sun is up for half a year), or raise "
        "ingestion.search.max_cloud_percentage"
    )


def observed_of(granule: Granule) -> Observed:
    """Gather what tells the acquisition of a granule."""
    return Observed(
        name=granule.index,
        grid=granule.grid,
        outline=granule.outline,
        acquired=granule.acquired,
        datatake=datatake_in(granule.index),
        satellite=granule.satellite,
        baseline=granule.acquisition.processing_baseline,
        made=granule.index,
    )


def _geometry(ee: Any, region: Region) -> Any:  # noqa: ANN401
    """Lay planar polygons: a parallel of latitude is an edge of a box, no great circle.

    Boxes are cut at the antimeridian; outlines of files are asked for by their boxes,
    and held against each scene's centre later.
    """
    boxes = [
        [[[west, south], [east, south], [east, north], [west, north], [west, south]]]
        for west, south, east, north in region.boxes()
    ]
    return ee.Geometry.MultiPolygon(boxes, "EPSG:4326", False)


def _number(facts: dict[str, Any], name: str) -> float | None:
    """Read a number; None where there is none, which costs nothing but a limit."""
    try:
        number = float(facts[name])
    except (KeyError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def granule_of(image: dict[str, Any]) -> Granule:
    """Read what Earth Engine says of one image.

    Raises:
        CannotFetch: if something is missing.
        InvalidScene: if its size, place or outline cannot be right.
    """
    try:
        facts = image["properties"]
        band = next(band for band in image["bands"] if band["id"] == "B4")
        a, b, c, d, e, f = (float(number) for number in band["crs_transform"])
        columns, rows = band["dimensions"]
        there = {band["id"] for band in image["bands"]}
        acquired = facts["system:time_start"] / 1000
        zenith = _number(facts, "MEAN_SOLAR_ZENITH_ANGLE")
        place = Georeference(band["crs"], (a, b, c, d, e, f))
        expect_shape((rows, columns), f"Earth Engine's {image['id']}")
        expect_place(place, f"Earth Engine's {image['id']}", (rows, columns))
        grid, outline = (
            Grid(place, (rows, columns)),
            outlines_of(facts["system:footprint"]),
        )
        expect_outline_on(grid, outline, f"Earth Engine's {image['id']}")
        return Granule(
            asset_id=image["id"],
            grid=grid,
            outline=outline,
            acquired=datetime.fromtimestamp(acquired, tz=UTC),
            acquisition=Acquisition(
                granule=f"T{facts['MGRS_TILE']}",
                sun_elevation_deg=elevation(None if zenith is None else 90.0 - zenith),
                cloud_percentage=percentage(_number(facts, "CLOUDY_PIXEL_PERCENTAGE")),
                processing_baseline=baseline_in(
                    facts.get("PROCESSING_BASELINE"), facts.get("PRODUCT_ID")
                ),
                asset_id=image["id"],
            ),
            satellite=satellite_in(
                facts.get("SPACECRAFT_NAME"), facts.get("PRODUCT_ID")
            ),
            shortwave=tuple(b.name for b in SHORTWAVE if b.esa_name in there),
        )
    except InvalidScene:
        raise
    except (*MALFORMED, StopIteration) as error:
        named = isinstance(error, KeyError)
        raise CannotFetch(
            "expected a granule with its grid (of B4), time (system:time_start), tile "
            "(MGRS_TILE) and outline (system:footprint), got "
            f"{image.get('id')} without {error if named else f'one ({error})'}; it is "
            "left out: Earth Engine's own metadata lack it"
        ) from error
