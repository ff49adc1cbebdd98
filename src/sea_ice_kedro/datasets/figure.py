"""An interactive figure of plotly, as JSON, and as SVG and PNG for a paper."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_datasets._typing import PlotlyPreview

from sea_ice_kedro.datasets.whole_file import WholeFileDataset, damage_named
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors
from sea_ice_kedro.rasters.remote import locate

if TYPE_CHECKING:
    import plotly.graph_objects as go


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
