"""An interactive figure of plotly, as JSON."""

import json
from typing import TYPE_CHECKING

from kedro_datasets._typing import PlotlyPreview

from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors

if TYPE_CHECKING:
    import plotly.graph_objects as go


class FigureDataset(WholeFileDataset["go.Figure"]):
    """Saves and loads one plotly figure.

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
        """Write the figure, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        with write_errors(self._filepath), writing(self._filepath) as part:
            part.write_text(data.to_json(), encoding="utf-8")

    def load(self) -> "go.Figure":
        """Read the figure back."""
        # Late: plotly costs a third of a second, and most commands load no figure.
        import plotly.io as pio  # noqa: PLC0415

        return pio.from_json(self._text())

    def preview(self) -> PlotlyPreview:
        """Give the figure to kedro-viz, as it is stored."""
        return PlotlyPreview(json.loads(self._text()))

    def _text(self) -> str:
        with reading(self._filepath) as path:
            return path.read_text(encoding="utf-8")
