"""How much of each class a scene holds, from the facts of its class map."""

from typing import Any

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scores import area_km2, concentration
from sea_ice_kedro.rasters.header import Facts

_NAN = float("nan")

NO_PIXELS = {"pixels": 1} | {f"pixels_{c.key}": 0 for c in SeaIceClass}
"""Facts of a class map that holds nothing; gives a table without rows its columns."""


def class_areas(scene_id: str, facts: Facts) -> dict[str, Any]:
    """Make a row of pixels, fractions, true areas and sea ice concentration.

    Fractions are of the valid pixels, 0..1, NaN where there are none; of land, as
    that of valid ones, of all. Areas are true areas on the ground in km²; NaN where a
    scene has no georeference.

    Args:
        scene_id: Name of the scene.
        facts: Of its class map: `pixels`, `pixels_<class>`, `pixel_area_m2`,
            `acquired`, `source`.
    """
    counts = {c: facts[f"pixels_{c.key}"] for c in SeaIceClass}
    valid, land = sum(counts.values()), facts.get("pixels_land", 0)
    pixel_area_m2 = facts.get("pixel_area_m2", _NAN)
    return {
        "scene_id": scene_id,
        "acquired": facts.get("acquired", ""),
        "source": facts.get("source", ""),
        "valid_fraction": valid / facts["pixels"],
        "land_fraction": land / facts["pixels"],
        "sea_ice_concentration": concentration(counts),
        **{f"{c.key}_pixels": counts[c] for c in SeaIceClass},
        **{
            f"{c.key}_fraction": counts[c] / valid if valid else _NAN
            for c in SeaIceClass
        },
        **{f"{c.key}_km2": area_km2(counts[c], pixel_area_m2) for c in SeaIceClass},
        "land_km2": area_km2(land, pixel_area_m2),
    }
