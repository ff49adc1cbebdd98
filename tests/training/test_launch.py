from dataclasses import replace

import pytest

from sea_ice_kedro.errors import InvalidOption, MissingPackage, TooFewScenes
from sea_ice_kedro.training import launch
from sea_ice_kedro.training.launch import how_many, train
from sea_ice_kedro.training.options import WorkersOptions
from tests.chips import plan

pytestmark = pytest.mark.train


@pytest.fixture
def without(monkeypatch):
    def hide(package):
        found = launch.importlib.util.find_spec
        monkeypatch.setattr(
            launch.importlib.util,
            "find_spec",
            lambda name: None if name == package else found(name),
        )

    return hide


def test_two_workers_without_horovod_say_how_to_install_it(
    tmp_path, without, monkeypatch
):
    without("horovod")
    monkeypatch.setattr(launch, "worker_count", lambda _: 2)
    given = plan(tmp_path, workers=WorkersOptions(count=2))
    with pytest.raises(
        MissingPackage, match=r"horovod for 2 workers.*--extra horovod.*count=1"
    ):
        train(given)


@pytest.mark.parametrize(
    ("package", "extra", "way"),
    [
        ("horovod", "horovod", "use Python 3.11 or 3.12"),
        ("tensorflow", "train", "--extra train"),  # 2.20 and newer have wheels
    ],
)
def test_on_python_3_13_only_horovod_cannot_be_had(
    package, extra, way, without, monkeypatch
):
    without(package)
    monkeypatch.setattr(launch.sys, "version_info", (3, 13, 0))
    with pytest.raises(MissingPackage, match=way):
        launch.expect_package(package, extra, "to train")


def test_one_worker_needs_no_horovod(tmp_path, without):
    without("horovod")
    assert train(plan(tmp_path, epochs=1)).epoch == 1


def test_without_tensorflow_it_is_said_how_to_go_on(tmp_path, without):
    given = plan(tmp_path)
    without("tensorflow")
    with pytest.raises(
        MissingPackage, match=r"--extra train.*ingestion,filtering,autolabel"
    ):
        train(given)


@pytest.mark.parametrize(
    ("counted", "unit"), [("worker_count", "core"), ("gpu_count", "GPU")]
)
def test_more_workers_than_cores_or_gpus_are_refused(monkeypatch, counted, unit):
    monkeypatch.setattr(launch, counted, lambda *_: 2)
    said = rf"machine has 2 {unit}\(s\), got .*count=3"
    with pytest.raises(InvalidOption, match=said):
        how_many(WorkersOptions(count=3))


def test_auto_is_one_worker_a_gpu_and_one_where_there_is_none(monkeypatch):
    assert how_many(WorkersOptions(count="auto")) == 1
    monkeypatch.setattr(launch, "gpu_count", lambda: 8)
    assert how_many(WorkersOptions(count="auto")) == 8


def test_hosts_have_room_for_as_many_workers_as_their_slots():
    two = WorkersOptions(count="auto", hosts="dgx1:8,dgx2:8")
    assert how_many(two) == 16
    with pytest.raises(InvalidOption, match=r"at most 16 workers.*got 17"):
        how_many(replace(two, count=17))


def test_a_batch_larger_than_the_split_is_refused(tmp_path):
    given = plan(tmp_path, batch_size=32)
    with pytest.raises(
        TooFewScenes, match=r"at least 32 chips .*batch_size 32 x 1 worker.*got 2\d"
    ):
        train(given)


def test_what_is_trained_already_costs_no_training(tmp_path, monkeypatch):
    train(plan(tmp_path, epochs=1))
    monkeypatch.setattr(launch, "how_many", None)  # nothing is even looked for
    assert train(plan(tmp_path, epochs=1)).epoch == 1
