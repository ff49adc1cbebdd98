"""Sheets of scenes that methods map worst: picture, the map of each method, truth."""

import re
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.labels.methods import POLAR
from benchmarks.labels.outcomes import Outcomes
from benchmarks.labels.pictures import write_picture
from benchmarks.labels.rulers import Ruler
from benchmarks.labels.score import RIGHT, Subject
from benchmarks.labels.tables import scores_of_scenes
from sea_ice_kedro.imagery.arrays import RGB
from sea_ice_kedro.imagery.classes import (
    COLOURS,
    NO_CLASS,
    NODATA,
    SeaIceClass,
    colourise,
)

_NO_CLASS_COLOUR, _OPEN_COLOUR = (255, 0, 255), (128, 128, 128)
_TITLE_PX = 18


def write_sheets(
    outcomes: Outcomes, ruler: Ruler, folder: Path, count: int = 5, panel_px: int = 384
) -> None:
    """Write a JPEG of each of the worst scenes of a ruler.

    By the shipped network where it was measured, else by the last method that was.
    """
    methods = outcomes.methods_of(ruler)
    if not methods:
        return
    judged = POLAR if POLAR in methods else methods[-1]
    folder.mkdir(parents=True, exist_ok=True)
    by_method = {name: scores_of_scenes(outcomes, ruler, name) for name in methods}
    worst = sorted(by_method[judged], key=by_method[judged].__getitem__)[:count]
    for place, scene in enumerate(worst, start=1):
        subject = ruler.subjects[scene]()
        panels = [_panel(subject.scene.rgb, scene, panel_px)]
        for name in methods:
            drawn = colourise(outcomes.map_of(ruler, name, scene))
            title = f"{name} {by_method[name][scene]:.3f}"
            panels.append(_panel(drawn, title, panel_px))
        if subject.truth is not None or subject.patches:
            panels.append(_panel(known_of(subject), "known", panel_px))
        stem = re.sub(r"\W+", "_", f"{ruler.name} {place} {scene}")
        write_picture(folder / f"{stem}.jpg", np.hstack(panels))


def known_of(subject: Subject) -> RGB:
    """Paint the truth in the colours of classes, or patches into the picture.

    Magenta: no class is right; grey: not scored, or more than one class is right.
    """
    if subject.truth is not None:
        painted = colourise(np.where(subject.truth == NO_CLASS, NODATA, subject.truth))
        painted[subject.truth == NO_CLASS] = _NO_CLASS_COLOUR
        painted[subject.truth == NODATA] = _OPEN_COLOUR
        return painted
    painted = subject.scene.rgb.copy()
    for group, marks in subject.patches.items():
        for x, y, half in marks:
            corners = (x - half, y - half), (x + half, y + half)
            cv2.rectangle(painted, *corners, _colour(RIGHT[group]), 2)
    return painted


def _colour(right: tuple[int, ...]) -> tuple[int, int, int]:
    if len(right) > 1:
        return _OPEN_COLOUR
    return _NO_CLASS_COLOUR if right[0] == NO_CLASS else COLOURS[SeaIceClass(right[0])]


def _panel(picture: RGB, title: str, size: int) -> npt.NDArray[np.uint8]:
    """Fit a picture under a title into `size` columns."""
    height, width = picture.shape[:2]
    factor = size / max(height, width)
    shape = max(round(width * factor), 1), max(round(height * factor), 1)
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    panel = np.full((shape[1] + _TITLE_PX, size, 3), 255, np.uint8)
    panel[_TITLE_PX:, : shape[0]] = cv2.resize(picture, shape, interpolation=method)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(panel, title, (2, 13), font, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return panel
