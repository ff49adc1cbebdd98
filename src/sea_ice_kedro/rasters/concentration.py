"""Sea ice concentration of one day as a raster."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Georeference, Grey


@dataclass(frozen=True, eq=False)
class ConcentrationRaster:
    """Concentration of a day in the cells of a polar grid, a pixel a cell."""

    day: str
    """In UTC, "2019-11-03"."""

    concentration: Grey
    """uint8 (H, W): ice in percent of what was observed, 0..100; 255 = not observed."""

    observed: Grey
    """uint8 (H, W): percent of the cell that was observed, 0..100, rounded up, so that
    only 0 means nothing; 255 where the first is."""

    georeference: Georeference
    sources: tuple[str, ...] = ()
    """Of the scenes of the run: "sample" (simulated), "folder", ..."""

    lands: tuple[str, ...] = ()
    """Names and digests of the masks of land that were named."""

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in cells."""
        return self.concentration.shape[0], self.concentration.shape[1]


def in_percent(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Round shares, 0..1, to whole percent."""
    return np.asarray(np.rint(np.clip(shares, 0, 1) * 100), np.uint8)
