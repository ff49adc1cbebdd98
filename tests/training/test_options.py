import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.training.options import (
    AugmentationOptions,
    TrainingOptions,
    UNetOptions,
    WorkersOptions,
)


@pytest.mark.parametrize(
    ("record", "settings", "named"),
    [
        (UNetOptions, {"depth": 0}, r"modeling\.unet\.depth"),
        (UNetOptions, {"dropout": (0.1, 0.1)}, r"with 6 rates .* got \[0\.1, 0\.1\]"),
        (UNetOptions, {"dropout": (0, 0, 0, 0, 0, 1.0)}, r"modeling\.unet\.dropout"),
        (UNetOptions, {"dropout": (0, 0.1, 0, 0, 0, 0)}, "dropout of the bottom only"),
        (
            UNetOptions,
            {"normalisation": "rgb"},
            r"take modeling\.unet\.network=published",
        ),
        (UNetOptions, {"normalisation": "l2"}, "one of paper, rgb, tint"),
        (TrainingOptions, {"epochs": 0}, r"modeling\.training\.epochs"),
        (TrainingOptions, {"learning_rate": 0}, "above 0, up to 10, got 0"),
        (TrainingOptions, {"learning_rate": "fast"}, "got 'fast'"),
        (TrainingOptions, {"averaged_epochs": 9}, r"averaged_epochs"),
        (TrainingOptions, {"averaged_epochs": 2, "patience": 3}, "patience=0 with"),
        (TrainingOptions, {"precision": "half"}, "mixed_bfloat16"),
        (TrainingOptions, {"class_weights": "even"}, "balanced, none"),
        (AugmentationOptions, {"cloud_share": 1.5}, r"in 0\.\.1, got 1\.5"),
        (WorkersOptions, {"count": "all"}, r"modeling\.workers\.count"),
        (WorkersOptions, {"count": 0}, r"modeling\.workers\.count"),
        (WorkersOptions, {"hosts": "dgx1"}, r"name:slots.*got 'dgx1'"),
        (WorkersOptions, {"hosts": "dgx1:8,dgx2:0"}, "name:slots"),
        (WorkersOptions, {"controller": "nccl"}, "one of gloo, mpi"),
        (WorkersOptions, {"ssh_port": 70_000}, "ssh_port"),
    ],
)
def test_settings_that_train_nothing_are_refused(record, settings, named):
    with pytest.raises(InvalidOption, match=named):
        record(**settings)


def test_the_nested_record_is_built_from_configuration():
    options = TrainingOptions(augmentation={"cloud_share": 0.25})
    assert options.augmentation == AugmentationOptions(cloud_share=0.25)


def test_hosts_say_how_many_workers_there_can_be():
    assert WorkersOptions(hosts="dgx1:8,dgx2:4").slots == 12
    assert WorkersOptions().slots is None


def test_training_goes_on_from_a_file_for_keras_only():
    assert TrainingOptions(start="unet.keras").start == "unet.keras"
    with pytest.raises(
        InvalidOption, match=r"path of a \.keras file, got a/unet\.onnx, w"
    ):
        TrainingOptions(start="a/unet.onnx")
