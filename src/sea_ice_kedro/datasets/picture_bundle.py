"""The pictures of a scene in one file: a zip that any tool opens."""

import json
import zipfile
from collections.abc import Mapping

from sea_ice_kedro.datasets.whole_file import ProvenancedFileDataset
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors

_ENDING = ".webp"


class PictureBundleDataset(ProvenancedFileDataset[Mapping[str, bytes]]):
    """Saves and loads some WebP files by name, with provenance in the zip's comment.

    Examples:
        Using the YAML API:

        ```yaml
        report_pictures:
          type: sea_ice_kedro.datasets.PictureBundleDataset
          filepath: data/08_reporting/report_pictures/s2_vis_00.zip
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import PictureBundleDataset
        >>> pictures = PictureBundleDataset(filepath="s2_vis_00.zip").load()
        >>> pictures["classes"][:4]
        b'RIFF'
    """

    def save(self, data: Mapping[str, bytes]) -> None:
        """Write the pictures, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        with write_errors(self._filepath), writing(self._filepath) as part:
            # Stored, and all of one date: WebP is compressed, and the same pictures
            # give the same bytes.
            with zipfile.ZipFile(part, "w") as bundle:
                for name, picture in data.items():
                    bundle.writestr(zipfile.ZipInfo(name + _ENDING), picture)
                bundle.comment = json.dumps(self._provenance).encode()

    def load(self) -> dict[str, bytes]:
        """Read the pictures back, by name."""
        with reading(self._filepath) as path, zipfile.ZipFile(path) as bundle:
            return {
                name.removesuffix(_ENDING): bundle.read(name)
                for name in bundle.namelist()
            }
