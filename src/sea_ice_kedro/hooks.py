"""What happens around a run."""

import logging
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DatasetNotFoundError
from kedro.pipeline import Pipeline

from sea_ice_kedro.datasets.failures import LEDGER, PartitionsFailed
from sea_ice_kedro.errors import MissingInput

logger = logging.getLogger(__name__)


class FailureHooks:
    """Raise at the end of a run what single scenes failed with during it."""

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Start collecting failures, so that one scene does not stop the others."""
        LEDGER.open()

    @hook_impl
    def after_pipeline_run(self) -> None:
        """End the run with one error if any scene failed.

        Raises:
            PartitionsFailed: naming every failed product and why.
        """
        failures = LEDGER.close()
        if failures:
            raise PartitionsFailed(failures)

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Show what had failed before the error that ended the run."""
        failures = LEDGER.close()
        if failures:
            logger.error("before that, %s", PartitionsFailed(failures))


class MissingInputHooks:
    """Say which pipeline makes the data that a run needs and that is not there."""

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: Any) -> None:  # noqa: ANN401
        """Check the inputs that no node of this run makes.

        Raises:
            MissingInput: naming what is missing and the command that makes it.
        """
        missing = [
            name
            for name in sorted(pipeline.inputs())
            if not _is_parameter(name) and not _exists(name, catalog)
        ]
        if missing:
            lines = [f"  {name}: {_how_to_make(name)}" for name in missing]
            raise MissingInput(
                "expected the data that this pipeline starts from, got none of:\n"
                + "\n".join(lines)
            )


def _is_parameter(name: str) -> bool:
    return name.startswith("params:") or name == "parameters"


def _exists(name: str, catalog: Any) -> bool:  # noqa: ANN401
    try:
        return bool(catalog.exists(name))
    except DatasetNotFoundError:
        return False


def _how_to_make(name: str) -> str:
    stored = name.partition("@")[0]
    makers = [
        pipeline_name
        for pipeline_name, registered in pipelines.items()
        if pipeline_name != "__default__"
        and stored in {output.partition("@")[0] for output in registered.all_outputs()}
    ]
    if not makers:
        return "no pipeline makes it; is its catalog entry right?"
    return f"made by kedro run --pipeline {makers[0]}"
