"""Spark, for the runs that need it."""

from typing import Any

from kedro.framework.hooks import hook_impl

from sea_ice_kedro.engines import spark_session


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
