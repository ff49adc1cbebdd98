"""Metadata of a SAFE product: bands and their files, calibration, place, time."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from xml.etree import ElementTree

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Acquisition, Georeference
from sea_ice_kedro.imagery.reflectance import Calibration, Calibrations
from sea_ice_kedro.sources.cutting import Grid
from sea_ice_kedro.sources.plausible import (
    elevation,
    expect_calibration,
    expect_place,
    expect_shape,
    percentage,
)
from sea_ice_kedro.sources.regions import Region, outline
from sea_ice_kedro.sources.safe_files import Product


class XmlFile:
    """One XML file: the first element of a name is the one that is meant."""

    def __init__(self, product: Product, name: str) -> None:
        """Read it.

        Args:
            product: The folder or zip that it is in.
            name: Below the `.SAFE` folder.

        Raises:
            InvalidScene: if it is missing, or no XML.
        """
        self.place = f"{product.path.name}, {name}"
        """Its name in messages."""

        self.product = product
        try:
            self.root = ElementTree.fromstring(product.read(name))
        except ElementTree.ParseError as error:
            raise InvalidScene(
                f"{self.place}: expected XML, got {error}; the product is damaged: "
                "download it again"
            ) from error

    def text(self, *tags: str) -> str:
        """Return the text of the first element of a name, or of its older names."""
        for tag in tags:
            for element in self.root.iter(tag):
                return (element.text or "").strip()
        self.fail(f"<{tags[0]}>", "none")

    def number(self, *tags: str) -> float:
        """Return the number in the first element of a name, or of its older names."""
        return self.as_number(tags[0], self.text(*tags))

    def as_number(self, tag: str, text: str | None) -> float:
        """Read a number."""
        try:
            number = float(text or "")
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"a number in <{tag}>", repr(text))
        return number

    def as_whole_number(self, tag: str, text: str | None) -> int:
        """Read a number that has no fraction: of pixels, or metres of a corner."""
        number = self.as_number(tag, text)
        if not number.is_integer():
            self.fail(f"a whole number in <{tag}>", repr(text))
        return int(number)

    def fail(self, expected: str, got: str, way_out: str = "") -> NoReturn:
        """Raise an error that names what is not as expected."""
        raise InvalidScene(
            f"{self.place}: expected {expected}, got {got}; "
            + (way_out or "is it ESA's own product, and complete? Download it again")
        )


# --- Which bands a SAFE product has, and whether their files are there, whole

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


# --- Metadata of a SAFE product: bands, calibration, place, time

BANDS = {"B04": "3", "B03": "2", "B02": "1"}
"""Red, green and blue, and their `band_id` in the lists of offsets."""

_QUANTIFICATION = {
    "1C": ("QUANTIFICATION_VALUE",),
    "2A": ("BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE"),
}
"""By level, with the names of the first L2A products, of 2017."""

_LAUNCH = datetime(2015, 6, 23, tzinfo=UTC)

_PLAIN_BASELINES = re.compile(r"N0[0-3]\d\d")
"""Baselines before the offset: 02.00 to 03.01."""


@dataclass(frozen=True)
class SafeFacts:
    """One product's metadata, as far as scenes need them."""

    grid: Grid
    bands: tuple[str, str, str]
    """Names below the `.SAFE` folder of red, green and blue."""

    digests: tuple[str, ...]
    """Of their content, as the product states them, "MD5:...", or ""."""

    calibrations: Calibrations
    acquisition: Acquisition
    acquired: datetime
    outline: Region


def read_facts(product: Product, offset: int | None = None) -> SafeFacts:
    """Read the metadata of a product, and check that its bands are there, whole.

    Args:
        product: The folder or zip.
        offset: Of digital numbers, where the metadata should have one and have none.

    Raises:
        InvalidScene: if something is missing, or is not as ESA writes it.
    """
    level, main = main_metadata(product)
    bands = tuple(_band_file(main, name, level) for name in BANDS)
    digests = expect_whole(product, bands)
    granule = XmlFile(product, f"{'/'.join(bands[0].split('/')[:2])}/MTD_TL.xml")
    baseline = _baseline(main)
    return SafeFacts(
        grid=_grid(granule),
        bands=bands,  # type: ignore[arg-type]
        digests=digests,
        calibrations=_calibrations(main, level, baseline, offset),
        acquisition=Acquisition(
            granule=_granule_name(granule),
            sun_elevation_deg=elevation(90.0 - _sun_zenith(granule)),
            cloud_percentage=percentage(main.number("Cloud_Coverage_Assessment")),
            processing_baseline=baseline,
            asset_id=product.name,
        ),
        acquired=_time(granule),
        outline=_outline(main),
    )


def _baseline(main: XmlFile) -> str:
    return "N" + main.text("PROCESSING_BASELINE").replace(".", "")


def _band_file(main: XmlFile, band: str, level: str) -> str:
    """Find a band's file at 10 m."""
    name = listed_band(main, band, level, 10)
    if name is None:
        main.fail(f"band {band} among its <IMAGE_FILE>", "none")
    return file_of_band(main, name) or main.fail(
        f"band {band} in {name.rpartition('/')[2]}.jp2",
        "no such file",
        "the product is incomplete: download it again",
    )


