"""Regions of a scene as polygons with a row each, as GeoParquet."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rasterio import Affine
from rasterio.features import shapes

from sea_ice_kedro.datasets.whole_file import ProvenancedFileDataset, damage_named
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_PREFIX = "sea_ice_"
"""Prefix of every entry in the file's key-value metadata."""

_GEOMETRY = "geometry"


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions of one scene, and what is known of each."""

    rows: pd.DataFrame
    """A row a region, number 1 first; text is of pandas' type "string"."""

    labels: npt.NDArray[np.int32]
    """int32 (H, W): the number of the region, 0 where there is none."""

    georeference: Georeference | None = None
    """Where polygons lie; without, their coordinates are columns and rows."""


class GeoParquetDataset(ProvenancedFileDataset[Regions]):
    """Saves `Regions` as GeoParquet 1; loads their rows, without the polygons.

    Polygons follow the edges of pixels, in the CRS of the scene; QGIS opens them, and
    `geopandas.read_parquet`.

    Examples:
        Using the YAML API:

        ```yaml
        floe_polygons:
          type: sea_ice_kedro.datasets.ParallelPartitionedDataset
          path: data/08_reporting/floe_polygons
          filename_suffix: .parquet
          dataset: {type: sea_ice_kedro.datasets.GeoParquetDataset}
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import GeoParquetDataset
        >>> rows = GeoParquetDataset(filepath="s2_vis_00.parquet").load()
    """

    def save(self, data: Regions) -> None:
        """Write the regions, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        # Late: a second, for a pipeline that is run on request, and an extra.
        import geopandas as gpd  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        place = data.georeference
        frame = gpd.GeoDataFrame(
            data.rows,
            geometry=_polygons(data),
            crs=None if place is None else place.crs,
        )
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        table = pq.read_table(buffer)
        made = {_PREFIX + name: value for name, value in self._provenance.items()}
        # pandas' own description would differ from one pandas to the next.
        table = table.replace_schema_metadata(
            {"geo": table.schema.metadata[b"geo"], **made}
        )
        with write_errors(self._filepath), writing(self._filepath) as part:
            pq.write_table(table, part)

    def load(self) -> pd.DataFrame:  # type: ignore[override]
        """Read the rows back.

        Raises:
            InvalidRecord: if the file is damaged.
        """
        import pyarrow.parquet as pq  # noqa: PLC0415

        with reading(self._filepath) as path, damage_named(self._filepath):
            names = [n for n in pq.read_schema(path).names if n != _GEOMETRY]
            rows: pd.DataFrame = pq.read_table(
                path, columns=names, partitioning=None
            ).to_pandas()
            return rows


def _polygons(regions: Regions) -> list["BaseGeometry"]:
    """Return the outline of each region; several polygons where it has parts."""
    from shapely import MultiPolygon  # noqa: PLC0415
    from shapely.geometry import shape  # noqa: PLC0415

    place = regions.georeference
    parts: list[list[Any]] = [[] for _ in range(len(regions.rows))]
    for outline, number in shapes(
        regions.labels,
        mask=regions.labels > 0,
        connectivity=4,  # polygons that touch themselves at a corner are not valid
        transform=Affine.identity() if place is None else Affine(*place.transform),
    ):
        parts[int(number) - 1].append(shape(outline))
    return [one[0] if len(one) == 1 else MultiPolygon(one) for one in parts]
