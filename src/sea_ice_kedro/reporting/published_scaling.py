"""The published times: Iqrah et al. (2024), sections IV-B1 and IV-C1, Tables I to III.

4 224 chips of 256 x 256 pixels. Table I: a quad-core 2 GHz Intel Core i5 with
hyperthreading. Table II: Google Cloud Dataproc, a master and three workers with four
cores each (Intel N2). Table III: a DGX A100, Horovod, batches of 32 a GPU, 50 epochs.
Speedups are as printed.
"""

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
