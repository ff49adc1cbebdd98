"""The record of the runs of a data root, as one small JSON file."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.errors import MALFORMED, InvalidRecord
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors
from sea_ice_kedro.run_record import RunRecord, record_of

logger = logging.getLogger(__name__)

_FORMAT = 1
"""Of the file; a record of another format is begun anew."""


class RunRecordDataset(WholeFileDataset[RunRecord]):
    """Saves and loads the `RunRecord` that `hooks.RecordHooks` keeps.

    Where no run was recorded yet, an empty record is loaded.

    Examples:
        Using the YAML API:

        ```yaml
        run_record:
          type: sea_ice_kedro.datasets.RunRecordDataset
          filepath: data/08_reporting/run_record.json
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import RunRecordDataset
        >>> record = RunRecordDataset(filepath="run_record.json").load()
        >>> [(step.node, step.elapsed_s) for step in record.latest]
    """

    def save(self, data: RunRecord) -> None:
        """Write the record, whole or not at all, without keys in addresses.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        text = without_keys(json.dumps({"format": _FORMAT, **asdict(data)}, indent=1))
        with write_errors(self._filepath), writing(self._filepath) as part:
            part.write_text(text + "\n", encoding="utf-8")

    def load(self) -> RunRecord:
        """Read the record back; an empty one where there is none.

        Raises:
            InvalidRecord: if the file holds something else.
        """
        if not super()._exists():
            return RunRecord()
        with reading(self._filepath) as path:
            content = path.read_bytes()
        try:
            values = json.loads(content.decode())
            if values["format"] != _FORMAT:
                logger.warning(
                    "%s: of another version of this software; begun anew",
                    self._filepath,
                )
                return RunRecord()
            return record_of(values)
        except MALFORMED as error:
            raise InvalidRecord(
                f"{Path(self._filepath).name}: expected the record of runs that this "
                f"project writes, got something else ({error}). It holds times and "
                "failures only: remove it, and the next run begins another"
            ) from error

    def _exists(self) -> bool:
        return True  # an empty record is a record
