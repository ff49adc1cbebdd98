"""Two real Gloo workers on this machine."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sea_ice_kedro.errors import TrainingFailed
from sea_ice_kedro.training.checkpoints import load_checkpoint
from sea_ice_kedro.training.launch import train
from sea_ice_kedro.training.options import WorkersOptions
from tests.chips import plan
from tests.runs import ROOT

pytestmark = pytest.mark.horovod

TWO = WorkersOptions(count=2, warmup_epochs=0.0, scale_learning_rate=False)


def weights_of_every_rank(given):
    """Run in a worker: train, and leave this rank's weights beside the checkpoint."""
    from sea_ice_kedro.training import fit as fit_module
    from sea_ice_kedro.training.horovod_workers import HorovodWorkers

    kept = {}
    original = fit_module.build_network

    def build(options):
        kept["model"] = original(options)
        return kept["model"]

    fit_module.build_network = build
    workers = HorovodWorkers()
    # Ranks that start apart must not stay apart.
    import keras

    seed = given.options.seed + 100 * workers.rank
    keras.utils.set_random_seed(seed)
    fit_module.keras.utils.set_random_seed = lambda _: None
    fit_module.fit(given, workers)
    arrays = [np.array(v) for v in kept["model"].variables]
    np.savez(f"{given.folder}/rank{workers.rank}.npz", *arrays)


def run_two(function, given):
    import horovod

    from sea_ice_kedro.training.horovod_workers import _signals_kept

    Path(given.folder).mkdir(parents=True, exist_ok=True)
    with _signals_kept():
        horovod.run(function, args=(given,), num_proc=2, use_gloo=True)


def alone_on_the_union(given, start):
    """Train in one process on batches that join those of both ranks, from `start`."""
    import keras
    import tensorflow as tf

    from sea_ice_kedro.training.batches import ChipBatches
    from sea_ice_kedro.training.fit import TrainStep, make_optimizer
    from sea_ice_kedro.training.launch import OneWorker
    from sea_ice_kedro.training.unet import build_unet

    keras.mixed_precision.set_global_policy("float32")
    model, optimizer = build_unet(given.unet), make_optimizer("float32")
    optimizer.build(model.trainable_variables)
    for variable, value in zip(model.variables, start, strict=True):
        variable.assign(value)
    step = TrainStep(given, model, optimizer, OneWorker())
    ranks = [
        ChipBatches(given.train, given.chip_px, 2, rank=r, size=2, seed=2019)
        for r in range(2)
    ]
    for epoch in range(given.options.epochs):
        for pair in zip(*(rank.epoch(epoch) for rank in ranks), strict=True):
            images, labels = (tf.concat(parts, 0) for parts in zip(*pair, strict=True))
            step.launch((images, labels), given.options.learning_rate, (epoch, 0))
            step.wait()
    return [np.array(v) for v in model.variables]


def test_two_workers_end_equal_and_as_one_with_the_doubled_batch(tmp_path):
    import keras

    from sea_ice_kedro.training.unet import build_unet

    given = plan(tmp_path, workers=TWO, epochs=3)
    keras.utils.set_random_seed(given.options.seed)
    start = [np.array(v) for v in build_unet(given.unet).variables]
    run_two(weights_of_every_rank, given)
    ranks = [
        list(np.load(f"{given.folder}/rank{rank}.npz").values()) for rank in range(2)
    ]
    alone = alone_on_the_union(given, start)
    moved = max(np.abs(a - s).max() for a, s in zip(alone, start, strict=True))
    assert moved > 0.01
    for first, second, reference in zip(*ranks, alone, strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_allclose(first, reference, atol=1e-5, rtol=0)


def start_training(folder, epochs, rate=0.01):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.training.train_two",
            folder,
            str(epochs),
            str(rate),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def workers_of(process):
    """Find the running Python processes that train for a launcher."""
    import psutil

    try:
        below = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [p for p in below if "horovod.runner.run_task" in p.cmdline()]


def wait_for(condition, timeout_s):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def test_a_killed_worker_ends_the_run_the_next_goes_on_and_no_worker_outlives_it(
    tmp_path,
):
    checkpoint = tmp_path / "work" / "checkpoint.npz"
    running = start_training(tmp_path, 100_000)
    assert wait_for(checkpoint.exists, 180)
    workers = workers_of(running)
    assert len(workers) == 2
    start = time.monotonic()
    workers[-1].kill()
    _, said = running.communicate(timeout=60)
    assert time.monotonic() - start < 60
    assert running.returncode == 1
    assert "TrainingFailed: tiny: expected 2 workers to train to the end" in said
    assert "Exit code: 137" in said
    assert "goes on from the last" in said
    assert wait_for(lambda: not any(w.is_running() for w in workers), 10)

    fingerprint = plan(tmp_path).fingerprint()
    done = load_checkpoint(str(checkpoint), fingerprint).epoch
    assert done >= 1

    def history():
        return load_checkpoint(str(checkpoint), fingerprint).history

    again = start_training(tmp_path, 100_000)
    assert wait_for(lambda: len(history()) >= done + 2, 120)
    workers = workers_of(again)
    assert len(workers) == 2
    again.send_signal(signal.SIGKILL)
    again.communicate(timeout=10)
    assert wait_for(lambda: not any(w.is_running() for w in workers), 30)
    epochs = [record["epoch"] for record in history()]
    assert epochs == list(range(1, len(epochs) + 1))


@pytest.mark.parametrize(
    "message",
    [
        "UnknownError: [third_party/gloo/gloo/transport/tcp/pair.cc:589] Read error "
        "[127.0.0.1]:17328: Connection reset by peer",
        "UnknownError: Horovod has been shut down.",
        "UnknownError: Connection closed by peer [127.0.0.1]:5531",
    ],
)
def test_a_lost_connection_is_no_reason_of_its_own(tmp_path, message):
    from sea_ice_kedro.training.horovod_workers import what_ended

    notes = tmp_path / "work" / "workers"
    notes.mkdir(parents=True)
    note = {"time": 1.0, "meant": False, "message": message, "trace": message}
    (notes / "rank0.json").write_text(json.dumps(note))
    said = what_ended(plan(tmp_path), 2, RuntimeError("Exit code: 137"))
    assert "expected 2 workers to train to the end" in said
    assert "Exit code: 137" in said
    note = {"time": 2.0, "meant": False, "message": "ValueError: x", "trace": "deep"}
    (notes / "rank1.json").write_text(json.dumps(note))
    said = what_ended(plan(tmp_path), 2, RuntimeError("Exit code: 1"))
    assert said.startswith("ValueError: x (worker 1 of 2;")


def test_what_a_worker_fails_with_is_what_the_run_says(tmp_path):
    given = plan(tmp_path, workers=TWO)
    (tmp_path / "a.tfrecord").write_bytes(b"no record")
    with pytest.raises(
        TrainingFailed, match=r"a\.tfrecord: expected a whole .* \(worker"
    ):
        train(given)


def test_a_port_in_use_is_passed_over_and_signal_handlers_are_kept(
    tmp_path, monkeypatch
):
    import socket

    from horovod.runner.util import network

    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(network.random, "randrange", lambda *_: port - 1024)
        before = signal.getsignal(signal.SIGTERM)
        state = train(plan(tmp_path, workers=TWO, epochs=1))
    assert state.epoch == 1
    assert signal.getsignal(signal.SIGTERM) is before
