"""Which bands a SAFE product has, and whether their files are there, whole."""

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.sources.safe_files import Product
from sea_ice_kedro.sources.safe_xml import XmlFile

_IMAGES = ("IMAGE_FILE", "IMAGE_FILE_2A")
"""The latter in the first L2A products, of 2017."""


def main_metadata(product: Product) -> tuple[str, XmlFile]:
    """Find a product's level, "1C" or "2A", and open its main metadata.

    Raises:
        InvalidScene: if there are none.
    """
    found = [n for n in product.sizes if re.fullmatch(r"MTD_MSIL(1C|2A)\.xml", n)]
    if len(found) != 1:
        raise InvalidScene(
            f"{product.path.name}: expected MTD_MSIL1C.xml or MTD_MSIL2A.xml in it, "
            f"got {', '.join(found) or 'neither'}; the product is incomplete, or older "
            "than December 2016: download it again in today's format"
        )
    return found[0][8:10], XmlFile(product, found[0])


def listed_band(main: XmlFile, band: str, level: str, pixel_m: int) -> str | None:
    """Give a band's name below the `.SAFE` folder, without ending; None: not listed."""
    ending = f"_{band}_{pixel_m}m" if level == "2A" else f"_{band}"
    listed = (element for tag in _IMAGES for element in main.root.iter(tag))
    names = ((e.text or "").strip() for e in listed)
    return next((name for name in names if name.endswith(ending)), None)


def file_of_band(main: XmlFile, name: str) -> str | None:
    """Return a listed band's file, JP2 or GeoTIFF; None where it is not there."""
    files = (name + suffix for suffix in (".jp2", ".tif"))
    return next((file for file in files if file in main.product.sizes), None)


def expect_whole(product: Product, bands: Iterable[str]) -> tuple[str, ...]:
    """Compare the bands' sizes with the product's list of files; give its digests.

    Raises:
        InvalidScene: if there is no such list, or a band has another size.
    """
    if "manifest.safe" not in product.sizes:
        raise InvalidScene(
            f"{product.path.name}: expected manifest.safe in it, got none; the product "
            "is incomplete: download it again"
        )
    manifest = XmlFile(product, "manifest.safe")
    stated: dict[str, tuple[str | None, str]] = {}
    for stream in manifest.root.iter("byteStream"):
        for location in stream.iter("fileLocation"):
            href = location.get("href", "").removeprefix("./")
            stated[href] = stream.get("size"), _digest(stream)
    for band in bands:
        size, _ = stated.get(band, (None, ""))
        if size is not None and size != str(product.sizes[band]):
            manifest.fail(
                f"{size} bytes of {band.rpartition('/')[2]}",
                str(product.sizes[band]),
                "it was downloaded in part: download it again",
            )
    return tuple(stated.get(band, (None, ""))[1] for band in bands)


def _digest(stream: ElementTree.Element) -> str:
    for element in stream.iter("checksum"):
        value = (element.text or "").strip().lower()
        return f"{element.get('checksumName', '').upper()}:{value}"
    return ""
