"""A picture of a scene for people: PNG, with provenance in its text."""

import base64
import io

import numpy as np
from kedro_datasets._typing import ImagePreview
from PIL import Image, PngImagePlugin

from sea_ice_kedro.datasets.whole_file import ProvenancedFileDataset
from sea_ice_kedro.imagery.arrays import RGB
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors


class QuicklookDataset(ProvenancedFileDataset[RGB]):
    """Saves and loads one picture, uint8 (H, W, 3), as PNG.

    Examples:
        Using the YAML API:

        ```yaml
        quicklook:
          type: sea_ice_kedro.datasets.QuicklookDataset
          filepath: data/08_reporting/quicklooks/s2_vis_00.png
        ```
    """

    def save(self, data: RGB) -> None:
        """Write the picture, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        text = PngImagePlugin.PngInfo()
        for key, value in self._provenance.items():
            text.add_text(key, value)
        with write_errors(self._filepath), writing(self._filepath) as part:
            Image.fromarray(data).save(
                part, format="PNG", pnginfo=text, compress_level=1
            )

    def load(self) -> RGB:
        """Read the picture back, uint8 (H, W, 3)."""
        with reading(self._filepath) as path, Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))

    def preview(self, max_px: int = 1024) -> ImagePreview:
        """Return the picture for kedro-viz: PNG in base64.

        Args:
            max_px: Longest side; a larger picture is scaled down.
        """
        buffer = io.BytesIO()
        with reading(self._filepath) as path, Image.open(path) as picture:
            shown = picture.convert("RGB")
        shown.thumbnail((max_px, max_px))
        shown.save(buffer, format="PNG")
        return ImagePreview(base64.b64encode(buffer.getvalue()).decode())
