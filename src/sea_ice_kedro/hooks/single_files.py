"""Tables and figures are read by later steps as they were made, or not at all."""

from typing import Any

from kedro.framework.hooks import hook_impl

from sea_ice_kedro.datasets.single_files import (
    expect_as_made,
    forget_file,
    keep_file,
)
from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.hooks.dataset_paths import path_of


class SingleFileHooks:
    """Keep digests of the files that steps save, and compare those that they load.

    Folders of products have manifests; this is for what is one file.
    """

    def __init__(self) -> None:
        """Start without a run."""
        self._catalog: Any = {}

    @hook_impl
    def before_pipeline_run(self, catalog: Any) -> None:  # noqa: ANN401 - Kedro's
        """Remember where data lie."""
        self._catalog = catalog

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        """Forget the file that is about to be replaced."""
        if path := self._path(dataset_name):
            forget_file(path)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Put down the digest of what was written."""
        if path := self._path(dataset_name):
            keep_file(path)

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str) -> None:
        """Compare what a step is about to read.

        Raises:
            InvalidRecord: naming the file that is not as it was made.
        """
        path = self._path(dataset_name)
        if path and self._catalog.exists(dataset_name):
            expect_as_made(path)

    def _path(self, name: str) -> str:
        is_file = isinstance(self._catalog.get(name), WholeFileDataset)
        return path_of(name, self._catalog) if is_file else ""
