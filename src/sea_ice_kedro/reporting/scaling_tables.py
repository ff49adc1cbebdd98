"""Times of labelling and training as tables: measured, modelled, published.

Published are times for 4 224 chips of 256 x 256 pixels. Table I: a quad-core 2 GHz
Intel Core i5 with hyperthreading. Table II: Google Cloud Dataproc, a master and three
workers with four cores each (Intel N2). Table III: a DGX A100, Horovod, batches of 32 a
GPU, 50 epochs. Speedups are as printed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from sea_ice_kedro.reporting.score_tables import records_of
from sea_ice_kedro.training.ring_all_reduce import (
    RingAllReduce,
    TrainingModel,
    fit_ring,
)

PROCESSES = {
    1: (17.40, 1.0),
    2: (8.89, 2.0),
    4: (4.69, 3.7),
    6: (4.10, 4.2),
    8: (3.89, 4.5),
}
"""Table I. Processes -> seconds, speedup."""

EXECUTORS = {
    (1, 1): (108, 0.4, 390, 1.0, 1.0),
    (1, 2): (58, 0.4, 174, 1.86, 2.24),
    (1, 4): (33, 0.3, 72, 3.27, 5.42),
    (2, 1): (56, 0.3, 156, 1.93, 2.5),
    (2, 2): (31, 0.3, 84, 3.48, 4.64),
    (2, 4): (19, 0.3, 41, 5.68, 9.51),
    (4, 1): (31, 0.2, 78, 3.48, 5.0),
    (4, 2): (17, 0.2, 39, 6.35, 10.0),
    (4, 4): (12, 0.3, 24, 9.0, 16.25),
}
"""Table II. (Executors, cores of each) -> seconds of load, map and reduce, speedup of
load and of reduce. "Map" only declares; the timed action counted rows."""

TRAINING = {
    1: (280.72, 5.5, 585.88, 1.00),
    2: (142.98, 2.778, 1160.81, 1.96),
    4: (74.09, 1.45, 2229.56, 3.79),
    6: (51.56, 0.97, 3330.03, 5.44),
    8: (38.91, 0.79, 4248.56, 7.21),
}
"""Table III. GPUs -> seconds of 50 epochs and of one, images a second, speedup."""

BATCH_SIZE = 32
"""Chips a step on each GPU (IV-C1)."""

EPOCH_CHIPS = 3379
"""Four fifths of the 4 224 chips (III-C)."""

GRADIENT_BYTES = 4 * 7_780_000
"""Of the U-Net of III-C in float32, whose parameters are not printed: as `conf/paper`
builds it."""


# --- Labelling as a table: measured, published

_DIGITS = 3

_PAPER_PROCESSES = ["paper_seconds", "paper_speedup"]
_PAPER_EXECUTORS = [
    "paper_load_s",
    "paper_map_s",
    "paper_reduce_s",
    "paper_load_speedup",
    "paper_reduce_speedup",
]


def tabulate_processes(
    measured: Sequence[Mapping[str, Any]], chips: int, cores: int
) -> pd.DataFrame:
    """Lay out times as Table I.

    Args:
        measured: One a repeat and setting: `repeat`, `processes`, `start_s`, `seconds`.
        chips: That were labelled in each.
        cores: That this machine has.

    Returns:
        A row a number of processes: `processes`, `chips`, medians of `start_s` and
        `seconds`, `fastest_s`, `slowest_s`, `speedup` (median over the repeats),
        `chips_per_s`, `repeats`, `oversubscribed` (more processes than cores); and
        where the paper has that number, `paper_seconds` and `paper_speedup`.
    """
    times = with_speedups(measured, ["seconds"])
    grouped = times.groupby("processes")
    table = grouped[["start_s", "seconds"]].median().reset_index()
    seconds = grouped["seconds"]
    table = table.assign(
        chips=chips,
        fastest_s=seconds.min().to_numpy(),
        slowest_s=seconds.max().to_numpy(),
        speedup=grouped["seconds_speedup"].median().to_numpy(),
        chips_per_s=chips / table["seconds"],
        repeats=seconds.count().to_numpy(),
        oversubscribed=table["processes"] > cores,
    )
    rows = [PROCESSES.get(n) for n in table["processes"]]
    table = table.join(_paper_columns(rows, _PAPER_PROCESSES))
    first = ["processes", "chips"]
    return _in_order(table, first).round(_DIGITS)


def tabulate_executors(
    measured: Sequence[Mapping[str, Any]], chips: int, cores: int
) -> pd.DataFrame:
    """Lay out times as Table II.

    Args:
        measured: One a repeat and setting: `repeat`, `executors`, `cores`, `start_s`,
            `load_s`, `map_s`, `reduce_s`, `spark`, `java`.
        chips: That were labelled in each.
        cores: That this machine has.

    Returns:
        A row a setting: `executors`, `cores`, `chips`, medians of `start_s`, `load_s`,
        `map_s`, `reduce_s`, `reduce_fastest_s`, `reduce_slowest_s`, `load_speedup` and
        `reduce_speedup` (medians over the repeats), `chips_per_s` (of reduce),
        `repeats`, `oversubscribed` (more tasks at a time than cores), versions of
        `spark` and `java`; and where the paper has that setting, its five values.
    """
    keys = ["executors", "cores"]
    times = with_speedups(measured, ["load_s", "reduce_s"])
    grouped = times.groupby(keys)
    table = grouped[["start_s", "load_s", "map_s", "reduce_s"]].median().reset_index()
    reduce_s = grouped["reduce_s"]
    table = table.assign(
        chips=chips,
        reduce_fastest_s=reduce_s.min().to_numpy(),
        reduce_slowest_s=reduce_s.max().to_numpy(),
        load_speedup=grouped["load_s_speedup"].median().to_numpy(),
        reduce_speedup=grouped["reduce_s_speedup"].median().to_numpy(),
        chips_per_s=chips / table["reduce_s"],
        repeats=reduce_s.count().to_numpy(),
        oversubscribed=table["executors"] * table["cores"] > cores,
        spark=grouped["spark"].first().to_numpy(),
        java=grouped["java"].first().to_numpy(),
    )
    shapes = zip(table["executors"], table["cores"], strict=True)
    rows = [EXECUTORS.get(shape) for shape in shapes]
    table = table.join(_paper_columns(rows, _PAPER_EXECUTORS))
    return _in_order(table, [*keys, "chips"]).round(_DIGITS)


def with_speedups(
    measured: Sequence[Mapping[str, Any]], parts: list[str]
) -> pd.DataFrame:
    """Add speedups over the first setting of the same repeat, in `<part>_speedup`."""
    times = pd.DataFrame(list(measured))
    first = times.groupby("repeat", sort=False)[parts].transform("first")
    speedups = (first / times[parts]).add_suffix("_speedup")
    return times.join(speedups)


def _paper_columns(
    rows: Sequence[Sequence[float] | None], names: list[str]
) -> pd.DataFrame:
    values = [[None] * len(names) if row is None else list(row) for row in rows]
    return pd.DataFrame(values, columns=names, dtype="float64")


def _in_order(table: pd.DataFrame, first: list[str]) -> pd.DataFrame:
    return table[[*first, *(name for name in table if name not in first)]]


# --- Training on several workers as a table: measured, modelled, published

TIMES = ["repeat", "workers", "cores_a_worker", "gpus", "batch_size", "epoch_chips"]
TIMES += ["gradient_bytes", "start_s", "epoch_s", "images_per_s"]

_MEASURED = ["images_per_s", "slowest_images_per_s", "fastest_images_per_s"]
_MEASURED += ["epoch_s", "speedup", "repeats"]
_PAPER = ["paper_time_s", "paper_epoch_s", "paper_images_per_s", "paper_speedup"]

FORMULA = "step = compute + 2 (n - 1) / n * bytes / bandwidth + 2 (n - 1) * latency"


@dataclass(frozen=True)
class TrainingModels:
    """Model of the cost of training on more workers than were measured."""

    ours: TrainingModel | None
    """Of this machine; None where only one worker, or none, was measured."""

    paper: TrainingModel


def tabulate_times(measured: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Lay out what was measured, a row a repeat and setting: columns `TIMES`."""
    return pd.DataFrame(list(measured), columns=TIMES)


