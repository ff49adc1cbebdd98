"""The configuration of a run: parts are read once, entries are told their layer."""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from kedro.config import OmegaConfigLoader

_LAYER = re.compile(r"/(\d\d_[a-z_]+)(?=/)")
"""A folder below the data root: "08_reporting"."""


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
            found = super().__getitem__(key)
            self._read[asked] = with_layers(found) if key == "catalog" else found
        return deepcopy(self._read[asked])


def with_layers(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Have kedro-viz draw each dataset in the layer of the folder that it lies in.

    An entry, or the pattern of many, that names a layer itself keeps that one.

    Args:
        entries: The catalog; returned with `metadata` of kedro-viz.
    """
    layered = {}
    for name, entry in entries.items():
        place = str(entry.get("path") or entry.get("filepath") or "")
        layers = _LAYER.findall(f"/{place}/")
        told = dict(entry.get("metadata") or {})
        viz = dict(told.get("kedro-viz") or {})
        if layers and "layer" not in viz:
            told["kedro-viz"] = {**viz, "layer": layers[-1]}
        layered[name] = {**entry, "metadata": told} if told else dict(entry)
    return layered
