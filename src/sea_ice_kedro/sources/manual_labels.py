"""Manual labels painted in the colours of the classes."""

from pathlib import Path

import numpy as np

from sea_ice_kedro.errors import InvalidLabel
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, Codes, Scene
from sea_ice_kedro.imagery.classes import COLOURS, NODATA, NODATA_COLOUR
from sea_ice_kedro.rasters.geotiff import opened

_SHOWN = 5


def read_manual_label(filepath: str, scene: Scene) -> ClassMap:
    """Read a label raster: red thick ice, blue thin ice, green open water, black none.

    Pixels that the scene did not observe become no data, whatever was painted there.

    Args:
        filepath: PNG or GeoTIFF with R, G, B of 8 bit.
        scene: The scene it labels.

    Raises:
        InvalidLabel: if it has another size than its scene, or other colours.
    """
    name = Path(filepath).name
    with opened(filepath, foreign=True) as file:
        size, expected = (file.height, file.width), scene.shape
        if size != expected:
            raise InvalidLabel(
                f"{name}: expected the size of its scene {scene.scene_id}, "
                f"{expected[1]} x {expected[0]}, got {size[1]} x {size[0]}; label the "
                "scene at its full size, or take the label away"
            )
        if file.count < 3 or file.dtypes[0] != "uint8":  # noqa: PLR2004 - R, G, B
            raise InvalidLabel(
                f"{name}: expected 8-bit R, G, B, got {file.count} band(s) of "
                f"{file.dtypes[0]}; save it as RGB, not as palette or grey"
            )
        rgb = np.moveaxis(file.read([1, 2, 3]), 0, -1)
    codes = codes_of_colours(rgb, name)
    return ClassMap(
        scene_id=scene.scene_id,
        codes=np.where(scene.valid_mask, codes, np.uint8(NODATA)),
        georeference=scene.georeference,
        acquired=scene.acquired,
    )


def codes_of_colours(rgb: RGB, name: str) -> Codes:
    """Turn the colours of a label, uint8 (H, W, 3), into class codes, uint8 (H, W).

    Raises:
        InvalidLabel: if there is any other colour; names the most frequent.
    """
    packed = (rgb.astype(np.uint32) * np.array([65536, 256, 1], np.uint32)).sum(-1)
    codes = np.full(packed.shape, NODATA, np.uint8)
    known = packed == _packed(NODATA_COLOUR)
    for sea_ice_class, colour in COLOURS.items():
        here = packed == _packed(colour)
        codes[here] = sea_ice_class
        known |= here
    if not known.all():
        colours, counts = np.unique(packed[~known], return_counts=True)
        order = np.argsort(counts)[::-1][:_SHOWN]
        shown = ", ".join(f"#{colours[i]:06x} ({counts[i]} px)" for i in order)
        legend = ", ".join(f"#{_packed(c):06x} {k.label}" for k, c in COLOURS.items())
        raise InvalidLabel(
            f"{name}: expected only {legend}, #000000 no data; got also {shown}. JPEG "
            "and resampling blur colours: save labels as PNG, unscaled"
        )
    return codes


def _packed(colour: tuple[int, int, int]) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue
