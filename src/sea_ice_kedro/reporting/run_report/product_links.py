"""Links from the report to the products of each scene."""

import posixpath
from collections.abc import Collection, Mapping
from urllib.parse import quote

import pystac


def products_of(
    catalogue: pystac.Catalog, scene_ids: Collection[str]
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
    items = [link.resolve_stac_object(catalogue).target for link in wanted]
    return {
        item.id: {
            asset.title or name: quote(
                posixpath.relpath(str(asset.get_absolute_href()), beside)
            )
            for name, asset in item.assets.items()
        }
        for item in items
        if isinstance(item, pystac.Item)
    }


def _named(link: pystac.Link) -> str:
    """Return the id of an item, by which its file is called."""
    return posixpath.basename(str(link.get_href())).removesuffix(".json")
