"""Maps and outcomes of methods, kept in a folder: what is there is not made again."""

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from benchmarks.labels.methods import METHODS, Method
from benchmarks.labels.rulers import Ruler
from benchmarks.labels.score import Subject
from sea_ice_kedro.imagery.arrays import Codes

_TEXT = dict.fromkeys(("scene", "kind", "extent", "made_by"), str)


class Outcomes:
    """A folder with a table a ruler and method, and the map of every scene.

    `<ruler>/<method>.csv` has the rows of the ruler's judge behind `scene`, `kind`,
    `extent` and `made_by`; `<ruler>/<method>/<scene>.png` the class codes.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made where it is missing."""
        self._folder = folder

    def make(self, ruler: Ruler, methods: Sequence[Method]) -> None:
        """Map and judge the scenes of a ruler that no outcome is there of."""
        missing = {method.name: self._missing(ruler, method) for method in methods}
        for scene, draw in ruler.subjects.items():
            wanted = [one for one in methods if scene in missing[one.name]]
            if wanted:
                subject = draw()
                for method in wanted:
                    self._make(ruler, method, scene, subject)

    def methods_of(self, ruler: Ruler) -> list[str]:
        """Name the methods of which the outcomes of all scenes are there.

        Raises:
            SystemExit: if there are of a part of them, naming the method.
        """
        complete = []
        for name in METHODS:
            rows = self.rows(ruler, name)
            if rows.empty:
                continue
            if left := set(ruler.subjects) - set(rows["scene"]):
                raise SystemExit(
                    f"expected outcomes of {name!r} of all scenes of {ruler.name!r}, "
                    f"got none of {len(left)} of {len(ruler.subjects)}: run it again "
                    f"with --methods {name!r}, or remove {self._table(ruler, name)}"
                )
            complete.append(name)
        return complete

    def rows(self, ruler: Ruler, method: str) -> pd.DataFrame:
        """Read the rows of a ruler's scenes by a method; none where there are none."""
        table = self._table(ruler, method)
        if not table.exists():
            return pd.DataFrame()
        rows = pd.read_csv(table, dtype=_TEXT)
        of_ruler = rows["scene"].isin(list(ruler.subjects))
        return rows[of_ruler & rows["extent"].eq(ruler.extent)]

    def map_of(self, ruler: Ruler, method: str, scene: str) -> Codes:
        """Read what a method has made of a scene: uint8 (H, W) of class codes."""
        path = self._map(ruler, method, scene)
        return np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)

    def _missing(self, ruler: Ruler, method: Method) -> set[str]:
        """Name the scenes to be made; what was made otherwise is thrown away."""
        table = self._table(ruler, method.name)
        if not table.exists():
            return set(ruler.subjects)
        rows = pd.read_csv(table, dtype=_TEXT)
        same = rows["made_by"].eq(method.made_by) & rows["extent"].eq(ruler.extent)
        if not same.all():
            table.unlink()
        return set(ruler.subjects) - set(rows["scene"] if same.all() else ())

    def _make(self, ruler: Ruler, method: Method, scene: str, subject: Subject) -> None:
        labelled = method.label(subject.scene)
        known = {
            "scene": scene,
            "kind": subject.kind,
            "extent": ruler.extent,
            "made_by": method.made_by,
        }
        rows = [{**known, **row} for row in ruler.judge(subject, labelled)]
        path = self._map(ruler, method.name, scene)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), labelled.codes)
        table = self._table(ruler, method.name)
        pd.DataFrame(rows).to_csv(
            table, mode="a", header=not table.exists(), index=False
        )
        print(f"{ruler.name}, {scene}, {method.name}", flush=True)

    def _table(self, ruler: Ruler, method: str) -> Path:
        return self._folder / ruler.name / f"{method}.csv"

    def _map(self, ruler: Ruler, method: str, scene: str) -> Path:
        name = re.sub(r"[^\w.-]+", "_", scene)
        return self._folder / ruler.name / method / f"{name}.png"
