"""Random fields that the shapes and textures of a world are cut from."""

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Mask

Field = npt.NDArray[np.float32]
"""float32 (H, W)."""

Flow = tuple[Field, Field]
"""Column and row that each pixel is taken from, as `cv2.remap` reads them."""

Shape = tuple[int, int]
"""(H, W) in pixels."""


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform between those of `low` and `high`."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def gaussian_field(  # noqa: PLR0913
    rng: np.random.Generator,
    shape: Shape,
    length: float,
    *,
    stretch: float = 1.0,
    angle: float = 0.0,
    slope: float = 0.0,
) -> Field:
    """Draw a Gaussian random field of mean 0 and variance 1.

    Args:
        rng: where it is drawn from.
        shape: (H, W) in pixels.
        length: correlation length in pixels; the outer scale where `slope` is set.
        stretch: how much longer structures are along `angle`.
        angle: direction of the long axis, radians from the column axis.
        slope: 0 for a smooth field (Gaussian covariance); otherwise amplitude falls as
            wavenumber to the power -slope (von Karman): rough at all scales.

    Returns:
        float32 (H, W).
    """
    if not slope and stretch == 1 and length < 12:
        noise = rng.standard_normal(shape, np.float32)
        # one whose weights' squares add up to 1 keeps the variance
        sigma = length / 2**0.5
        weights = cv2.getGaussianKernel(2 * int(3 * sigma + 1) + 1, sigma, cv2.CV_32F)
        weights /= np.sqrt(np.sum(weights**2))
        return cv2.sepFilter2D(noise, -1, weights, weights)
    step = max(1, int(length // 8))
    if slope:
        step = 1 if max(shape) < 600 else 2 + (length > 50)
    rows, columns = (
        cv2.getOptimalDFTSize(n + 2 * int(length) // step)
        for n in (-(-shape[0] // step) + 1, -(-shape[1] // step) + 1)
    )
    y = 2 * np.pi * np.fft.fftfreq(rows).astype(np.float32)[:, None] / step
    x = 2 * np.pi * np.fft.fftfreq(columns).astype(np.float32)[None] / step
    c, s = (np.float32(length * f) for f in (np.cos(angle), np.sin(angle)))
    k2 = np.square((x * c + y * s) * np.float32(stretch)) + np.square(y * c - x * s)
    amplitude = cv2.pow(1 + k2, -slope / 2) if slope else cv2.exp(-k2 / 4)
    amplitude[0, 0] = 0
    spectrum = (
        rng.standard_normal((rows, columns, 2), np.float32) * amplitude[..., None]
    )
    # the real part of a transform of such noise is the field; the other part is unused
    field = cv2.idft(spectrum)[
        : -(-shape[0] // step) + 1, : -(-shape[1] // step) + 1, 0
    ]
    if step > 1:
        size = (field.shape[1] * step, field.shape[0] * step)
        field = cv2.resize(field, size, interpolation=cv2.INTER_CUBIC)
    mean, deviation = cv2.meanStdDev(np.ascontiguousarray(field))
    field = (field[: shape[0], : shape[1]] - mean[0, 0]) / (deviation[0, 0] + 1e-9)
    return np.asarray(field, np.float32)


def level(field: Field, share: float) -> float:
    """Return the value that about `share` (0..1) of the pixels lie above."""
    return float(np.quantile(field[::5, ::5], np.clip(1 - share, 0, 1)))


def above(field: Field, share: float) -> Mask:
    """Return where the field is highest, bool (H, W): about `share` of the pixels."""
    return np.asarray(field > level(field, share))


def smooth_step(field: Field, start: float, width: float) -> Field:
    """Return a ramp without kinks: 0 below `start`, 1 above `start + width`."""
    t = np.clip((field - start) / max(width, 1e-6), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def ramp(shape: Shape, angle: float) -> Field:
    """Return -1..1 across the scene along `angle`, radians from the column axis."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return np.asarray((x * np.cos(angle) + y * np.sin(angle)) / 1.4142, np.float32)


def still(shape: Shape) -> Flow:
    """Return the flow that leaves every pixel where it is."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return x, y


def eddies(
    rng: np.random.Generator, shape: Shape, length: float, reach: float, steps: int = 10
) -> Flow:
    """Draw where each pixel came from in a flow without divergence.

    The stream function is a Gaussian field; `reach` is the path in pixels that the mean
    speed covers, gone in `steps` steps backwards.
    """
    scale = 8 if min(shape) > 200 else 2
    small = (-(-shape[0] // scale), -(-shape[1] // scale))
    dy, dx = np.gradient(gaussian_field(rng, small, max(length / scale, 2.0)))
    speed = np.sqrt(np.mean(dx**2 + dy**2)) + 1e-9
    u, v = (np.float32(reach / scale / steps / speed) * d for d in (dy, -dx))
    x, y = still(small)
    for _ in range(steps):
        at = (x, y, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT_101)
        x, y = x - cv2.remap(u, *at), y - cv2.remap(v, *at)
    size = (small[1] * scale, small[0] * scale)
    x, y = (cv2.resize(m * scale, size, interpolation=cv2.INTER_CUBIC) for m in (x, y))
    return x[: shape[0], : shape[1]], y[: shape[0], : shape[1]]


def jags(rng: np.random.Generator, shape: Shape, length: float, reach: float) -> Flow:
    """Draw where each pixel came from when outlines are roughened by `reach` pixels."""
    x, y = still(shape)
    return (
        x + np.float32(reach) * gaussian_field(rng, shape, length, slope=2.0),
        y + np.float32(reach) * gaussian_field(rng, shape, length, slope=2.0),
    )


def carried(field: Field, flow: Flow, nearest: bool = False) -> Field:
    """Return the field moved by a flow; `nearest` keeps labels whole."""
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return cv2.remap(field, *flow, how, None, cv2.BORDER_REFLECT_101)
