"""One file that other programs open: Parquet, NetCDF, PNG, zip, text, a figure."""

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from kedro_datasets._typing import ImagePreview, PlotlyPreview
from PIL import Image, PngImagePlugin
from rasterio import Affine
from rasterio.features import shapes

from sea_ice_kedro.datasets.whole_file import (
    ProvenancedFileDataset,
    WholeFileDataset,
    damage_named,
)
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.arrays import RGB, Georeference
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors
from sea_ice_kedro.rasters.remote import locate

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    import xarray as xr
    from shapely.geometry.base import BaseGeometry


Provenance = Mapping[str, str]

_PREFIX = "sea_ice_"
"""Of what Parquet and NetCDF files say about their making."""

_GEOMETRY = "geometry"


@dataclass(frozen=True)
class FileFormat:
    """How values are written to a file, and read back."""

    write: Callable[[Path, Any, Provenance], None]
    read: Callable[[Path], Any]
    preview: Callable[..., ImagePreview] | None = None
    """Shows the first of some values in kedro-viz, where that can be done."""


class FileDataset(ProvenancedFileDataset[Any]):
    """Saves and loads one file, whole or not at all, and what it was made from.

    `file_format` is one of

    - `parquet`: a `pandas.DataFrame`; or `Regions`, as GeoParquet 1, of which the rows
      are loaded, without their polygons. Text of a table without rows must be of
      pandas' type "string", so that the file says so, too. Polygons follow the edges of
      pixels, in the CRS of the scene; QGIS opens them, and `geopandas.read_parquet`;
    - `netcdf`: an `xarray.Dataset`, as NetCDF-4; times are decoded;
    - `png`: one picture, uint8 (H, W, 3);
    - `pictures`: WebP files by name, as a zip;
    - `text`: a text, such as a page for a browser, in UTF-8; it says not what it was
      made from.

    Examples:
        Using the YAML API:

        ```yaml
        floe_polygons:
          type: sea_ice_kedro.datasets.ParallelPartitionedDataset
          path: data/08_reporting/floe_polygons
          filename_suffix: .parquet
          dataset: {type: sea_ice_kedro.datasets.FileDataset, file_format: parquet}
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import FileDataset
        >>> file = FileDataset(filepath="epsg6932_25km.nc", file_format="netcdf")
        >>> season = file.load()
        >>> season["sea_ice_concentration"].mean(["y", "x"])
    """

    def __init__(
        self,
        *,
        filepath: str,
        file_format: str,
        provenance: Provenance | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the file and its format.

        Args:
            filepath: A path, or a URL that fsspec knows.
            file_format: One of `FORMATS`.
            provenance: To write into the file: `fingerprint`, `software`, ...
            metadata: Ignored by Kedro; read by kedro-viz.

        Raises:
            InvalidOption: if there is no such format.
        """
        if file_format not in FORMATS:
            raise InvalidOption(
                f"expected file_format to be one of {', '.join(FORMATS)}, got "
                f"{file_format!r}"
            )
        super().__init__(filepath=filepath, provenance=provenance, metadata=metadata)
        self._name, self._format = file_format, FORMATS[file_format]
        if self._format.preview is not None:
            # kedro-viz shows what has this method.
            self.preview_first = self._format.preview
            self.preview = partial(self._format.preview, self._first)

    def save(self, data: Any) -> None:  # noqa: ANN401 - of the format
        """Write the value, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        with write_errors(self._filepath), writing(self._filepath) as part:
            self._format.write(part, data, self._provenance)

    def load(self) -> Any:  # noqa: ANN401 - of the format
        """Read the value back.

        Raises:
            InvalidRecord: if the file is damaged.
        """
        (value,) = self._first(1)
        return value

    def _first(self, _count: int) -> list[Any]:
        # Not by `load`, of which Kedro wraps the errors: a file that was not made yet
        # is no news to who asks for a preview.
        with reading(self._filepath) as path, damage_named(self._filepath):
            return [self._format.read(path)]

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "file_format": self._name}


def _write_parquet(
    part: Path, data: "pd.DataFrame | Regions", provenance: Provenance
) -> None:
    """Write rows, without their index, and polygons where there are regions."""
    # Late: most commands touch no Parquet.
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    made = {_PREFIX + name: value for name, value in provenance.items()}
    # pandas' own description would differ from one pandas to the next.
    if isinstance(data, Regions):
        table = _with_polygons(data)
        made = {"geo": table.schema.metadata[b"geo"], **made}
    else:
        table = pa.Table.from_pandas(data, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(made), part)


def _read_parquet(path: Path) -> "pd.DataFrame":
    # Late: a fifth of a second, and workers that make maps touch no table.
    import pandas as pd  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    names = [name for name in pq.read_schema(path).names if name != _GEOMETRY]
    rows: pd.DataFrame = pd.read_parquet(
        path, engine="pyarrow", columns=names, partitioning=None
    )
    return rows


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions of one scene, and what is known of each."""

    rows: "pd.DataFrame"
    """A row a region, number 1 first; text is of pandas' type "string"."""

    labels: npt.NDArray[np.int32]
    """int32 (H, W): the number of the region, 0 where there is none."""

    georeference: Georeference | None = None
    """Where polygons lie; without, their coordinates are columns and rows."""