def tabulate_all_reduces(samples: Sequence[Sequence[float]]) -> pd.DataFrame:
    """Lay out timed all-reduces: `workers`, `bytes`, `seconds` (medians)."""
    return pd.DataFrame(list(samples), columns=["workers", "bytes", "seconds"])


def fit_models(times: pd.DataFrame, all_reduces: pd.DataFrame) -> TrainingModels:
    """Fit the model to this machine and to the paper's.

    Ours: compute from training with one worker, bandwidth and latency from all-reduces
    that were timed separately; what training gains with several workers is not used,
    so that it tells how good the model is. The paper's: compute from its single GPU,
    bandwidth and latency from what its other steps take longer.

    Args:
        times: As `tabulate_times` makes it.
        all_reduces: As `tabulate_all_reduces` makes it.
    """
    alone = times[times["workers"] == 1]
    ours = None
    if len(alone) and len(all_reduces):
        batch, size = (int(alone[n].iloc[0]) for n in ("batch_size", "gradient_bytes"))
        rows = all_reduces.itertuples(index=False)
        samples = [(int(n), float(b), float(s)) for n, b, s in rows]
        compute_s = batch / float(alone["images_per_s"].median())
        ring = fit_ring(samples, relative=True)
        ours = TrainingModel(compute_s, size, batch, ring)
    return TrainingModels(ours, _of_the_paper())


