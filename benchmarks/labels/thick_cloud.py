"""How much of thick cloud is flagged, with and without short-wave infrared bands.

    python -m benchmarks.labels.thick_cloud [--seeds development|test] [--size 2048]
        [--write FILE.png]

Opaque (opacity from 0.7): flagged is right. Clear (below 0.03): flagged is false.
Labels are scored where the surface shows (below 0.33), and where they are trusted.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.labels.conditions import SEEDS, Condition, scenes_of
from benchmarks.labels.pictures import paint_quality, write_picture
from benchmarks.labels.simulated_shortwave import CLOUD_KINDS, with_shortwave
from sea_ice_kedro.imagery.arrays import FilteredScene, Scene
from sea_ice_kedro.imagery.classes import NODATA, QualityFlag, colourise, flagged
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.simulate import SimulatedScene

OPAQUE_FROM, CLEAR_TO, SEEN_TO = 0.7, 0.03, 0.33

_SKIES = (
    {"thin_cloud_fraction": 0.3, "cloud_opacity": 1.0, "cloud_softness": 0.2},
    {
        "thin_cloud_fraction": 0.4,
        "cloud_opacity": 0.95,
        "cloud_softness": 0.5,
        "shadow_fraction": 0.2,
    },
)
THICK_CLOUD = Condition("thick cloud", _SKIES)

BANDS = {
    "none": (),
    "B11, B12 (L2A)": ("b11", "b12"),
    "B10, B11, B12 (L1C)": ("b10", "b11", "b12"),
}


def main() -> None:
    """Print a table: a row a kind of cloud and of bands."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels.thick_cloud")
    parser.add_argument("--seeds", choices=SEEDS, default="development")
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--write", type=Path, help="a picture of the first scene")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    rows = []
    for name, made in scenes_of(THICK_CLOUD, arguments.seeds, arguments.size):
        rows += [{"scene": name, **row} for row in measured(made)]
        if arguments.write and len(rows) == len(CLOUD_KINDS) * len(BANDS):
            write_picture(arguments.write, drawn(made))
    table = pd.DataFrame(rows)
    sums = table.drop(columns="scene").groupby(["cloud", "bands"], sort=False).sum()
    print(shares_of(sums).round(4).to_string())
    worst = shares_of(table.set_index(["scene", "cloud", "bands"]))
    print("worst clear flagged:", worst["clear flagged"].idxmax())
    print(
        worst["clear flagged"].groupby("bands", sort=False).max().round(4).to_string()
    )


def measured(made: SimulatedScene) -> Iterator[dict[str, float | str]]:
    """Count, for each kind of cloud and of bands, what is flagged and what is right."""
    opacity, valid = made.thin_cloud, made.scene.valid_mask
    masks = {
        "opaque": valid & (opacity >= OPAQUE_FROM),
        "clear": valid & (opacity < CLEAR_TO),
        "seen": valid & (opacity < SEEN_TO),
    }
    for kind in CLOUD_KINDS:
        for bands in BANDS:
            filtered, codes = labelled(scene_of(made, kind, bands))
            lost = flagged(filtered.flags, QualityFlag.UNTRUSTWORTHY)
            right = codes == made.truth.codes
            yield {
                "cloud": kind,
                "bands": bands,
                **{name: int(mask.sum()) for name, mask in masks.items()},
                **{f"{n} flagged": int((m & lost).sum()) for n, m in masks.items()},
                "seen right": int((masks["seen"] & right).sum()),
                "trusted": int((codes != NODATA).sum()),
                "trusted right": int((right & (codes != NODATA)).sum()),
            }


def scene_of(made: SimulatedScene, kind: str, bands: str) -> Scene:
    """Give the scene with some of the bands beside it."""
    scene = with_shortwave(made, kind, seed=7)
    kept = {name: scene.extra_bands[name] for name in BANDS[bands]}
    return replace(scene, extra_bands=kept)


def labelled(scene: Scene) -> tuple[FilteredScene, npt.NDArray[np.uint8]]:
    """Filter and label by the defaults."""
    thresholds = BrightnessThresholds()
    filtered = filter_scene(scene, FilterOptions(), thresholds)
    return filtered, label_scene(filtered, thresholds).codes


def shares_of(counts: pd.DataFrame) -> pd.DataFrame:
    """Turn counts into shares, 0..1."""
    return pd.DataFrame(
        {
            "opaque flagged": counts["opaque flagged"] / counts["opaque"],
            "clear flagged": counts["clear flagged"] / counts["clear"],
            "labels right where seen": counts["seen right"] / counts["seen"],
            "labels right where trusted": counts["trusted right"] / counts["trusted"],
        }
    )


def drawn(made: SimulatedScene, panel_px: int = 400) -> npt.NDArray[np.uint8]:
    """Draw scene | opacity | flags and classes without bands | the same with them."""
    panels = [made.scene.rgb, np.repeat(_grey(made)[..., None], 3, axis=-1)]
    for bands in ("none", "B10, B11, B12 (L1C)"):
        filtered, codes = labelled(scene_of(made, "low, of drops", bands))
        panels += [paint_quality(filtered.flags), colourise(codes)]
    size = (panel_px, panel_px)
    small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in panels]
    return np.asarray(np.hstack(small), np.uint8)


def _grey(made: SimulatedScene) -> npt.NDArray[np.uint8]:
    return np.asarray(np.rint(made.thin_cloud * 255), np.uint8)


if __name__ == "__main__":
    main()
