"""OpenCV's own threads, which would fight with ours for the same cores."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def single_threaded_opencv() -> Iterator[None]:
    """Keep OpenCV to one thread inside the block."""
    import cv2  # noqa: PLC0415 - the engines themselves start without OpenCV

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
