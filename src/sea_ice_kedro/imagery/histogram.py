"""How often each of 256 values occurs: exact at any size, in one pass."""

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Mask


def histogram_of(
    values: npt.NDArray[np.uint8], valid_mask: Mask | None = None
) -> npt.NDArray[np.int64]:
    """Count the pixels of each value.

    Args:
        values: uint8 (H, W).
        valid_mask: bool (H, W), True where a pixel counts; None: everywhere.

    Returns:
        int64 (256,).
    """
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery import kernels  # noqa: PLC0415

    absent = 0
    if valid_mask is not None:
        absent = valid_mask.size - int(np.count_nonzero(valid_mask))
        values = np.where(valid_mask, values, np.uint8(0)) if absent else values
    counts = np.zeros((kernels.TABLES, 256), np.int64)
    kernels.count(np.ascontiguousarray(values).ravel(), counts)
    histogram = counts.sum(axis=0)
    histogram[0] -= absent
    return np.asarray(histogram, np.int64)
