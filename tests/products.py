"""Small Sentinel-2 products as ESA packs them; every number is made here."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
import rasterio.warp

from tests.fabricate import quiet

CORNER = (399960.0, 1900020.0)
"""Upper left of granule T03CWT's neighbour: UTM 3 S, the Ross Sea."""

PIXEL_M = {"B10": 60, "B11": 20, "B12": 20}

NAME = "S2B_MSIL{level}_20191103T190919_N{number}_R013_T03CWT_20191103T202518"

_OFFSETS = """<{kind}_ADD_OFFSET band_id="{band}">{offset}</{kind}_ADD_OFFSET>"""

_MAIN = """<?xml version="1.0" encoding="UTF-8"?>
<n1:Product xmlns:n1="https://example.org/psd"><n1:General_Info>
<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
{images}
{quantification}
{offsets}
</n1:General_Info><n1:Geometric_Info>
<EXT_POS_LIST>{outline}</EXT_POS_LIST></n1:Geometric_Info>
<Cloud_Coverage_Assessment>{cloud}</Cloud_Coverage_Assessment>
</n1:Product>"""

_GRANULE = """<?xml version="1.0" encoding="UTF-8"?>
<n1:Tile xmlns:n1="https://example.org/psd"><n1:General_Info>
<TILE_ID>S2B_OPER_MSI_L{level}_TL_SGS__20191103T202518_A013899_T03CWT_N{baseline}</TILE_ID>
<SENSING_TIME>2019-11-03T19:09:21.123Z</SENSING_TIME></n1:General_Info>
<n1:Geometric_Info><Tile_Geocoding>
<HORIZONTAL_CS_CODE>EPSG:32703</HORIZONTAL_CS_CODE>
<Size resolution="10"><NROWS>{rows}</NROWS><NCOLS>{columns}</NCOLS></Size>
<Size resolution="60"><NROWS>1</NROWS><NCOLS>1</NCOLS></Size>
<Geoposition resolution="10"><ULX>{left}</ULX><ULY>{top}</ULY><XDIM>10</XDIM><YDIM>-10</YDIM></Geoposition>
</Tile_Geocoding><Mean_Sun_Angle><ZENITH_ANGLE unit="deg">61.5</ZENITH_ANGLE></Mean_Sun_Angle>
</n1:Geometric_Info></n1:Tile>"""


@dataclass
class Fabricated:
    """How a product is made."""

    numbers: np.ndarray
    """uint16 (3, H, W): red, green, blue."""

    level: str = "1C"
    baseline: str = "02.08"
    offset: int | None = None
    suffix: str = ".jp2"
    outline: str | None = None
    shortwave: dict = field(default_factory=dict)
    """"B10", "B11" or "B12" -> uint16, in pixels of 60 or 20 m."""

    @property
    def name(self):
        """The product's name."""
        number = self.baseline.replace(".", "")
        return NAME.format(level=self.level, number=number)

    def write(self, folder):
        """Write the `.SAFE` folder, and give its path."""
        root = Path(folder) / f"{self.name}.SAFE"
        granule = f"GRANULE/L{self.level}_T03CWT_A013899_20191103T190921"
        names = {b: self._image(granule, b) for b in ("B04", "B03", "B02")}
        sizes, pixels = {}, dict(zip(names, self.numbers, strict=True))
        names |= {b: self._image(granule, b, PIXEL_M[b]) for b in self.shortwave}
        for band, numbers in (pixels | self.shortwave).items():
            path = root / (names[band] + self.suffix)
            write_band(path, numbers, pixel_m=PIXEL_M.get(band, 10))
            sizes[names[band] + self.suffix] = path.stat().st_size
        (root / f"MTD_MSIL{self.level}.xml").write_text(self._main(names))
        height, width = self.numbers.shape[1:]
        (root / granule / "MTD_TL.xml").write_text(
            _GRANULE.format(
                level=self.level,
                baseline=self.baseline,
                rows=height,
                columns=width,
                left=CORNER[0],
                top=CORNER[1],
            )
        )
        streams = "".join(
            f'<byteStream size="{size}"><fileLocation href="./{name}"/></byteStream>'
            for name, size in sizes.items()
        )
        (root / "manifest.safe").write_text(f"<manifest>{streams}</manifest>")
        return root

    def zipped(self, folder):
        """Write the product as a zip, and give its path."""
        root = self.write(folder)
        archive = shutil.make_archive(
            str(root.with_suffix("")), "zip", root.parent, root.name
        )
        shutil.rmtree(root)
        return Path(archive)

    def _image(self, granule, band, pixel_m=10):
        start = "T03CWT_20191103T190919"
        if self.level == "2A":
            return f"{granule}/IMG_DATA/R{pixel_m}m/{start}_{band}_{pixel_m}m"
        return f"{granule}/IMG_DATA/{start}_{band}"

    def _main(self, names):
        kind = "BOA" if self.level == "2A" else "RADIO"
        quantification = "BOA_QUANTIFICATION_VALUE"
        if self.level == "1C":
            quantification = "QUANTIFICATION_VALUE"
        offsets = ""
        if self.offset is not None:
            offsets = "".join(
                _OFFSETS.format(kind=kind, band=band, offset=self.offset)
                for band in range(13)
            )
        return _MAIN.format(
            baseline=self.baseline,
            images="".join(
                f"<IMAGE_FILE>{name}</IMAGE_FILE>" for name in names.values()
            ),
            quantification=f"<{quantification}>10000</{quantification}>",
            offsets=offsets,
            outline=self.outline or outline_of(self.numbers.shape[1:]),
            cloud=12.5,
        )


