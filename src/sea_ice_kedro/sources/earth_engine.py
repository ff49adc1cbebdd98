"""Scenes from Google Earth Engine: Sentinel-2 in each granule's own grid."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from sea_ice_kedro.engines.base import content_digest
from sea_ice_kedro.errors import MissingPackage, NothingFound
from sea_ice_kedro.imagery.arrays import Georeference, Grey, Origin
from sea_ice_kedro.imagery.raw_scenes import RawScene
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.imagery.shortwave import SHORTWAVE, ShortwaveBand
from sea_ice_kedro.sources.acquisitions import in_turn
from sea_ice_kedro.sources.cutting import (
    Cut,
    coarse_cut,
    cut_granule,
    on_grid,
    scene_id,
)
from sea_ice_kedro.sources.earth_engine_search import (
    Access,
    Granule,
    access,
    find_granules,
    observed_of,
)
from sea_ice_kedro.sources.listing import (
    SceneEntry,
    Unreadable,
    subsample_scenes,
    tell_without_scenes,
)
from sea_ice_kedro.sources.options import IngestionOptions


def pixel_grid(georeference: Georeference, cut: Cut, factor: int = 1) -> dict[str, Any]:
    """Name a window's pixels.

    Args:
        georeference: Of the granule.
        cut: The window, in pixels `factor` times as large as the granule's.
        factor: Pixels of the granule along a side of one asked for.
    """
    a, b, c, d, e, f = georeference.transform
    sides = (a * factor, b * factor, c, d * factor, e * factor, f)
    place = cut.of(Georeference(georeference.crs, sides))
    a, b, c, d, e, f = place.transform
    return {
        "dimensions": {"width": cut.width, "height": cut.height},
        "affineTransform": {
            "scaleX": a,
            "shearX": b,
            "translateX": c,
            "shearY": d,
            "scaleY": e,
            "translateY": f,
        },
        "crsCode": place.crs,
    }


def strips_of(cut: Cut, pixel_bytes: int, request_bytes: int) -> Iterator[Cut]:
    """Divide a window into strips of rows, each within what one request may give."""
    rows = max(1, request_bytes // (cut.width * pixel_bytes))
    for row in range(0, cut.height, rows):
        height = min(rows, cut.height - row)
        yield Cut(cut.row + row, cut.column, height, cut.width)


# --- Scenes from Google Earth Engine: Sentinel-2 in each granule's own grid

_VALID = "valid"
_CLOUDS = "COPERNICUS/S2_CLOUD_PROBABILITY"

# "Requests are limited to 48MB in uncompressed data" (reference of computePixels).
REQUEST_BYTES = 48_000_000

_BYTES = {_VALID: 1, "qa60": 1, "cloud_probability": 1}
"""Bytes per pixel; bands without a name have 2."""

UNKNOWN = 255
"""In bands beside a scene: Earth Engine has no value there."""

# In the *_HARMONIZED collections the offset has been taken out.
_CALIBRATION = Calibration(0.0001)


@dataclass(frozen=True)
class EarthEngineScene:
    """Fetches one scene when called."""

    product_version: ClassVar[str] = "download 1"
    """Changes with what a download holds."""

    scene_id: str
    granule: Granule
    cut: Cut
    bands: tuple[str, str, str]
    extra_bands: tuple[str, ...]
    access: Access
    shortwave: tuple[str, ...] = ()
    """Of `SHORTWAVE`, that go beside the scene."""

    def __call__(self) -> RawScene:
        """Fetch the scene, in as many requests as its size takes.

        Raises:
            CannotFetch: if Earth Engine does not give it.
        """
        client = _client()
        session = client.connect(self.access)
        names = [*self.bands, _VALID, *self.extra_bands]
        image = _image(client.ee, self.granule, self.bands, self.extra_bands)
        place = self.granule.grid.georeference
        parts = [
            client.pixels(session, image, pixel_grid(place, strip), names)
            for strip in strips(self.cut, names)
        ]
        whole = np.concatenate(parts)
        beside: dict[str, Grey] = {n: whole[n].copy() for n in self.extra_bands}
        shortwave = [band for band in SHORTWAVE if band.name in self.shortwave]
        beside |= {b.name: self._beside(client, session, b) for b in shortwave}
        return RawScene(
            scene_id=self.scene_id,
            numbers=np.stack([whole[band] for band in self.bands]).astype(np.uint16),
            # Earth Engine's mask, not DN 0: with the offset taken out, 0 may be dark.
            valid_mask=whole[_VALID] > 0,
            calibrations=(_CALIBRATION,) * 3,
            origin=Origin("earth_engine", self.granule.asset_id, self._digest()),
            acquisition=self.granule.acquisition,
            georeference=self.cut.of(self.granule.grid.georeference),
            acquired=self.granule.acquired,
            extra_bands=beside,
        )

    def fingerprint(self) -> str:
        """Name what would be fetched; nothing is asked, access has no part in it."""
        return f"{self.granule.asset_id} {self._digest()}"

    def _digest(self) -> str:
        used = (self.granule.described(), self.cut, self.bands, self.extra_bands)
        # Without bands beside them, downloads are what they were before there were any.
        return content_digest((*used, self.shortwave) if self.shortwave else used)

    def _beside(self, client: ModuleType, session: Any, band: ShortwaveBand) -> Grey:  # noqa: ANN401
        """Fetch a band on its own, larger pixels, and bring it to the scene's grid."""
        cut = coarse_cut(self.cut, band.factor)
        name = band.esa_name
        image = client.ee.Image(self.granule.asset_id).select([name])
        image = image.unmask(0, False).toUint16()
        place = self.granule.grid.georeference
        parts = [
            client.pixels(session, image, pixel_grid(place, part, band.factor), [name])
            for part in strips_of(cut, 2, REQUEST_BYTES)
        ]
        numbers = on_grid(np.concatenate(parts)[name], self.cut, band.factor)
        return band.levels(numbers.astype(np.uint16), _CALIBRATION)


