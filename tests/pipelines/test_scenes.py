import pandas as pd
import pytest

from sea_ice_kedro.engines import fingerprint_of, map_partitions
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.pipelines.scenes import facts_by_scene, of_index
from tests.partitions import known

INDEX = pd.DataFrame({"scene_id": ["001", "NA"]})


def load():
    return "raster"


def test_only_indexed_scenes_are_picked_in_the_order_of_the_index():
    stored = {"NA": load, "000": load, "001": load}
    assert list(of_index(INDEX, stored, "the raster", "ingestion")) == ["001", "NA"]


@pytest.mark.parametrize("use", [lambda task: task(), fingerprint_of])
def test_a_scene_that_is_not_stored_says_so_when_it_is_needed(use):
    chosen = of_index(INDEX, {"001": load}, "the filtered scene", "filtering")
    tasks = map_partitions(str, chosen)
    assert tasks["001"]() == "raster"
    with pytest.raises(MissingInput) as error:
        use(tasks["NA"])
    assert "expected the filtered scene of scene NA, got none" in str(error.value)
    assert "kedro run --pipelines filtering" in str(error.value)


def test_tables_hold_the_scenes_that_were_made():
    scenes = known({"other": {"pixels": 2}, "001": {"pixels": 1}})
    assert facts_by_scene(INDEX, scenes) == {"001": {"pixels": 1}}