def outline_of(shape, margin_m=100.0):
    """Give latitudes and longitudes around the granule, as ESA lists them."""
    left, top = CORNER
    right, bottom = left + shape[1] * 10, top - shape[0] * 10
    xs = [left - margin_m, right + margin_m, right + margin_m, left - margin_m]
    ys = [top + margin_m, top + margin_m, bottom - margin_m, bottom - margin_m]
    longitudes, latitudes = rasterio.warp.transform("EPSG:32703", "EPSG:4326", xs, ys)
    pairs = zip(latitudes, longitudes, strict=True)
    return " ".join(f"{y} {x}" for y, x in pairs)


def write_band(path, numbers, pixel_m=10, **profile):
    """Write one band of uint16 (or `dtype`), lossless, as the ending says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    jp2 = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}
    options = jp2 if path.suffix == ".jp2" else {"driver": "GTiff"}
    height, width = numbers.shape
    with (
        quiet(),
        rasterio.open(
            path,
            "w",
            count=1,
            height=height,
            width=width,
            crs="EPSG:32703",
            transform=rasterio.Affine(pixel_m, 0, CORNER[0], 0, -pixel_m, CORNER[1]),
            **{"dtype": "uint16", **options, **profile},
        ) as file,
    ):
        file.write(numbers, 1)
    return path


def ice_numbers(height=128, width=160, seed=0, offset=0):
    """Digital numbers of ice and water, no data in a corner: uint16 (3, H, W)."""
    rng = np.random.default_rng(seed)
    blocks = rng.choice([600, 4300, 9200], (-(-height // 16), -(-width // 16)))
    surface = np.kron(blocks, np.ones((16, 16), int))[:height, :width]
    numbers = surface + rng.integers(-150, 150, (3, height, width)) - offset
    numbers[:, :10, :12] = 0
    return numbers.astype(np.uint16)


def shortwave_numbers(height=128, width=160, cloud=None, offset=0):
    """B10, B11 and B12 of dark ice, with cloud in a window of 10 m pixels of it."""
    bands = {}
    for band, (dark, bright) in {
        "B10": (20, 800),
        "B11": (900, 5500),
        "B12": (600, 4000),
    }.items():
        factor = PIXEL_M[band] // 10
        fine = np.full((height, width), dark - offset)
        if cloud is not None:
            fine[cloud] = bright - offset
        bands[band] = fine[::factor, ::factor].astype(np.uint16)
    return bands
