"""Which granules Earth Engine has there and then."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from typing import Any

from sea_ice_kedro.errors import CannotFetch, InvalidScene, NothingFound
from sea_ice_kedro.imagery.arrays import Acquisition, Georeference
from sea_ice_kedro.imagery.shortwave import SHORTWAVE
from sea_ice_kedro.sources.cutting import Grid
from sea_ice_kedro.sources.plausible import expect_place
from sea_ice_kedro.sources.product_options import SearchOptions
from sea_ice_kedro.sources.regions import Region, outlines_of

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
    shortwave: tuple[str, ...] = ()
    """Names of the short-wave infrared bands that it has: "b10", ..."""

    def described(self) -> list[Any]:
        """Give what it is but for the bands beside it, to digest: see `_digest`."""
        facts = {f.name: getattr(self, f.name) for f in fields(self)}
        return ["Granule", {k: v for k, v in facts.items() if k != "shortwave"}]

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
    fitting = there.filter(
        ee.Filter.lte("CLOUDY_PIXEL_PERCENTAGE", search.max_cloud_percentage)
    ).filter(
        ee.Filter.lte("MEAN_SOLAR_ZENITH_ANGLE", 90.0 - search.min_sun_elevation_deg)
    )
    found: list[Granule] = []
    lost: dict[str, str] = {}
    for image in client.list_images(session, fitting, _PAGE):
        try:
            found.append(granule_of(image))
        except (CannotFetch, InvalidScene) as error:
            lost[str(image.get("id")).rpartition("/")[2]] = str(error)
    if not found and not lost:
        count = session.ask(there.size().getInfo, "the number of granules")
        raise NothingFound(
            f"expected granules of {name} from {start} to {end} in the region, got "
            f"none with at most {search.max_cloud_percentage:g} % cloud and the sun at "
            f"least {search.min_sun_elevation_deg:g}° high, {count} at any; ask for "
            "another region or other days (at the poles the sun is up for half a year),"
            " or raise ingestion.search.max_cloud_percentage"
        )
    newest: dict[tuple[str, str], Granule] = {}
    for granule in sorted(found, key=_by_processing):
        newest[granule.index[:15], granule.acquisition.granule] = granule
    return sorted(newest.values(), key=lambda granule: granule.index), lost


def _by_processing(granule: Granule) -> tuple[str, str]:
    return granule.acquisition.processing_baseline, granule.index


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


def granule_of(image: dict[str, Any]) -> Granule:
    """Read what Earth Engine says of one image.

    Raises:
        CannotFetch: if something is missing.
        InvalidScene: if its place cannot be right.
    """
    try:
        facts = image["properties"]
        band = next(band for band in image["bands"] if band["id"] == "B4")
        a, b, c, d, e, f = (float(number) for number in band["crs_transform"])
        columns, rows = band["dimensions"]
        there = {band["id"] for band in image["bands"]}
        acquired = facts["system:time_start"] / 1000
        baseline = str(facts.get("PROCESSING_BASELINE", "")).replace(".", "")
        place = Georeference(band["crs"], (a, b, c, d, e, f))
        expect_place(place, f"Earth Engine's {image['id']}")
        return Granule(
            asset_id=image["id"],
            grid=Grid(place, (rows, columns)),
            outline=outlines_of(facts["system:footprint"]),
            acquired=datetime.fromtimestamp(acquired, tz=timezone.utc),
            acquisition=Acquisition(
                granule=f"T{facts['MGRS_TILE']}",
                sun_elevation_deg=90.0 - float(facts["MEAN_SOLAR_ZENITH_ANGLE"]),
                cloud_percentage=float(facts["CLOUDY_PIXEL_PERCENTAGE"]),
                processing_baseline=f"N{baseline}" if baseline else "",
                asset_id=image["id"],
            ),
            shortwave=tuple(b.name for b in SHORTWAVE if b.esa_name in there),
        )
    except InvalidScene:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise CannotFetch(
            "expected a granule with its grid, time, sun, cloud and outline, got "
            f"{image.get('id')} without: {type(error).__name__} {error}"
        ) from error
