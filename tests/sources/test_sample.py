import numpy as np

from sea_ice_kedro.engines import fingerprint_of
from sea_ice_kedro.sources import IngestionOptions, find_scenes
from sea_ice_kedro.sources.options import SampleOptions


def sample(**options):
    return find_scenes(IngestionOptions(sample=SampleOptions(size_px=64, **options)))


def test_the_sample_has_as_many_scenes_as_asked_with_their_truth():
    entries = sample(count=3)
    assert len(entries) == 3
    scene, truth = entries[0].scene(), entries[0].manual_label()
    assert scene.shape == truth.shape == (64, 64)
    assert scene.scene_id == truth.scene_id == entries[0].scene_id
    assert scene.georeference == truth.georeference
    assert np.array_equal(truth.codes == 255, ~scene.valid_mask)


def test_the_same_seed_gives_the_same_scenes_and_another_does_not():
    first, again, other = (sample(count=1, seed=seed)[0].scene for seed in (5, 5, 6))
    assert np.array_equal(first().rgb, again().rgb)
    assert fingerprint_of(first) == fingerprint_of(again)
    assert not np.array_equal(first().rgb, other().rgb)
    assert fingerprint_of(first) != fingerprint_of(other)


def test_a_sample_scene_says_which_seed_made_it():
    origin = sample(count=1)[0].scene().origin
    assert origin.source == "sample"
    assert origin.location.startswith("seed ")
    assert origin.checksum.startswith("sha256:")
