"""Sentinel-2 products in ESA's SAFE format, L1C and L2A: folders and zips."""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from sea_ice_kedro.engines.tasks import content_digest
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Origin, Scene
from sea_ice_kedro.imagery.raw_scenes import RawScene, observed_numbers, render
from sea_ice_kedro.imagery.reflectance import BrightnessOptions
from sea_ice_kedro.rasters.bands import Target, grid_in, read_window
from sea_ice_kedro.rasters.files import checksum
from sea_ice_kedro.rasters.remote import is_on_disk, locate
from sea_ice_kedro.sources.cutting import Cut, Grid, cut_granule, scene_id
from sea_ice_kedro.sources.listing import SceneEntry, entries_of, names
from sea_ice_kedro.sources.options import IngestionOptions
from sea_ice_kedro.sources.safe_files import SUFFIX, Product
from sea_ice_kedro.sources.safe_metadata import SafeFacts, read_facts
from sea_ice_kedro.sources.safe_shortwave import ShortwaveFile, find_shortwave

logger = logging.getLogger(__name__)

_PIXEL_M = 10.0
_COPY = re.compile(r" ?\(\d+\)$")


@dataclass(frozen=True)
class SafeScene:
    """Reads one scene from a product when called."""

    scene_id: str
    path: str
    """Of the `.SAFE` folder or the zip."""

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
                path, self.facts.grid.shape, window, self.target
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
            alongside={
                one.band.name: one.levels(
                    product, self.facts.grid.shape, cut, self.target
                )
                for one in self.shortwave
            },
        )
        return render(raw, self.brightness)

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

    Metadata are read, bands are not. A product that cannot be read costs no other.

    Raises:
        InvalidScene: if the folder is missing or holds no product.
    """
    products = _once(Product(path) for path in _products(options.folder or ""))
    return [
        entry
        for product in products
        for entry in entries_of(
            product.name, partial(_scenes_of, product, options), "product"
        )
    ]


def _once(products: Iterable[Product]) -> list[Product]:
    """Leave one of each product: browsers name a second download "X (1).zip"."""
    found: dict[str, Product] = {}
    for product in sorted(products, key=lambda product: len(product.name)):
        first = found.setdefault(_COPY.sub("", product.name), product)
        if first is not product:
            logger.warning(
                "%s is not read: it has the name of %s",
                product.path.name,
                first.path.name,
            )
    return list(found.values())


def _products(folder: str) -> list[Path]:
    filesystem, path = locate(folder)
    if not is_on_disk(filesystem):
        raise InvalidScene(
            f"expected ingestion.folder of the source safe on a disk, got {folder}; "
            "copy the products here first"
        )
    place = Path(path)
    if product := _product_at(place):
        return [product]
    if not place.is_dir():
        raise InvalidScene(
            f"expected ingestion.folder to be a folder of {SUFFIX} products, got "
            f"{folder}, which {'is a file' if place.exists() else 'does not exist'}"
        )
    there = sorted(place.iterdir())
    products = {entry: _product_at(entry) for entry in there}
    found = [product for product in products.values() if product]
    others = [entry.name for entry, product in products.items() if not product]
    if others:
        logger.info("%s: no products, and not read: %s", folder, names(others))
    if not found:
        raise InvalidScene(
            f"expected {SUFFIX} folders or zips in {folder}, got none among "
            f"{len(there)} files"
        )
    return found


def _product_at(path: Path) -> Path | None:
    """Find the product that a path is, or that a folder of its name holds (EODAG)."""
    if path.is_dir():
        if path.name.endswith(SUFFIX) or (path / "manifest.safe").is_file():
            return path
        inside = path / f"{path.name}{SUFFIX}"
        return inside if inside.is_dir() else None
    return path if path.is_file() and path.suffix.lower() == ".zip" else None


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
    cuts = cut_granule(grid, options.cutting, facts.outline)
    if not cuts:
        logger.info("%s: no scene is observed as wanted", product.path.name)
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
