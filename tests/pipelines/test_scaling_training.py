import importlib.util
import os
from dataclasses import replace

import pandas as pd
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.pipelines import scaling
from sea_ice_kedro.pipelines.scaling import training_job
from sea_ice_kedro.pipelines.scaling.options import (
    ScalingOptions,
    TrainingScalingOptions,
)
from sea_ice_kedro.pipelines.scaling.training_job import TrainingRequest
from sea_ice_kedro.training.options import (
    AugmentationOptions,
    TrainingOptions,
    UNetOptions,
)

UNET = UNetOptions(2, 4, (0.0, 0.0, 0.0), network="published")
TRAINING = TrainingOptions(
    batch_size=2, augmentation=AugmentationOptions(flip_rotate=False, cloud_share=0.0)
)
TINY = ScalingOptions(
    chip_px=32,
    scene_px=64,
    repeats=1,
    training={"workers": "1+2", "steps": 3, "epochs": 2, "all_reduces": 2},
)
TABLE_I = pd.DataFrame()


@pytest.mark.parametrize(
    ("given", "most", "counts"),
    [("auto", 2, [1, 2]), ("auto", 6, [1, 2, 4]), ("1+3", 2, [1, 3]), (1, 2, [1])],
)
def test_workers_are_those_that_are_named_or_up_to_the_machines(given, most, counts):
    assert TrainingScalingOptions(workers=given).worker_counts(most) == counts


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workers": "2+4"}, r"to begin with 1, .* got 2\+4"),
        ({"workers": "1+1"}, "each once"),
        ({"workers": "1+x"}, "got '1.x'"),
        ({"modelled": "8+0"}, r"scaling\.training\.modelled as whole numbers"),
        ({"modelled": []}, r"got \[\]"),
        ({"steps": 0}, r"scaling\.training\.steps"),
        ({"epochs": 1}, r"scaling\.training\.epochs"),
        ({"all_reduces": 0}, r"scaling\.training\.all_reduces"),
    ],
)
def test_what_cannot_be_measured_or_compared_is_refused(options, words):
    with pytest.raises(InvalidOption, match=words):
        ScalingOptions(training=options)


@pytest.fixture
def asked(monkeypatch):
    """What is asked of fresh processes, which answer at once; two cores, no GPU."""
    asked = []
    answers = {
        "training_chips": {"gpus": 0, "gradient_bytes": 4000},
        "training": {"start_s": 1.0, "epoch_s": 1.0, "images_per_s": 5.0},
        "all_reduces": {"samples": [[2, 4000, 0.001]]},
    }

    def answered(job, request, setting):
        asked.append((job, request))
        return answers[job]

    monkeypatch.setattr(scaling, "in_fresh_process", answered)
    monkeypatch.setattr(scaling, "worker_count", lambda _: 2)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    return asked


def test_every_worker_has_as_many_cores_and_chips_as_one_alone(asked):
    times, reduced = scaling.measure_training(TINY, UNET, TRAINING, TABLE_I)
    jobs = [(job, r.workers, r.cores, r.chips) for job, r in asked]
    assert jobs == [
        ("training_chips", 1, None, 12),
        ("training", 1, 1, 6),
        ("training", 2, 2, 12),
        ("all_reduces", 2, 2, 6),
    ]
    assert asked[-1][1].sizes == (4000, 4096, 65536, 1048576, 8388608)
    assert asked[1][1].training.epochs == 2
    assert not asked[1][1].training.cosine_decay
    assert times["workers"].tolist() == [1, 2]
    assert times["cores_a_worker"].tolist() == [1, 1]
    assert reduced.to_numpy().tolist() == [[2, 4000, 0.001]]


@pytest.mark.parametrize(
    ("missing", "jobs", "words"),
    [
        ("horovod", ["training_chips", "training"], "has one worker only"),
        ("tensorflow", [], "Table III is not measured"),
    ],
)
def test_what_is_not_installed_is_left_out_with_a_word(
    asked, monkeypatch, caplog, missing, jobs, words
):
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: None if n == missing else n
    )
    times, reduced = scaling.measure_training(TINY, UNET, TRAINING, TABLE_I)
    assert [job for job, _ in asked] == jobs
    assert len(reduced) == 0
    assert words in caplog.text
    assert f"--extra {'train' if missing == 'tensorflow' else 'horovod'}" in caplog.text
    table, facts = scaling.model_training(times, reduced, TINY)
    assert facts["ours"] is None
    assert table["paper_speedup"].max() == 7.21


def test_more_workers_than_cores_are_refused_before_anything_is_measured(asked):
    training = replace(TINY.training, workers="1+4")
    with pytest.raises(InvalidOption, match="up to the 2 cores of this machine, got 4"):
        scaling.measure_training(
            replace(TINY, training=training), UNET, TRAINING, TABLE_I
        )
    assert [job for job, _ in asked] == ["training_chips"]


def test_a_measurement_takes_the_first_chips_of_all_shards(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.tfrecord").touch()
    request = TrainingRequest(str(tmp_path), UNET, TRAINING, 6, 32, 64, 0)
    taken = training_job._selections(request)
    assert [(os.path.basename(s.filepath), s.positions) for s in taken] == [
        ("a.tfrecord", (0, 1, 2, 3)),
        ("b.tfrecord", (0, 1)),
    ]


@pytest.mark.horovod
def test_table_iii_is_measured_here_with_two_workers(project):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("two workers need two cores")
    times, reduced = scaling.measure_training(TINY, UNET, TRAINING, TABLE_I)
    assert times["workers"].tolist() == [1, 2]
    assert times["epoch_chips"].tolist() == [6, 12]
    assert (times["images_per_s"] > 0).all()
    assert reduced["workers"].tolist() == [2] * 5
    assert (reduced["seconds"] > 0).all()
    table, facts = scaling.model_training(times, reduced, TINY)
    assert table["modelled_speedup"].notna().all()
    assert facts["ours"]["gradient_bytes"] == times["gradient_bytes"][0]
