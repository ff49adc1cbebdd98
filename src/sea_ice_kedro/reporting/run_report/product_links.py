"""Links from the report to the products of each scene."""

import posixpath
from collections.abc import Mapping
from urllib.parse import quote

import pystac


def products_of(catalogue: pystac.Catalog) -> dict[str, Mapping[str, str]]:
    """List what the static STAC catalogue describes of each scene.

    Args:
        catalogue: In a folder beside the report, as in `conf/base`.

    Returns:
        Id of an item -> title of each product -> its path from the report, as links
        have it.
    """
    beside = posixpath.dirname(posixpath.dirname(str(catalogue.get_self_href())))
    return {
        item.id: {
            asset.title or name: quote(
                posixpath.relpath(str(asset.get_absolute_href()), beside)
            )
            for name, asset in item.assets.items()
        }
        for item in catalogue.get_items(recursive=True)
    }
