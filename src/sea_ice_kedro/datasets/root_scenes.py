"""What scenes a data root is of, as one small JSON file at its top."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.errors import MALFORMED, InvalidRecord
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors
from sea_ice_kedro.rasters.remote import is_on_disk, locate

_FORMAT = 1

_PLACES: Mapping[str, tuple[str, ...]] = {
    "sample": (),
    "folder": ("folder",),
    "safe": ("folder",),
    "earth_engine": ("region",),
    "stac": ("url", "region"),
}
"""Source -> what tells where its scenes are from."""

_ANY = ("folder", "url", "region")
"""Of a source that is not among them."""


@dataclass(frozen=True)
class RootScenes:
    """The source of the scenes of a data root, and where they are from."""

    source: str
    folder: str | None = None
    """Absolute path, or a URL."""

    url: str | None = None
    """Of a STAC catalogue, without keys."""

    region: str | None = None
    """west/south/east/north in degrees, or the absolute path of a GeoJSON file."""

    area_of_interest: str | None = None
    """What of the scenes is wanted, as `region`; another one makes products again."""

    land: str | None = None
    """Absolute path or URL of the mask of land; another one makes products again."""

    @property
    def scenes(self) -> "RootScenes":
        """Which scenes these are, whatever is wanted of them."""
        return replace(self, area_of_interest=None, land=None)

    @property
    def words(self) -> str:
        """Say in a message which scenes: "source folder, folder /disk/ross_sea"."""
        said = asdict(self.scenes).items()
        return ", ".join(f"{k} {v}" for k, v in said if v is not None)


def root_scenes_of(ingestion: Mapping[str, Any]) -> RootScenes:
    """Take what tells where scenes are from out of `params:ingestion`."""
    source = str(ingestion["source"])
    found = {
        "folder": _path(ingestion.get("folder")),
        "url": _url((ingestion.get("stac") or {}).get("url")),
        "region": _region((ingestion.get("search") or {}).get("region")),
    }
    return RootScenes(
        source,
        **{k: found[k] for k in _PLACES.get(source, _ANY)},
        area_of_interest=_region(ingestion.get("area_of_interest")),
        land=_path(ingestion.get("land")),
    )


def _path(folder: object) -> str | None:
    if not folder:
        return None
    filesystem, path = locate(os.path.expanduser(str(folder)))
    return os.path.realpath(path) if is_on_disk(filesystem) else str(folder).rstrip("/")


def _url(url: object) -> str | None:
    return without_keys(str(url)) if url else None


def _region(region: Any) -> str | None:  # noqa: ANN401 - as somebody wrote it
    if region is None:
        return None
    parts = region.split("/") if isinstance(region, str) else region
    try:
        return "/".join(f"{float(part):g}" for part in parts)
    except (TypeError, ValueError):
        return _path(region)


class RootScenesDataset(WholeFileDataset[RootScenes]):
    """Saves and loads the `RootScenes` that `hooks.CheckHooks` keeps.

    Examples:
        Using the YAML API:

        ```yaml
        root_scenes:
          type: sea_ice_kedro.datasets.RootScenesDataset
          filepath: data/data_root.json
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import RootScenesDataset
        >>> RootScenesDataset(filepath="data/data_root.json").load().source
        'folder'
    """

    def save(self, data: RootScenes) -> None:
        """Write the file, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        text = json.dumps({"format": _FORMAT, **asdict(data)}, indent=1)
        with write_errors(self._filepath), writing(self._filepath) as part:
            part.write_text(text + "\n", encoding="utf-8")

    def load(self) -> RootScenes:
        """Read the file back.

        Raises:
            InvalidRecord: if it holds something else.
        """
        with reading(self._filepath) as path:
            content = path.read_bytes()
        try:
            values = json.loads(content.decode())
            if values.pop("format") != _FORMAT:
                raise ValueError("another format")
            return RootScenes(**values)
        except MALFORMED as error:
            raise InvalidRecord(
                f"{Path(self._filepath).name}: expected what this project notes of the "
                f"scenes of a data root (format {_FORMAT}, source, folder, url, "
                f"region, area_of_interest, land), got something else ({error}). Mend "
                "it, or remove it and name the source again: --params "
                "ingestion.source=..."
            ) from error
