"""Files of JSON: scenes of a data root, the record of its runs, its STAC catalogue."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from kedro.io import AbstractDataset

from sea_ice_kedro.addresses import as_link, link_name, without_keys
from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.errors import MALFORMED, InvalidRecord
from sea_ice_kedro.rasters.files import browsing, reading, remove, writing
from sea_ice_kedro.rasters.geotiff import write_errors
from sea_ice_kedro.rasters.remote import is_on_disk, locate
from sea_ice_kedro.run_record import RunRecord, record_of

if TYPE_CHECKING:
    import pystac


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


# --- The record of the runs of a data root, as one small JSON file

logger = logging.getLogger(__name__)


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
        """Read the record back; return an empty one if none exists.

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


# --- A static STAC catalogue: a folder of JSON files that refer to each other

_ROOT = "catalog.json"


class StacCatalogueDataset(AbstractDataset["pystac.Catalog", "pystac.Catalog"]):
    """Saves and loads a catalogue whose links, also to the products, are relative.

    The folder may move together with the products.

    Examples:
        Using the YAML API:

        ```yaml
        product_catalogue:
          type: sea_ice_kedro.datasets.StacCatalogueDataset
          path: data/08_reporting/stac
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import StacCatalogueDataset
        >>> catalogue = StacCatalogueDataset(path="data/08_reporting/stac").load()
        >>> [item.id for item in catalogue.get_items(recursive=True)]
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Name the folder.

        Args:
            path: A path, or a URL that fsspec knows.
            metadata: Ignored by Kedro; read by kedro-viz.
        """
        self._path = path.rstrip("/")
        self.metadata = metadata

    def save(self, data: "pystac.Catalog") -> None:
        """Write all files, `catalog.json` last, and remove those of an earlier one.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        # Late: most commands write no catalogue.
        from pystac.layout import CustomLayoutStrategy  # noqa: PLC0415

        layout = CustomLayoutStrategy(item_func=_item_file)
        data.normalize_hrefs(as_link(self._root()), layout)
        written = set()
        for described in reversed([data, *_below(data)]):
            href = unquote(described.get_self_href())
            content = described.to_dict(include_self_link=False)
            with write_errors(href), writing(href) as part:
                text = json.dumps(content, indent=2, ensure_ascii=False)
                part.write_text(text + "\n", encoding="utf-8")
            written.add(locate(href)[1])
        filesystem, folder = locate(self._root())
        for stale in set(filesystem.find(folder)) - written:
            if stale.endswith(".json"):
                remove(filesystem.unstrip_protocol(stale))

    def load(self) -> "pystac.Catalog":
        """Read the catalogue; its items are read when they are asked for."""
        # Late: most commands read no catalogue.
        import pystac  # noqa: PLC0415
        from pystac.stac_io import DefaultStacIO  # noqa: PLC0415

        class FilesOfFsspec(DefaultStacIO):
            def read_text_from_href(self, href: str) -> str:
                with browsing(unquote(href)) as file:
                    return bytes(file.read()).decode()

        root = as_link(f"{self._root()}/{_ROOT}")
        return pystac.Catalog.from_file(root, FilesOfFsspec())

    def _root(self) -> str:
        return self._path if "://" in self._path else locate(self._path)[1]

    def _exists(self) -> bool:
        filesystem, path = locate(f"{self._path}/{_ROOT}")
        return bool(filesystem.exists(path))

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}


def _item_file(item: "pystac.Item", folder: str) -> str:
    """Name the file of an item so that links to it need no escapes."""
    name = link_name(item.id)
    return f"{folder}/{name}/{name}.json"


def _below(catalogue: "pystac.Catalog") -> list[Any]:
    """List collections, and then items, with links to products made relative."""
    from pystac.utils import make_relative_href  # noqa: PLC0415

    items = list(catalogue.get_items(recursive=True))
    for item in items:
        item.make_asset_hrefs_relative()
        here = item.get_self_href()
        for link in item.get_links("derived_from"):
            there = link.get_absolute_href()
            link.target = make_relative_href(str(there), str(here))
    return [*catalogue.get_children(), *items]
