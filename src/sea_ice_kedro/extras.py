"""Optional packages: what they are for, whether they are there, how to get them."""

import importlib.util

EXTRAS = ("train", "horovod", "spark", "spark-connect", "viz", "vector")

INSTALL = {
    extra: f"install it: .tools/uv sync --inexact --extra {extra}, or pip install "
    f"'sea_ice_kedro[{extra}]'"
    for extra in EXTRAS
}
"""By extra, what to say."""


def is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    return importlib.util.find_spec(package) is not None