def _with_polygons(regions: Regions) -> Any:  # noqa: ANN401 - a pyarrow.Table
    # Late: a second, for a pipeline that is run on request, and an extra.
    import geopandas as gpd  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    place = regions.georeference
    frame = gpd.GeoDataFrame(
        regions.rows,
        geometry=_polygons(regions),
        crs=None if place is None else place.crs,
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return pq.read_table(buffer)


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


def _write_netcdf(part: Path, data: "xr.Dataset", provenance: Provenance) -> None:
    made = {_PREFIX + name: value for name, value in provenance.items()}
    data.assign_attrs(made).to_netcdf(part, engine="h5netcdf")


def _read_netcdf(path: Path) -> "xr.Dataset":
    # Late: a second or more.
    import xarray as xr  # noqa: PLC0415

    with xr.open_dataset(path, engine="h5netcdf") as file:
        return file.load()


def _write_png(part: Path, data: RGB, provenance: Provenance) -> None:
    text = PngImagePlugin.PngInfo()
    for key, value in provenance.items():
        text.add_text(key, value)
    Image.fromarray(data).save(part, format="PNG", pnginfo=text, compress_level=1)


def _read_png(path: Path) -> RGB:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def _preview_png(
    first: Callable[[int], Sequence[RGB]], count: int = 3, max_px: int = 1024
) -> ImagePreview:
    """Return pictures for kedro-viz, below each other: PNG in base64.

    Args:
        first: Loads the first ones of a folder, or the one that there is.
        count: How many pictures to show.
        max_px: Longest side of each; a larger one is scaled down.
    """
    pictures = [Image.fromarray(rgb) for rgb in first(count)]
    for picture in pictures:
        picture.thumbnail((max_px, max_px))
    buffer = io.BytesIO()
    _stacked(pictures).save(buffer, format="PNG")
    return ImagePreview(base64.b64encode(buffer.getvalue()).decode())


def _stacked(pictures: Sequence[Image.Image], gap_px: int = 8) -> Image.Image:
    """Put pictures below each other, on white."""
    width = max(picture.width for picture in pictures)
    height = sum(picture.height + gap_px for picture in pictures) - gap_px
    sheet = Image.new("RGB", (width, height), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height + gap_px
    return sheet


_WEBP = ".webp"


def _write_pictures(
    part: Path, data: Mapping[str, bytes], provenance: Provenance
) -> None:
    """Write a zip that any tool opens, with the provenance in its comment."""
    # Stored, and all of one date: WebP is compressed, and the same pictures give the
    # same bytes.
    with zipfile.ZipFile(part, "w") as bundle:
        for name, picture in data.items():
            bundle.writestr(zipfile.ZipInfo(name + _WEBP), picture)
        bundle.comment = json.dumps(provenance).encode()


def _read_pictures(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as bundle:
        names = bundle.namelist()
        return {name.removesuffix(_WEBP): bundle.read(name) for name in names}


def _write_text(part: Path, data: str, _provenance: Provenance) -> None:
    part.write_text(data, encoding="utf-8")


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


FORMATS = {
    "parquet": FileFormat(_write_parquet, _read_parquet),
    "netcdf": FileFormat(_write_netcdf, _read_netcdf),
    "png": FileFormat(_write_png, _read_png, _preview_png),
    "pictures": FileFormat(_write_pictures, _read_pictures),
    "text": FileFormat(_write_text, _read_text),
}
"""Name -> how it is written and read."""


# --- An interactive figure of plotly, as JSON, and as SVG and PNG for a paper


class FigureDataset(WholeFileDataset["go.Figure"]):
    """Saves and loads one plotly figure: `<name>.json`, `<name>.svg`, `<name>.png`.

    Where its page lets a reader choose a day or a region, each choice is drawn in the
    folder `<name>/`, too; `<name>.svg` is what the page shows first.

    Examples:
        Using the YAML API:

        ```yaml
        class_shares:
          type: sea_ice_kedro.datasets.FigureDataset
          filepath: data/08_reporting/class_shares.json
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import FigureDataset
        >>> FigureDataset(filepath="class_shares.json").load().show()
    """

    def save(self, data: "go.Figure") -> None:
        """Write the figure, whole or not at all; the JSON file comes last.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        text = data.to_json().encode()
        with write_errors(self._filepath):
            self._draw(data)
            with writing(self._filepath) as part:
                part.write_bytes(text)

    def _draw(self, figure: "go.Figure") -> None:
        # Late: matplotlib costs a second, and most commands draw no figure.
        from sea_ice_kedro.figures.paper import (  # noqa: PLC0415
            choices_of,
            write_paper_figure,
        )

        stem = self._filepath.removesuffix(".json")
        chosen = choices_of(figure)
        pages = {stem: figure} | {f"{stem}/{name}": c for name, c in chosen.items()}
        for place, page in pages.items():
            with writing(f"{place}.svg") as svg, writing(f"{place}.png") as png:
                write_paper_figure(page, {"svg": svg, "png": png})
        self._forget_all_but(stem, set(chosen))

    @staticmethod
    def _forget_all_but(folder: str, names: set[str]) -> None:
        """Remove drawings of days and regions that the figure no longer has."""
        filesystem, path = locate(folder)
        for drawn in (
            filesystem.ls(path, detail=False) if filesystem.isdir(path) else ()
        ):
            if Path(drawn).suffix in {".svg", ".png"} and Path(drawn).stem not in names:
                filesystem.rm_file(drawn)

    def load(self) -> "go.Figure":
        """Read the figure back.

        Raises:
            InvalidRecord: if it is damaged.
        """
        # Late: plotly costs a third of a second, and most commands load no figure.
        import plotly.io as pio  # noqa: PLC0415

        with damage_named(self._filepath):
            return pio.from_json(self._text())

    def preview(self) -> PlotlyPreview:
        """Return the figure for kedro-viz, as it is stored."""
        with damage_named(self._filepath):
            return PlotlyPreview(json.loads(self._text()))

    def _text(self) -> str:
        with reading(self._filepath) as path:
            return path.read_text(encoding="utf-8")
