"""A page for a browser, as one HTML file."""

from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors


class WebPageDataset(WholeFileDataset[str]):
    """Saves and loads one HTML page as text, UTF-8.

    Examples:
        Using the YAML API:

        ```yaml
        report:
          type: sea_ice_kedro.datasets.WebPageDataset
          filepath: data/08_reporting/report.html
        ```
    """

    def save(self, data: str) -> None:
        """Write the page, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        with write_errors(self._filepath), writing(self._filepath) as part:
            part.write_text(data, encoding="utf-8")

    def load(self) -> str:
        """Read the page back."""
        with reading(self._filepath) as path:
            return path.read_text(encoding="utf-8")
