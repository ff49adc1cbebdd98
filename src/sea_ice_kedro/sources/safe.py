"""Sentinel-2 products in ESA's SAFE format, L1C and L2A: folders and zips."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from sea_ice_kedro.engines.base import content_digest
from sea_ice_kedro.imagery.arrays import Grey, Origin, Scene
from sea_ice_kedro.imagery.raw_scenes import RawScene, observed_numbers, render
from sea_ice_kedro.imagery.reflectance import BrightnessOptions, Calibration
from sea_ice_kedro.imagery.shortwave import SHORTWAVE, ShortwaveBand
from sea_ice_kedro.rasters.bands import Target, grid_in, read_window
from sea_ice_kedro.rasters.files import checksum
from sea_ice_kedro.sources.acquisitions import (
    Observed,
    datatake_in,
    in_turn,
    level_in,
    one_of_each,
    satellite_in,
    tell_left_out,
)
from sea_ice_kedro.sources.cutting import (
    Cut,
    Grid,
    coarse_cut,
    coarse_shape,
    cut_product,
    inner_pixels,
    on_grid,
    scene_id,
)
from sea_ice_kedro.sources.listing import (
    Rivals,
    SceneEntry,
    Unreadable,
    entries_of,
    tell_without_scenes,
)
from sea_ice_kedro.sources.options import IngestionOptions
from sea_ice_kedro.sources.plausible import expect_light
from sea_ice_kedro.sources.safe_files import Product, find_products
from sea_ice_kedro.sources.safe_metadata import (
    SafeFacts,
    calibrations_of_bands,
    expect_whole,
    file_of_band,
    listed_band,
    main_metadata,
    read_facts,
)

_LOG = logging.getLogger(__name__)

_BAND_IDS = {"B10": "10", "B11": "11", "B12": "12"}
"""In ESA's lists of offsets."""


@dataclass(frozen=True)
class ShortwaveFile:
    """One band of one product."""

    band: ShortwaveBand
    file: str
    """Its name below the `.SAFE` folder."""

    digest: str
    """Of its content, as the product states it, or ""."""

    calibration: Calibration

    def levels(
        self, product: Product, shape: tuple[int, int], cut: Cut, target: Target | None
    ) -> Grey:
        """Read a window on the scene's grid: uint8 (H, W).

        Args:
            product: That the band is in.
            shape: (H, W) of the granule at 10 m.
            cut: The window, of the granule or of `target`.
            target: The grid that bands are brought to, or None.

        Raises:
            InvalidScene: if the band is damaged.
        """
        product.expect_intact(self.file, self.digest)
        factor = self.band.factor
        part = cut if target is not None else coarse_cut(cut, factor)
        window = part.row, part.column, part.height, part.width
        path = product.gdal_path(self.file)
        numbers = read_window(path, coarse_shape(shape, factor), window, target)
        levels = self.band.levels(numbers, self.calibration)
        return levels if target is not None else on_grid(levels, cut, factor)


def find_shortwave(
    product: Product, baseline: str, offset: int | None
) -> tuple[ShortwaveFile, ...]:
    """Find the short-wave infrared bands that a product has: L2A has no B10.

    A band that the product lists, and that is not there, is warned of: a scene without
    it is right, but less of its cloud is told.

    Args:
        product: The folder or zip.
        baseline: Of its processing, "N0400".
        offset: Of digital numbers, where the metadata should have one and have none.

    Raises:
        InvalidScene: if a band is there in part, or its offset is not known.
    """
    level, main = main_metadata(product)
    found: dict[ShortwaveBand, str] = {}
    for band in SHORTWAVE:
        name = listed_band(main, band.esa_name, level, band.pixel_m)
        file = None if name is None else file_of_band(main, name)
        if file is not None:
            found[band] = file
        elif name is not None:
            _LOG.warning(
                "%s: expected band %s, which it lists, got no such file; its cloud is "
                "told by the other bands alone",
                product.path.name,
                band.esa_name,
            )
    if not found:
        return ()
    ids = [_BAND_IDS[band.esa_name] for band in found]
    calibrations = calibrations_of_bands(main, level, baseline, offset, ids)
    digests = expect_whole(product, found.values())
    return tuple(
        ShortwaveFile(band, file, digest, calibration)
        for (band, file), digest, calibration in zip(
            found.items(), digests, calibrations, strict=True
        )
    )


