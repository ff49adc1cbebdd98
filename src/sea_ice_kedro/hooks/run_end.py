"""What a run ends with: failures of single scenes, errors in words, Spark's session."""

import logging
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DatasetError
from kedro.validation.exceptions import ParameterValidationError

from sea_ice_kedro.datasets.run_state import LEDGER, PartitionsFailed
from sea_ice_kedro.engines import spark_session
from sea_ice_kedro.errors import SeaIceError, described

logger = logging.getLogger(__name__)


class FailureHooks:
    """Raise at the end of a run what single scenes failed with during it.

    Called last, as all that a run does at its end may fail, too.
    """

    @hook_impl(trylast=True)
    def before_pipeline_run(self) -> None:
        """Start collecting failures, so that one scene does not stop the others."""
        LEDGER.open()

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """End with one error if any scene failed.

        Raises:
            PartitionsFailed: naming every failed product and why.
        """
        failures = LEDGER.close()
        if failures:
            raise PartitionsFailed(failures)

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Show what had failed before the error that ended the run."""
        failures = LEDGER.close()
        if failures:
            logger.error("before that, %s", PartitionsFailed(failures))


def meant_for_people(error: BaseException | None) -> BaseException | None:
    """Find the outermost error in a chain of causes whose message says it all."""
    while error is not None:
        if isinstance(error, SeaIceError | ParameterValidationError):
            return error
        silenced = error.__suppress_context__ or not isinstance(error, DatasetError)
        error = error.__cause__ or (None if silenced else error.__context__)
    return None


def message_of(error: BaseException) -> str:
    """Return the message of an error, with its kind where it was not meant."""
    meant = meant_for_people(error)
    return described(error) if meant is None else str(meant)


# --- Spark, for the runs that need it


class SparkHooks:
    """Have `conf/<env>/spark.yml` decide on Spark, for the runs that need it.

    The engine and the tables of Spark start a session when they are first used.
    """

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Read the properties of the environment."""
        spark_session.configure(context.config_loader["spark"])

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Stop the session if this run has started it."""
        spark_session.stop()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Stop it after a failure, too."""
        spark_session.stop()
