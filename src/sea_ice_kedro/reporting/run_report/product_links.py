"""Links from the report to the products of each scene."""

import posixpath
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from sea_ice_kedro.addresses import link_name

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
    files = {f"{link_name(scene_id)}.json" for scene_id in scene_ids}
    wanted = [link for link in links if _file(link) in files]
    items = [_item(link, catalogue) for link in wanted]
    return {
        item.id: {
            asset.title or name: quote(
                posixpath.relpath(str(asset.get_absolute_href()), beside), "/%"
            )
            for name, asset in item.assets.items()
        }
        for item in items
    }


def _item(link: "pystac.Link", catalogue: "pystac.Catalog") -> "pystac.Item":
    item: pystac.Item = link.resolve_stac_object(catalogue).target  # type: ignore[assignment]
    return item


def _file(link: "pystac.Link") -> str:
    return posixpath.basename(str(link.get_href()))
