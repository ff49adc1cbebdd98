"""One reflectance is one picture, whatever source it comes through."""

import numpy as np
import pytest

pytest.importorskip("ee")
pytest.importorskip("pystac_client")

from sea_ice_kedro.imagery.raw_scenes import render
from sea_ice_kedro.imagery.reflectance import BrightnessOptions
from sea_ice_kedro.sources import IngestionOptions, find_scenes
from tests.earth_engine import PROJECT, GranuleThere, serving
from tests.fabricate import write
from tests.products import Fabricated
from tests.web import item_of, write_catalogue

SEARCH = {"region": (-180, -78, -140, -70), "start": "2019-11-01", "end": "2019-11-30"}
BRIGHTNESS = BrightnessOptions(white_reflectance=0.95, gamma=1.1)


class EveryReflectance(GranuleThere):
    """A granule whose pixels take every digital number from 1 to 16 000."""

    def pixels(self, rows, columns):
        numbers = (np.arange(128 * 128).reshape(128, 128) % 16_000 + 1)[rows][
            :, columns
        ]
        mask = np.ones(numbers.shape, bool)
        bands = {"B4": numbers, "B3": numbers[::-1], "B2": numbers[:, ::-1]}
        return {
            **{name: (band, mask) for name, band in bands.items()},
            "QA60": (np.zeros_like(numbers), mask),
            "probability": (np.zeros_like(numbers), mask),
        }


GRANULE = EveryReflectance("20191103T190919_20191103T190917_T03CWT", shape=(128, 128))
WHOLE = np.arange(128)
NUMBERS = np.stack(
    [GRANULE.pixels(WHOLE, WHOLE)[band][0] for band in ("B4", "B3", "B2")]
).astype(np.uint16)


def only(options):
    (entry,) = find_scenes(options)
    if entry.download is None:
        return entry.scene().rgb
    return render(entry.download(), options.brightness).rgb


def by_earth_engine(folder, monkeypatch):
    with serving([GRANULE]) as server:
        key = server.key(folder / "key.json")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
        monkeypatch.setenv("EARTHENGINE_PROJECT", PROJECT)
        engine = {"url": server.url}
        return only(
            IngestionOptions(
                "earth_engine",
                brightness=BRIGHTNESS,
                search=SEARCH,
                earth_engine=engine,
            )
        )


def by_safe(folder, **product):
    Fabricated(**product).write(folder)
    return only(IngestionOptions("safe", str(folder), brightness=BRIGHTNESS))


def by_stac(folder, numbers, offset, baseline):
    raster = {"scale": 0.0001, "offset": offset}
    item = item_of(
        folder, numbers, raster=raster, **{"s2:processing_baseline": baseline}
    )
    catalogue = {"url": str(write_catalogue(folder, [item]))}
    return only(
        IngestionOptions("stac", brightness=BRIGHTNESS, search=SEARCH, stac=catalogue)
    )


def by_folder(folder, numbers, offset):
    write(folder / "a.tif", np.moveaxis(numbers, 0, -1))
    raster = {"scale": 0.0001, "offset": offset}
    return only(
        IngestionOptions("folder", str(folder), brightness=BRIGHTNESS, raster=raster)
    )


def test_the_same_reflectance_through_every_source_is_the_same_picture(
    tmp_path, monkeypatch
):
    shifted = NUMBERS + 1000
    new = {"numbers": shifted, "baseline": "05.10", "offset": -1000}
    places = [tmp_path / str(number) for number in range(8)]
    for place in places:
        place.mkdir()
    pictures = {
        "earth_engine": by_earth_engine(places[0], monkeypatch),
        "safe, L1C, offset 0": by_safe(places[1], numbers=NUMBERS),
        "safe, L1C, offset -1000": by_safe(places[2], **new),
        "safe, L2A, offset -1000": by_safe(places[3], level="2A", **new),
        "stac, offset 0": by_stac(places[4], NUMBERS, 0, "02.08"),
        "stac, offset -0.1": by_stac(places[5], shifted, -0.1, "05.10"),
        "folder, offset 0": by_folder(places[6], NUMBERS, 0.0),
        "folder, offset -0.1": by_folder(places[7], shifted, -0.1),
    }
    expected = np.rint(
        np.clip(NUMBERS / 10_000 / 0.95, 0, 1) ** (1 / 1.1) * 255
    ).astype(np.uint8)
    for name, rgb in pictures.items():
        assert np.array_equal(rgb, np.moveaxis(expected, 0, -1)), name