# --- Sentinel-2 products in ESA's SAFE format, L1C and L2A: folders and zips

_PIXEL_M = 10.0


@dataclass(frozen=True)
class SafeScene:
    """Reads one scene from a product when called."""

    scene_id: str
    path: str
    """Path of the `.SAFE` folder or the zip."""

    facts: SafeFacts
    cut: Cut
    target: Target | None
    brightness: BrightnessOptions
    shortwave: tuple[ShortwaveFile, ...] = ()
    """Bands that go beside the scene."""

    def __call__(self) -> Scene:
        """Read the scene.

        Raises:
            InvalidScene: if a band is damaged.
        """
        product, cut = Product(Path(self.path)), self.cut
        window = cut.row, cut.column, cut.height, cut.width
        numbers = np.empty((3, cut.height, cut.width), np.uint16)
        stated = zip(self.facts.bands, self.facts.digests, strict=True)
        for index, (band, digest) in enumerate(stated):
            product.expect_intact(band, digest)
            path = product.gdal_path(band)
            numbers[index] = read_window(
                path,
                self.facts.grid.shape,
                window,
                self.target,
                place=self.facts.grid.georeference,
            )
        grid = self.facts.grid if self.target is None else self.target
        raw = RawScene(
            scene_id=self.scene_id,
            numbers=numbers,
            # "DN 0 = NODATA" in the Special_Values of L1C and L2A.
            valid_mask=observed_numbers(numbers, self.facts.calibrations),
            calibrations=self.facts.calibrations,
            origin=Origin("safe", product.path.name, self._checksum()),
            acquisition=self.facts.acquisition,
            georeference=cut.of(grid.georeference),
            acquired=self.facts.acquired,
            extra_bands={
                one.band.name: one.levels(
                    product, self.facts.grid.shape, cut, self.target
                )
                for one in self.shortwave
            },
        )
        expect_light(raw, product.path.name)
        return render(raw, self.brightness)

    def expect_readable(self) -> None:
        """Compare the bands with their digests, and read a pixel of each.

        Raises:
            InvalidScene: if one is damaged, or is not what the metadata say.
        """
        product, grid = Product(Path(self.path)), self.facts.grid
        last = grid.shape[0] - 1, grid.shape[1] - 1, 1, 1
        for band, digest in zip(self.facts.bands, self.facts.digests, strict=True):
            product.expect_intact(band, digest)
            path = product.gdal_path(band)
            read_window(path, grid.shape, last, place=grid.georeference)

    def fills_its_outline(self) -> bool:
        """Look at pixels of blue, in which water is brightest; one may be missing."""
        path = Product(Path(self.path)).gdal_path(self.facts.bands[2])
        shape = self.facts.grid.shape
        pixels = inner_pixels(self.facts.grid, self.facts.outline)
        seen = [
            bool(read_window(path, shape, (*pixel, 1, 1))[0, 0]) for pixel in pixels
        ]
        return seen.count(False) <= 1

    def fingerprint(self) -> str:
        """Digest the bands' content, the metadata that are used, and the settings."""
        used = (self.facts, self.cut, self.target, self.brightness)
        told = f"{Path(self.path).name} {self._checksum()} {content_digest(used)}"
        if not self.shortwave:
            return told
        beside = self._checksum([one.file for one in self.shortwave])
        return f"{told} {beside} {content_digest(self.shortwave)}"

    def _checksum(self, bands: Sequence[str] = ()) -> str:
        product = Product(Path(self.path))
        names = bands or self.facts.bands
        files = dict.fromkeys(product.file_of(band) for band in names)
        return " ".join(checksum(file) for file in files)


