"""Tables and figures are read by later steps as they were made, or not at all."""

from typing import Any

from sea_ice_kedro.datasets.single_files import expect_as_made, forget_file, keep_file
from sea_ice_kedro.datasets.whole_file import WholeFileDataset


class SingleFiles:
    """Digests of the files that a run saves, compared with those that it loads.

    Folders of products have manifests; this is for what is one file on a disk. An
    object in a bucket is there whole or not at all.
    """

    def __init__(self, catalog: Any) -> None:  # noqa: ANN401 - Kedro's
        """Remember where data lie."""
        self._catalog = catalog

    def forget(self, name: str) -> None:
        """Forget the file of a dataset that is about to be replaced."""
        if path := self._path(name):
            forget_file(path)

    def keep(self, name: str) -> None:
        """Record the digest of what was written."""
        if path := self._path(name):
            keep_file(path)

    def expect_as_made(self, name: str) -> None:
        """Compare what a step is about to read with what was written.

        Raises:
            InvalidRecord: naming the file that is not as it was made.
        """
        path = self._path(name)
        if path and self._catalog.exists(name):
            expect_as_made(path)

    def _path(self, name: str) -> str:
        dataset = self._catalog.get(name)
        place = path_of(dataset) if isinstance(dataset, WholeFileDataset) else ""
        return "" if "://" in place else place


def path_of(dataset: Any) -> str:  # noqa: ANN401 - Kedro's, or None
    """Return the path or URL of a dataset on a disk or in a bucket, "" of others."""
    place = getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
    return str(place) if place else ""
