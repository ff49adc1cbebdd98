"""Accuracy and area from a sample of points, weighted by what the map shows of each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AreaAdjusted:
    """Estimates for the whole mapped area, each with its standard error; shares, 0..1.

    Arrays are float64 (K,), a value a class; NaN where no point is of the class.
    """

    accuracy: float
    accuracy_error: float
    user: Values
    """Share of what is mapped as a class that is right (precision)."""

    user_error: Values
    producer: Values
    """Share of a class that is mapped as it (recall)."""

    producer_error: Values
    area: Values
    """Share of the mapped area that a class really has."""

    area_error: Values


def area_adjusted(
    counts: npt.NDArray[np.int64], mapped: npt.NDArray[np.int64]
) -> AreaAdjusted:
    """Estimate accuracy and area (Olofsson et al. 2014, equations 1 to 11).

    Points are a random sample of the map, or of each class of the map. Their shares
    are weighted by the share of the map that their mapped class has, so that a class
    with many points counts no more than its area.

    Args:
        counts: int64 (K, K), rows = class in the map, columns = class of the point.
        mapped: int64 (K,), pixels of the map a class.

    Raises:
        ValueError: if a class that the map shows has fewer than two points.
    """
    points = counts.sum(axis=1)
    if np.any((mapped > 0) & (points < 2)):  # noqa: PLR2004 - a variance needs two
        raise ValueError(
            "expected two points or more in each class that the map shows, got "
            f"{points.tolist()}"
        )
    weights = mapped / mapped.sum()
    shares = counts / np.maximum(points, 1)[:, None]  # of the points of a mapped class
    spread = shares * (1 - shares) / np.maximum(points - 1, 1)[:, None]
    weighted = weights[:, None] ** 2 * spread
    right = np.diag(shares)
    area = weights @ shares
    with np.errstate(divide="ignore", invalid="ignore"):
        user = np.where(points > 0, right, np.nan)
        producer = weights * right / area
        own = np.diag(weighted)
        others = weighted.sum(axis=0) - own
        variance = ((1 - producer) ** 2 * own + producer**2 * others) / area**2
    return AreaAdjusted(
        accuracy=float(weights @ right),
        accuracy_error=float(np.sqrt(own.sum())),
        user=user,
        user_error=np.where(points > 0, np.sqrt(np.diag(spread)), np.nan),
        producer=producer,
        producer_error=np.sqrt(variance),
        area=area,
        area_error=np.sqrt(weighted.sum(axis=0)),
    )