def list_scenes(options: IngestionOptions) -> list[SceneEntry]:
    """List the scenes of all products in a folder, or of the one that it is.

    Metadata are read, bands are not. A product that cannot be read costs no other, and
    what shows the same as another is left out (`acquisitions`).

    Raises:
        InvalidScene: if the folder is missing or holds no product.
    """
    found = {
        product: entries_of(
            product.file_name, partial(_scenes_of, product, options), "product"
        )
        for product in find_products(options.folder or "")
    }
    tell_without_scenes({p.file_name: entries for p, entries in found.items()})
    observed = [
        _observed(product, scene)
        for product, entries in found.items()
        for scene in [entry.scene for entry in entries[:1]]
        if isinstance(scene, SafeScene)
    ]
    rivals = Rivals({str(product.path): entries for product, entries in found.items()})
    left_out = one_of_each(observed, rivals.can_be_read)
    left_out |= _spoilt_copies(found, {one.name for one in observed})
    below = partial(_below, Path(options.folder or ""))
    tell_left_out(
        {below(a): below(b) for a, b in left_out.items()},
        {below(name): reason for name, reason in rivals.unreadable.items()},
    )
    taken = {
        below(str(product.path)): rivals.entries(str(product.path), product.file_name)
        for product in found
        if str(product.path) not in left_out
    }
    return in_turn(taken, [replace(one, name=below(one.name)) for one in observed])


def _observed(product: Product, scene: SafeScene) -> Observed:
    facts = scene.facts
    return Observed(
        name=str(product.path),
        grid=facts.grid,
        outline=facts.outline,
        acquired=facts.acquired,
        datatake=datatake_in(product.name),
        satellite=satellite_in(product.name),
        level=level_in(product.name),
        baseline=facts.acquisition.processing_baseline,
        made=product.name,
    )


def _below(folder: Path, path: str) -> str:
    """Name a product as people find it below a folder."""
    with suppress(ValueError):  # the folder is a URL
        return str(Path(path).absolute().relative_to(folder.absolute()))
    return Path(path).name


def _spoilt_copies(
    found: Mapping[Product, list[SceneEntry]], whole: set[str]
) -> dict[str, str]:
    """Find products that cannot be read, but of which another copy can."""
    paths = {str(product.path): product.name for product in found}
    copies = {name: path for path, name in paths.items() if path in whole}
    return {
        str(product.path): copies[product.name]
        for product, entries in found.items()
        if product.name in copies
        and any(isinstance(entry.scene, Unreadable) for entry in entries)
    }


def _scenes_of(product: Product, options: IngestionOptions) -> list[SceneEntry]:
    facts = read_facts(product, options.safe.offset)
    baseline = facts.acquisition.processing_baseline
    shortwave: tuple[ShortwaveFile, ...] = ()
    if options.swir:
        shortwave = find_shortwave(product, baseline, options.safe.offset)
    target = None
    if options.safe.crs is not None:
        target = _grid_in(options.safe.crs, facts.grid)
    grid = facts.grid if target is None else Grid(target.georeference, target.shape)
    cuts = cut_product(product.path.name, grid, options.cutting, facts.outline)
    ids = [(scene_id(product.name, cut, grid), cut) for cut in cuts]
    return [
        SceneEntry(
            name,
            SafeScene(
                name,
                str(product.path),
                facts,
                cut,
                target,
                options.brightness,
                shortwave,
            ),
        )
        for name, cut in ids
    ]


@lru_cache(maxsize=256)
def _grid_in(crs: str, grid: Grid) -> Target:
    return grid_in(crs, grid.georeference, grid.shape, _PIXEL_M)
