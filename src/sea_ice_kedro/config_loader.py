"""The configuration of a run, of which each part is read once."""

from copy import deepcopy
from typing import Any

from kedro.config import OmegaConfigLoader


class ReadOnceConfigLoader(OmegaConfigLoader):
    """Kedro's loader, which remembers what it has read.

    Kedro's own reads all files of a part again each time that it is asked for it. Hooks
    and Kedro ask 26 times in a run: half the time of one that has nothing to do.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Kedro's
        """Take what Kedro's loader takes."""
        self._read: dict[tuple[str, ...], dict[str, Any]] = {}
        super().__init__(*args, **kwargs)

    def __getitem__(self, key: str) -> dict[str, Any]:
        """Return a part of the configuration, "parameters" for instance.

        Copies of a loader, whose environment or `--params` may be others, share what
        was read.

        Raises:
            KeyError: if there is no such part.
            MissingConfigException: if no file has it.
        """
        if key in self:  # set by somebody: not read from files
            return super().__getitem__(key)
        asked = (key, str(self.base_env), str(self.env), repr(self.runtime_params))
        if asked not in self._read:
            self._read[asked] = super().__getitem__(key)
        return deepcopy(self._read[asked])