def _of_the_paper() -> TrainingModel:
    batch, size = BATCH_SIZE, GRADIENT_BYTES
    steps = {n: n * batch / rate for n, (_, _, rate, _) in TRAINING.items()}
    longer = [(n, float(size), s - steps[1]) for n, s in steps.items() if n > 1]
    return TrainingModel(steps[1], size, batch, fit_ring(longer, relative=False))


def tabulate_training(
    times: pd.DataFrame, models: TrainingModels, modelled: Iterable[int]
) -> pd.DataFrame:
    """Lay out Table III.

    Args:
        times: As `tabulate_times` makes it.
        models: Of this machine and of the paper's.
        modelled: Numbers of workers to ask them for, besides all others.

    Returns:
        A row a number of workers. Measured here: `images_per_s` (median, slowest,
        fastest), `epoch_s` (of `published.EPOCH_CHIPS` chips), `speedup` (median of
        ratios within a repeat), `repeats`. `modelled_...`: by the model of this
        machine. `paper_...`: as printed; `paper_modelled_...`: by the model of the
        paper's machine. Empty where there is nothing.
    """
    measured = _measured(times)
    counts = sorted({*measured.index, *TRAINING, *modelled})
    table = pd.DataFrame({"workers": counts}).join(measured, on="workers")
    columns = {f"modelled_{name}": v for name, v in _says(models.ours, counts).items()}
    rows = [TRAINING.get(n, (None,) * len(_PAPER)) for n in counts]
    paper = pd.DataFrame(rows, columns=_PAPER, dtype="float64")
    by_model = _says(models.paper, counts).items()
    extra = {f"paper_modelled_{name}": v for name, v in by_model}
    return table.assign(**columns).join(paper).assign(**extra).round(_DIGITS)


def _measured(times: pd.DataFrame) -> pd.DataFrame:
    if times.empty:
        return pd.DataFrame(columns=_MEASURED, dtype="float64")
    # Seconds for as many chips: their ratio is the speedup.
    seconds = times.assign(seconds=EPOCH_CHIPS / times["images_per_s"])
    grouped = with_speedups(records_of(seconds), ["seconds"]).groupby("workers")
    rates = grouped["images_per_s"]
    values = [rates.median(), rates.min(), rates.max(), grouped["seconds"].median()]
    values += [grouped["seconds_speedup"].median(), rates.count()]
    return pd.concat(values, axis=1, keys=_MEASURED)


def _says(model: TrainingModel | None, counts: list[int]) -> dict[str, list[Any]]:
    if model is None:
        return dict.fromkeys(("images_per_s", "speedup"), [None] * len(counts))
    return {
        "images_per_s": [model.images_per_s(n) for n in counts],
        "speedup": [model.speedup(n) for n in counts],
    }


def describe_models(models: TrainingModels, times: pd.DataFrame) -> dict[str, Any]:
    """Say what the models are, what they were fitted to, and how far they are off.

    Returns:
        JSON types: `formula`, `source`, and a record each for `ours` (or None) and
        `paper`.
    """
    measured = {int(str(n)): v for n, v in _measured(times)["speedup"].items()}
    printed = {n: row[-1] for n, row in TRAINING.items()}
    ours = "one worker's images/s, and all-reduces of this machine timed by themselves"
    paper = "images/s of Table III: one GPU, and what steps of 2, 4, 6, 8 take longer"
    return {
        "formula": FORMULA,
        "source": "Patarasuk & Yuan (2009); Sergeev & Del Balso (2018)",
        "ours": models.ours and _described(models.ours, ours, measured),
        "paper": _described(models.paper, paper, printed),
    }


def _described(
    model: TrainingModel, fitted_to: str, measured: Mapping[int, float]
) -> dict[str, Any]:
    ring: RingAllReduce = model.ring
    bandwidth = 1e-9 / ring.seconds_a_byte if ring.seconds_a_byte else None
    errors = {
        str(n): round(model.speedup(n) / speedup - 1, 4)
        for n, speedup in measured.items()
        if n > 1
    }
    return {
        "fitted_to": fitted_to,
        **asdict(model),
        "bandwidth_gb_per_s": bandwidth,
        "speedup_error": errors,
    }
