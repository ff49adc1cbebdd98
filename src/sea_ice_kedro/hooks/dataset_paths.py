"""Where the data of a catalog lie."""

from typing import Any


def path_of(name: str, catalog: Any) -> str:  # noqa: ANN401 - Kedro's catalog
    """Return the path of a dataset on a disk or in a bucket, "" when it has none."""
    dataset = catalog.get(name)
    place = getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
    return str(place) if place else ""
