"""Classes painted in their colours."""

import numpy as np

from sea_ice_kedro.errors import InvalidLabel
from sea_ice_kedro.imagery.arrays import RGB, Codes
from sea_ice_kedro.imagery.classes import (
    COLOURS,
    LAND,
    LAND_COLOUR,
    LAND_LABEL,
    NODATA,
    NODATA_COLOUR,
)

_SHOWN = 5


def codes_of_colours(rgb: RGB, name: str) -> Codes:
    """Turn the colours of a label, uint8 (H, W, 3), into class codes, uint8 (H, W).

    Raises:
        InvalidLabel: if there is any other colour; names the most frequent.
    """
    packed = (rgb.astype(np.uint32) * np.array([65536, 256, 1], np.uint32)).sum(-1)
    codes = np.full(packed.shape, NODATA, np.uint8)
    known = packed == _packed(NODATA_COLOUR)
    for code, colour in [*COLOURS.items(), (LAND, LAND_COLOUR)]:
        here = packed == _packed(colour)
        codes[here] = code
        known |= here
    if not known.all():
        colours, counts = np.unique(packed[~known], return_counts=True)
        order = np.argsort(counts)[::-1][:_SHOWN]
        shown = ", ".join(f"#{colours[i]:06x} ({counts[i]} px)" for i in order)
        legend = ", ".join(f"#{_packed(c):06x} {k.label}" for k, c in COLOURS.items())
        land = f"#{_packed(LAND_COLOUR):06x} {LAND_LABEL}"
        raise InvalidLabel(
            f"{name}: expected only {legend}, {land}, #000000 no data; got also "
            f"{shown}. JPEG and resampling blur colours: save labels as PNG, unscaled"
        )
    return codes


def _packed(colour: tuple[int, int, int]) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue
