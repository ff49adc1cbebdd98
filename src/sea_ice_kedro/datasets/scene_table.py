"""A table with a row a scene, as CSV; ids such as "001" or "NA" stay text."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_datasets._typing import TablePreview

from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.errors import InvalidRecord
from sea_ice_kedro.plain_text import as_cell, from_cell
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors

if TYPE_CHECKING:
    import pandas as pd


class SceneTableDataset(WholeFileDataset["pd.DataFrame"]):
    """Saves and loads a table with a row a scene; its index is not kept.

    Column `scene_id` is text, whatever the ids look like. In the other columns, too,
    only an empty field means "no value". A text that a spreadsheet would run as a
    formula has "'" before it in the file, and not when it is loaded.

    Examples:
        Using the YAML API:

        ```yaml
        scene_index:
          type: sea_ice_kedro.datasets.SceneTableDataset
          filepath: data/03_primary/scene_index.csv
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import SceneTableDataset
        >>> index = SceneTableDataset(filepath="scene_index.csv").load()
    """

    def save(self, data: "pd.DataFrame") -> None:
        """Write the table, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        with write_errors(self._filepath), writing(self._filepath) as part:
            _changed(data, as_cell).to_csv(part, index=False, lineterminator="\n")

    def load(self) -> "pd.DataFrame":
        """Read the table back.

        Raises:
            InvalidRecord: if it is not whole, or no table.
        """
        return self._read()

    def preview(self, nrows: int = 20) -> TablePreview:
        """Return the first rows for kedro-viz.

        Args:
            nrows: How many rows to show.
        """
        return TablePreview(self._read(nrows).to_dict(orient="split"))

    @staticmethod
    def preview_first(
        first: "Callable[[int], list[pd.DataFrame]]", nrows: int = 20
    ) -> TablePreview:
        """Return the first rows of the first table of a folder for kedro-viz.

        Args:
            first: Loads the first ones of the folder.
            nrows: How many rows to show.
        """
        (table,) = first(1)
        return TablePreview(table.head(nrows).to_dict(orient="split"))

    def _read(self, nrows: int | None = None) -> "pd.DataFrame":
        # Late: a fifth of a second, and workers that make maps touch no table.
        import pandas as pd  # noqa: PLC0415

        with reading(self._filepath) as path:
            self._expect_whole(path)
            data = pd.read_csv(
                path,
                dtype={"scene_id": str},
                keep_default_na=False,
                na_values=[""],
                float_precision="round_trip",
                nrows=nrows,
            )
        return _changed(data, from_cell)

    def _expect_whole(self, path: Path) -> None:
        """Refuse a table that was cut: pandas fills up a row, and takes any header."""
        content, reason = path.read_bytes(), ""
        try:
            rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        except (UnicodeDecodeError, csv.Error) as error:
            rows, reason = [], str(error)
        if b"\0" in content:  # what a disk has where nothing was written
            rows, reason = [], "zero bytes"
        widths = {len(row) for row in rows if row}
        if len(widths) == 1 and content.endswith((b"\n", b"\r")):
            return
        if not reason and len(widths) > 1:
            reason = f"rows of {min(widths)} and of {max(widths)} fields"
        raise InvalidRecord(
            f"{Path(self._filepath).name}: expected a whole table as this project "
            f"writes it, got one that was cut or changed ({reason or 'no last line'}); "
            "remove it, and run the pipeline again that makes it"
        )


def _changed(
    data: "pd.DataFrame", change: Callable[[object], object]
) -> "pd.DataFrame":
    """Return a table with its texts changed; columns without such a text stay."""
    import pandas as pd  # noqa: PLC0415 - late, as above

    texts: dict[str, Any] = {}
    for column in data.columns:
        if not pd.api.types.is_numeric_dtype(data[column]):
            before = list(data[column])
            values = [change(value) for value in before]
            if any(new is not old for new, old in zip(values, before, strict=True)):
                texts[column] = pd.Series(values, data.index, dtype=object)
    return data.assign(**texts) if texts else data
