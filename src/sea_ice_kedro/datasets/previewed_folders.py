"""Folders of pictures and tables, a file a scene, that kedro-viz shows some of."""

import base64
import io
from collections.abc import Sequence
from typing import Any

from kedro_datasets._typing import ImagePreview, TablePreview
from PIL import Image

from sea_ice_kedro.datasets.parallel_partitions import ParallelPartitionedDataset


class PictureFolderDataset(ParallelPartitionedDataset):
    """A `ParallelPartitionedDataset` of pictures; kedro-viz shows the first few.

    Examples:
        Using the YAML API:

        ```yaml
        quicklooks:
          type: sea_ice_kedro.datasets.PictureFolderDataset
          path: data/08_reporting/quicklooks
          filename_suffix: .png
          dataset: {type: sea_ice_kedro.datasets.QuicklookDataset}
          metadata: {kedro-viz: {layer: 08_reporting, preview_args: {count: 3}}}
        ```
    """

    def preview(self, count: int = 3, width_px: int = 1024) -> ImagePreview:
        """Return the first pictures for kedro-viz, below each other: PNG in base64.

        Args:
            count: How many pictures to show.
            width_px: Width of each; a narrower one keeps its own.

        Raises:
            FileNotFoundError: if there is no picture yet.
        """
        pictures = [Image.fromarray(rgb) for rgb in _first(self, count)]
        for picture in pictures:
            picture.thumbnail((width_px, picture.height))
        buffer = io.BytesIO()
        _stacked(pictures).save(buffer, format="PNG")
        return ImagePreview(base64.b64encode(buffer.getvalue()).decode())


class TableFolderDataset(ParallelPartitionedDataset):
    """A `ParallelPartitionedDataset` of tables; kedro-viz shows rows of the first.

    Examples:
        Using the YAML API:

        ```yaml
        threshold_scores:
          type: sea_ice_kedro.datasets.TableFolderDataset
          path: data/08_reporting/evaluation/threshold_scores
          filename_suffix: .csv
          dataset: {type: sea_ice_kedro.datasets.SceneTableDataset}
          metadata: {kedro-viz: {layer: 08_reporting, preview_args: {nrows: 20}}}
        ```
    """

    def preview(self, nrows: int = 20) -> TablePreview:
        """Return the first rows of the first scene for kedro-viz.

        Args:
            nrows: How many rows to show.

        Raises:
            FileNotFoundError: if there is no table yet.
        """
        (table,) = _first(self, 1)
        return TablePreview(table.head(nrows).to_dict(orient="split"))


def _first(folder: ParallelPartitionedDataset, count: int) -> list[Any]:
    """Load the first partitions by id, without the engine.

    Raises:
        FileNotFoundError: if there is none: to kedro-viz that is not made yet.
    """
    if not folder.exists():
        raise FileNotFoundError(f"expected {folder.name}, got none yet; run its node")
    stored = folder.load()
    return [stored[partition_id]() for partition_id in sorted(stored)[:count]]


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
