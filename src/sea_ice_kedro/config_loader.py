"""The configuration of a run: parts are read once, entries get their layer."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException, OmegaConfigLoader
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.yaml_files import expect_settings, line_of

_UNREADABLE = (
    *(YAMLError, OmegaConfBaseException, UnicodeDecodeError),
    *(AttributeError, TypeError),
)
"""What Kedro and OmegaConf raise of files that are no settings."""

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
            InvalidOption: naming the file, and the line, that cannot be read; or a
                value of `--params` that stands for another one.
        """
        _expect_plain(self.runtime_params or {})
        if key in self:  # set by somebody: not read from files
            return super().__getitem__(key)
        asked = (key, str(self.base_env), str(self.env), repr(self.runtime_params))
        if asked not in self._read:
            with self._file_named(key):
                found = super().__getitem__(key)
            self._read[asked] = with_layers(found) if key == "catalog" else found
        return deepcopy(self._read[asked])

    @contextmanager
    def _file_named(self, key: str) -> Iterator[None]:
        try:
            yield
        except MissingConfigException:
            raise
        except _UNREADABLE as error:
            paths = self._files(key)
            for path in paths:
                expect_settings(path)
            name = getattr(error, "full_key", None) or ""
            said = (str(error).splitlines() or [""])[0]
            raise InvalidOption(
                f"{line_of(name, paths)}expected {name or key} to be a value, or a "
                f"reference to one that there is (${{...}}), got {said}; mend it there"
            ) from None

    def _files(self, key: str) -> list[Path]:
        """Name the files that a part is read from; those of an archive are not."""
        source = Path(self.conf_source)
        folders = [source / str(e) for e in (self.base_env, self.env) if e]
        if self.env is None:
            folders.append(source / str(self.default_run_env))
        # globals come into the other parts by reference.
        patterns = [*self.config_patterns[key], *self.config_patterns["globals"]]
        found = {
            path: None
            for folder in folders
            if folder.is_dir()
            for pattern in patterns
            for path in sorted(folder.glob(pattern))
            if path.suffix in {".yml", ".yaml", ".json"}
        }
        return list(found)


def _sign_in(value: object) -> str:
    """Return what makes OmegaConf look a value up: "${", "???", or "" for none."""
    if isinstance(value, list):
        return next(filter(None, map(_sign_in, value)), "")
    if value == "???":
        return "???"
    return "${" if "${" in str(value) else ""


def _expect_plain(given: Mapping[str, Any], above: str = "") -> None:
    """Refuse values that OmegaConf would look up: that of a variable may be secret.

    Raises:
        InvalidOption: naming the setting.
    """
    for key, value in given.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            _expect_plain(value, f"{name}.")
        elif found := _sign_in(value):
            raise InvalidOption(
                f"expected a plain value of {name} in --params, got one with {found}, "
                "which would be looked up elsewhere, and shown; give the value itself "
                '(in double quotes, the shell puts in a variable: "a.b=$NAME"), or '
                "refer to it in a file of conf/"
            )


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
