"""Links from the report to the products of each scene."""

import posixpath
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:  # a third of a second, which only a catalogue's reader needs
    import pystac


def products_of(
    catalogue: "pystac.Catalog", scene_ids: Collection[str]
) -> dict[str, Mapping[str, str]]:
    """List what the static STAC catalogue describes of some scenes.

    Args:
        catalogue: In a folder beside the report, as in `conf/base`.
        scene_ids: Which scenes; no item of another one is read.

    Returns:
        Scene id -> title of each product -> its path from the report, as links have it.
    """
    beside = posixpath.dirname(posixpath.dirname(str(catalogue.get_self_href())))
    links = [link for one in catalogue.get_children() for link in one.get_item_links()]
    wanted = [link for link in links if _named(link) in scene_ids]
    return {
        _named(link): {
            asset.title or name: quote(
                posixpath.relpath(str(asset.get_absolute_href()), beside)
            )
            for name, asset in _item(link, catalogue).assets.items()
        }
        for link in wanted
    }


def _item(link: "pystac.Link", catalogue: "pystac.Catalog") -> "pystac.Item":
    item: pystac.Item = link.resolve_stac_object(catalogue).target  # type: ignore[assignment]
    return item


def _named(link: "pystac.Link") -> str:
    """Return the id of an item, by which its file is called."""
    return posixpath.basename(str(link.get_href())).removesuffix(".json")
