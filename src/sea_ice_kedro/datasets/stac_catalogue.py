"""A static STAC catalogue: a folder of JSON files that refer to each other."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from kedro.io import AbstractDataset

from sea_ice_kedro.addresses import as_link, link_name
from sea_ice_kedro.rasters.files import browsing, remove, writing
from sea_ice_kedro.rasters.geotiff import write_errors
from sea_ice_kedro.rasters.remote import locate

if TYPE_CHECKING:
    import pystac

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
