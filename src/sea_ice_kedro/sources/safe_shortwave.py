"""The short-wave infrared bands of a SAFE product, where it has them."""

import logging
from dataclasses import dataclass

from sea_ice_kedro.imagery.arrays import Grey
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.imagery.shortwave import SHORTWAVE, ShortwaveBand
from sea_ice_kedro.rasters.bands import Target, read_window
from sea_ice_kedro.sources.cutting import Cut
from sea_ice_kedro.sources.safe_bands import (
    expect_whole,
    file_of_band,
    listed_band,
    main_metadata,
)
from sea_ice_kedro.sources.safe_files import Product
from sea_ice_kedro.sources.safe_metadata import calibrations_of_bands
from sea_ice_kedro.sources.shortwave import coarse_cut, coarse_shape, on_grid

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
