"""Model of the cost of averaging gradients: the ring all-reduce.

n workers pass pieces of the gradient round a ring, 2 (n - 1) times, and each worker
sends 2 (n - 1) / n of its bytes: the least that any algorithm can (Patarasuk & Yuan
2009; Horovod averages so: Sergeev & Del Balso 2018). A step of training then takes

    compute + 2 (n - 1) / n * bytes / bandwidth + 2 (n - 1) * latency

Nothing of it overlaps with computing here, input is never late, and all links are
alike. It is a model: what comes of it is called modelled wherever it is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sea_ice_kedro.errors import InvalidOption

Sample = tuple[int, float, float]
"""Workers, bytes of what is averaged, seconds that it takes."""


@dataclass(frozen=True)
class RingAllReduce:
    """The cost of one all-reduce."""

    seconds_a_byte: float
    """1 / bandwidth of a link."""

    latency_s: float
    """Latency of one message, whatever its size."""

    def seconds(self, workers: int, size_bytes: float) -> float:
        """Return the seconds that averaging takes; none with one worker."""
        bytes_sent, messages = _counts(workers, size_bytes)
        return bytes_sent * self.seconds_a_byte + messages * self.latency_s


@dataclass(frozen=True)
class TrainingModel:
    """The cost of a step of training on several workers."""

    compute_s: float
    """Of a step on one worker alone."""

    gradient_bytes: float
    batch_size: int
    """Images a step and worker."""

    ring: RingAllReduce

    def step_s(self, workers: int) -> float:
        """Return the seconds of a step."""
        return self.compute_s + self.ring.seconds(workers, self.gradient_bytes)

    def images_per_s(self, workers: int) -> float:
        """Return images a second of all workers."""
        return workers * self.batch_size / self.step_s(workers)

    def speedup(self, workers: int) -> float:
        """Return how many times faster than one worker."""
        return workers * self.compute_s / self.step_s(workers)


def fit_ring(samples: Sequence[Sample], *, relative: bool) -> RingAllReduce:
    """Find bandwidth and latency by least squares; neither is below zero.

    Args:
        samples: Measured all-reduces of more than one worker.
        relative: Whether errors count in shares of the seconds, which sizes from
            kilobytes to megabytes need; else in seconds.

    Raises:
        InvalidOption: if there is no sample.
    """
    if not samples:
        raise InvalidOption("expected measured all-reduces to fit a ring to, got none")
    terms = np.array([_counts(n, size) for n, size, _ in samples], np.float64)
    seconds = np.array([s for _, _, s in samples], np.float64)
    weights = 1 / seconds if relative else np.ones(len(samples))
    terms, seconds = terms * weights[:, None], seconds * weights
    # Two unknowns: the best is inside, or on one of the two edges.
    candidates = [np.linalg.lstsq(terms, seconds, rcond=None)[0]]
    for other in range(2):
        column = terms[:, other]
        edge = np.zeros(2)
        edge[other] = max(column @ seconds / (column @ column), 0.0)
        candidates.append(edge)
    allowed = [found for found in candidates if (found >= 0).all()]
    best = min(allowed, key=lambda found: float(((terms @ found - seconds) ** 2).sum()))
    return RingAllReduce(float(best[0]), float(best[1]))


def _counts(workers: int, size_bytes: float) -> tuple[float, float]:
    """Return the bytes that each worker sends, and in how many messages."""
    messages = 2.0 * (workers - 1)
    return messages / workers * size_bytes, messages
