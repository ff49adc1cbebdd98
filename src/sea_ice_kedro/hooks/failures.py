"""Failures of single scenes, and where the products of the others are."""

import logging
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from sea_ice_kedro.datasets.failures import LEDGER, PartitionsFailed
from sea_ice_kedro.datasets.progress import IN_DETAIL
from sea_ice_kedro.hooks.dataset_paths import path_of

logger = logging.getLogger(__name__)


class FailureHooks:
    """Raise at the end of a run what single scenes failed with during it."""

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Start collecting failures, so that one scene does not stop the others."""
        LEDGER.open()

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: Any) -> None:  # noqa: ANN401
        """Log where the products are; end with one error if any scene failed.

        Raises:
            PartitionsFailed: naming every failed product and why.
        """
        for name in sorted(pipeline.all_outputs()):
            place = path_of(name, catalog)
            if place:
                said = name.partition("@")[0], place
                logger.info("%s: %s", *said, extra=IN_DETAIL)
        failures = LEDGER.close()
        if failures:
            raise PartitionsFailed(failures)

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Show what had failed before the error that ended the run."""
        failures = LEDGER.close()
        if failures:
            logger.error("before that, %s", PartitionsFailed(failures))