def strips(cut: Cut, names: Sequence[str]) -> Iterator[Cut]:
    """Divide a window into strips of rows, each within what one request may give."""
    pixel_bytes = sum(_BYTES.get(name, 2) for name in names)
    return strips_of(cut, pixel_bytes, REQUEST_BYTES)


def list_scenes(options: IngestionOptions) -> list[SceneEntry]:
    """List the scenes that fit the search; credentials and project are checked first.

    Raises:
        MissingPackage: if the client is not installed.
        NoAccess: if there are no credentials, or they or the project are refused.
        NothingFound: if nothing fits.
    """
    region = options.search.place()
    options.search.days()
    reached = access(options.earth_engine)
    client = _client()
    session = client.connect(reached, afresh=True)
    name = options.earth_engine.collection
    granules, lost = find_granules(client, session, name, options.search, region)
    entries = [SceneEntry(name, Unreadable(reason)) for name, reason in lost.items()]
    found = {
        granule.index: [
            _entry(granule, cut, options, reached)
            for cut in cut_granule(
                granule.grid, options.cutting, granule.outline, region
            )
        ]
        for granule in granules
    }
    tell_without_scenes(found)
    entries += in_turn(found, [observed_of(granule) for granule in granules])
    if not entries:
        raise NothingFound(
            f"expected scenes in {len(granules)} granules, got none whose centre lies "
            "in ingestion.search.region and that were observed as "
            "ingestion.cutting.min_observed_fraction asks; lower that, or size_px"
        )
    return subsample_scenes(entries, options.search)


def _entry(
    granule: Granule, cut: Cut, options: IngestionOptions, reached: Access
) -> SceneEntry:
    name = scene_id(granule.index, cut, granule.grid)
    engine = options.earth_engine
    beside = granule.shortwave if options.swir else ()
    fetch = EarthEngineScene(
        name, granule, cut, engine.bands, engine.extra_bands, reached, beside
    )
    return SceneEntry(name, scene=None, download=fetch)


def _client() -> ModuleType:
    try:
        with warnings.catch_warnings():
            # Google says of each of its packages when it will drop this Python.
            warnings.simplefilter("ignore", FutureWarning)
            from sea_ice_kedro.sources import earth_engine_client  # noqa: PLC0415
    except ImportError as error:
        raise MissingPackage(
            "expected Google's client of Earth Engine, got none; install it: "
            ".tools/uv sync --inexact --extra earth-engine, or pip install "
            "'sea_ice_kedro[earth-engine]'"
        ) from error
    return earth_engine_client


def _image(
    ee: Any,  # noqa: ANN401
    granule: Granule,
    bands: Sequence[str],
    extra_bands: Sequence[str],
) -> Any:  # noqa: ANN401
    """Describe the bands to compute: numbers, validity, and what goes beside them."""
    source = ee.Image(granule.asset_id)
    numbers = source.select(list(bands))
    valid = numbers.mask().reduce(ee.Reducer.min()).gt(0).rename([_VALID]).toUint8()
    image = numbers.unmask(0, False).toUint16().addBands(valid)
    if "qa60" in extra_bands:
        # Bits 10 and 11 are opaque cloud and cirrus: 1 and 2 here. Masked from 2022-01
        # to 2024-02, when ESA had no such band.
        flags = source.select(["QA60"]).rightShift(10).unmask(UNKNOWN, False)
        image = image.addBands(flags.rename(["qa60"]).toUint8())
    if "cloud_probability" in extra_bands:
        clouds = ee.Image(f"{_CLOUDS}/{granule.index}").select(["probability"])
        shown = clouds.unmask(UNKNOWN, False).rename(["cloud_probability"]).toUint8()
        image = image.addBands(shown)
    return image.select([*bands, _VALID, *extra_bands])
