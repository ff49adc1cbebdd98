import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import UNetDataset
from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.model_file import TrainedUNet
from tests.fabricate import without_room
from tests.networks import TINY

pytestmark = pytest.mark.train


@pytest.fixture
def network():
    import numpy as np

    from sea_ice_kedro.training.unet import build_unet

    card = ModelCard(images="original", chip_px=32, unet=TINY)
    return TrainedUNet(card, [np.array(v) for v in build_unet(TINY).variables])


def test_the_catalog_gives_the_network_its_name(tmp_path, network):
    dataset = UNetDataset(
        filepath=str(tmp_path / "models" / "unet.keras"), name="manual_original"
    )
    assert not dataset.exists()
    dataset.save(network)
    assert dataset.exists()
    assert dataset.load().card().name == "manual_original"


def test_a_full_disk_is_said_with_the_way_out(tmp_path, network):
    path = tmp_path / "models" / "unet.keras"
    UNetDataset(filepath=str(path)).save(network)
    size = path.stat().st_size
    path.unlink()
    for room in (0, 100, size // 2, size - 1):
        with without_room(room), pytest.raises(DatasetError) as error:
            UNetDataset(filepath=str(path)).save(network)
        assert "or set SEA_ICE_DATA to a folder" in str(error.value.__cause__)
        assert not list(path.parent.iterdir())


def test_a_file_that_is_no_network_is_refused_when_it_is_loaded(tmp_path):
    (tmp_path / "unet.keras").write_text("no")
    with pytest.raises(DatasetError) as error:
        UNetDataset(filepath=str(tmp_path / "unet.keras")).load()
    assert isinstance(error.value.__cause__, InvalidModel)