def _calibrations(
    main: XmlFile, level: str, baseline: str, offset: int | None
) -> Calibrations:
    red, green, blue = calibrations_of_bands(
        main, level, baseline, offset, BANDS.values()
    )
    return red, green, blue


def calibrations_of_bands(
    main: XmlFile,
    level: str,
    baseline: str,
    offset: int | None,
    band_ids: Iterable[str],
) -> list[Calibration]:
    """Read what turns the numbers of some bands into reflectance.

    Args:
        main: The product's main metadata.
        level: "1C" or "2A".
        baseline: "N0400".
        offset: Of digital numbers, where the metadata should have one and have none.
        band_ids: As ESA numbers bands in its lists, "0" (B01) to "12" (B12).

    Raises:
        InvalidScene: if something is missing.
    """
    tag = "BOA" if level == "2A" else "RADIO"
    quantification = main.number(*_QUANTIFICATION[level])
    if quantification <= 0:
        main.fail("a quantification value > 0", str(quantification))
    offsets = {
        element.get("band_id"): main.as_number(element.tag, element.text)
        for element in main.root.iter(f"{tag}_ADD_OFFSET")
    }
    found = [
        Calibration(
            1 / quantification,
            _offset(main, f"{tag}_ADD_OFFSET", offsets, band_id, baseline, offset)
            / quantification,
        )
        for band_id in band_ids
    ]
    for calibration in found:
        expect_calibration(calibration, f"{main.place}, quantification and offset")
    return found


def _offset(  # noqa: PLR0913 - all that decides on it
    main: XmlFile,
    tag: str,
    offsets: dict[str | None, float],
    band_id: str,
    baseline: str,
    otherwise: int | None,
) -> float:
    """Take the offset from the metadata, never from a date: old scenes are redone."""
    if band_id in offsets:
        return offsets[band_id]
    if not offsets and _PLAIN_BASELINES.fullmatch(baseline):
        return 0.0
    if otherwise is not None:
        return float(otherwise)
    main.fail(
        f"<{tag} band_id={band_id!r}>, which products have from baseline 04.00 on",
        f"none, and baseline {baseline}",
        "water would look like ice with the wrong one. If you know it, add --params "
        "ingestion.safe.offset=-1000 (or 0); else download the product again",
    )


def _grid(granule: XmlFile) -> Grid:
    shape, corner = None, None
    for size in granule.root.iter("Size"):
        if size.get("resolution") == "10":
            rows, columns = (_whole(granule, size, t) for t in ("NROWS", "NCOLS"))
            shape = rows, columns
    for position in granule.root.iter("Geoposition"):
        if position.get("resolution") == "10":
            corner = [
                _whole(granule, position, t) for t in ("ULX", "ULY", "XDIM", "YDIM")
            ]
    if shape is None or corner is None:
        granule.fail("<Size> and <Geoposition> at 10 m", "none")
    left, top, dx, dy = corner
    crs = granule.text("HORIZONTAL_CS_CODE")
    grid = Grid(
        Georeference(crs, (float(dx), 0.0, float(left), 0.0, float(dy), float(top))),
        shape,
    )
    expect_shape(grid.shape, granule.place)
    expect_place(grid.georeference, granule.place, grid.shape)
    return grid


def _whole(reader: XmlFile, element: ElementTree.Element, tag: str) -> int:
    """ESA writes sizes and corners of grids as whole numbers."""
    return reader.as_whole_number(tag, element.findtext(tag))


def _granule_name(granule: XmlFile) -> str:
    name = granule.text("TILE_ID", "TILE_ID_2A")
    found = re.search(r"_(T\d{2}[A-Z]{3})(_|$)", name)
    if found is None:
        granule.fail("the granule's name in <TILE_ID>", name)
    return found.group(1)


def _sun_zenith(granule: XmlFile) -> float:
    for mean in granule.root.iter("Mean_Sun_Angle"):
        return granule.as_number("ZENITH_ANGLE", mean.findtext("ZENITH_ANGLE"))
    granule.fail("<Mean_Sun_Angle>", "none")


def _time(granule: XmlFile) -> datetime:
    text = granule.text("SENSING_TIME")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        granule.fail("a time in <SENSING_TIME>", repr(text))
    time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    if not _LAUNCH <= time <= datetime.now(UTC) + timedelta(days=1):
        granule.fail("a time since Sentinel-2A was launched in <SENSING_TIME>", text)
    return time


def _outline(main: XmlFile) -> Region:
    """Read the product's outline, a list of latitudes and longitudes."""
    text = main.text("EXT_POS_LIST")
    numbers = [main.as_number("EXT_POS_LIST", word) for word in text.split()]
    if len(numbers) < 6 or len(numbers) % 2:  # noqa: PLR2004 - three corners
        main.fail("at least three corners in <EXT_POS_LIST>", repr(text))
    return Region((outline(zip(numbers[1::2], numbers[::2], strict=True)),))
