"""Small scenes and files to test with: seeded, made here, nothing is downloaded."""

import resource
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from sea_ice_kedro.imagery.arrays import Georeference, Scene

ROSS_SEA = Georeference("EPSG:3031", (10.0, 0.0, -300000.5, 0.0, -10.0, -1200000.25))
WHEN = datetime(2019, 11, 3, 19, 9, 21, tzinfo=UTC)

_DRIVERS = {".tif": "GTiff", ".png": "PNG", ".jpg": "JPEG"}


@contextmanager
def quiet():
    """Let rasterio not warn that a picture lies nowhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


@contextmanager
def without_room(size):
    """Have no file grow beyond so many bytes: the end of a disk; it needs no root."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def floes(height=48, width=64, seed=0):
    """Water 12, thin ice 110 and thick ice 235 in blocks of 8, no pixel black."""
    rng = np.random.default_rng(seed)
    blocks = rng.choice([12, 110, 235], (-(-height // 8), -(-width // 8), 1))
    grey = np.kron(blocks, np.ones((8, 8, 1)))[:height, :width]
    return np.clip(grey + rng.integers(-5, 6, (height, width, 3)), 1, 255).astype(
        np.uint8
    )


def scene(scene_id="s", rgb=None, valid_mask=None, **facts):
    """One scene in memory, all valid unless said otherwise."""
    rgb = floes() if rgb is None else rgb
    valid_mask = np.ones(rgb.shape[:2], bool) if valid_mask is None else valid_mask
    return Scene(scene_id, rgb, valid_mask, **facts)


def write(path, pixels, mask=None, colorinterp=None, **profile):
    """Write (H, W) or (H, W, C) pixels in the format that the name says."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = np.moveaxis(np.atleast_3d(pixels), -1, 0)
    count, height, width = bands.shape
    with (
        quiet(),
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path,
            "w",
            driver=_DRIVERS[path.suffix],
            count=count,
            height=height,
            width=width,
            dtype=bands.dtype,
            **profile,
        ) as file,
    ):
        file.write(bands)
        if colorinterp is not None:
            file.colorinterp = colorinterp
        if mask is not None:
            file.write_mask(mask)
    return path


def folder_of_scenes(folder, count=3):
    """A folder of `count` GeoTIFF scenes a, b, c, ... of different sizes."""
    for index in range(count):
        name = "abcdefgh"[index]
        rgb = floes(40 + 8 * index, 64, seed=index)
        transform = rasterio.Affine(*ROSS_SEA.transform)
        write(folder / f"{name}.tif", rgb, crs="EPSG:3031", transform=transform)
    return folder


def cut(path, share):
    """Keep only the first `share` of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path
