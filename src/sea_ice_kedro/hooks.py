"""What happens around a run."""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DatasetError, DatasetNotFoundError
from kedro.pipeline import Pipeline
from kedro.validation.exceptions import ParameterValidationError
from rich.console import Console
from rich.markup import escape

from sea_ice_kedro.datasets.failures import LEDGER, PartitionsFailed
from sea_ice_kedro.engines import spark_session
from sea_ice_kedro.errors import InvalidOption, MissingInput, SeaIceError
from sea_ice_kedro.pipelines.variants import DEFAULT, choose, chosen
from sea_ice_kedro.sources import earth_engine_access

logger = logging.getLogger(__name__)


class ReadableErrorHooks:
    """End a run with the message of what went wrong, not with a page of frames."""

    @hook_impl
    def after_context_created(self) -> None:
        """Show our own errors in words; SEA_ICE_TRACE=1 shows where they came from."""
        if not os.environ.get("SEA_ICE_TRACE"):
            sys.excepthook = _in_words(sys.excepthook)


ExceptHook = Callable[
    [type[BaseException], BaseException, TracebackType | None], object
]


def _in_words(otherwise: ExceptHook) -> ExceptHook:
    def show(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        meant = _meant_for_people(error)
        if meant is None:
            otherwise(kind, error, trace)
            return
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(f"[bold red]Error:[/] {escape(str(meant))}")
        console.print("[dim](SEA_ICE_TRACE=1 shows where in the code)[/]")

    return show


def _meant_for_people(error: BaseException | None) -> BaseException | None:
    """Find the outermost error in a chain of causes whose message says it all."""
    while error is not None:
        if isinstance(error, SeaIceError | ParameterValidationError):
            return error
        silenced = error.__suppress_context__ or not isinstance(error, DatasetError)
        error = error.__cause__ or (None if silenced else error.__context__)
    return None


class SparkHooks:
    """Have `conf/<env>/spark.yml` decide on Spark, for the runs that need it.

    The engine and the tables of Spark start a session when they are first used.
    """

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Read the properties of the environment.

        Raises:
            InvalidOption: if it has no place for data, which a cluster shares.
        """
        if context.config_loader["globals"]["data_root"] == "gs://":
            raise InvalidOption(
                f"expected a place for the data of --env {context.env} that all workers"
                " reach, got none; set one: SEA_ICE_DATA=gs://bucket/season"
            )
        spark_session.configure(context.config_loader["spark"])

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Stop the session if this run has started it."""
        spark_session.stop()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Stop it after a failure, too."""
        spark_session.stop()


class CredentialHooks:
    """Tell the source that needs it where credentials are; none is read here."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Pass on what credentials.yml says of Earth Engine.

        That of conf/local holds in every environment: who you are does not depend on
        `--env paper`.

        Raises:
            NoAccess: if it says other than a project and a file.
        """
        loader = context.config_loader
        try:
            known = loader["credentials"].get("earth_engine") or {}
        except MissingConfigException:
            known = {}
        of_user = Path(loader.conf_source) / "local" / "credentials.yml"
        earth_engine_access.configure(
            earth_engine_access.entry_in(of_user) | known, Path(context.project_path)
        )


class VariantHooks:
    """Have pipelines wired for the variants that the configuration names."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Choose the variants of the environment, or those of `--params`.

        Raises:
            InvalidOption: if a name is not a variant's.
        """
        loader = context.config_loader
        asked = (loader.runtime_params or {}).get("modeling", {}).get("variants")
        source = loader["parameters"]["ingestion"]["source"]
        before = chosen()
        if (
            choose(asked or loader["globals"]["variants"].get(source, DEFAULT))
            != before
        ):
            # They may have been wired for others already.
            pipelines.configure("sea_ice_kedro.pipeline_registry")


class FailureHooks:
    """Raise at the end of a run what single scenes failed with during it."""

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Start collecting failures, so that one scene does not stop the others."""
        LEDGER.open()

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: Any) -> None:  # noqa: ANN401
        """Say where the products are; end with one error if any scene failed.

        Raises:
            PartitionsFailed: naming every failed product and why.
        """
        for name in sorted(pipeline.all_outputs()):
            place = _place_of(name, catalog)
            if place:
                logger.info("%s: %s", name.partition("@")[0], place)
        failures = LEDGER.close()
        if failures:
            raise PartitionsFailed(failures)

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Show what had failed before the error that ended the run."""
        failures = LEDGER.close()
        if failures:
            logger.error("before that, %s", PartitionsFailed(failures))


class RuntimeParameterHooks:
    """Refuse `--params` that nothing reads: a typing error would go unnoticed."""

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any]) -> None:
        """Check the parameters of this run against those that pipelines read.

        Raises:
            InvalidOption: naming those that nothing reads, and all that are read.
        """
        read = {*_CONFIGURED, *_parameters_read()}
        given = _dotted(run_params.get("runtime_params") or {})
        unread = [
            name
            for name in given
            if not any(f"{name}.".startswith(f"{group}.") for group in read)
        ]
        if unread:
            raise InvalidOption(
                f"expected --params below one of {', '.join(sorted(read))}, got "
                f"{', '.join(unread)}, which nothing reads"
            )


_CONFIGURED = ("engine.name", "engine.workers", "inference.model", "modeling.variants")
"""Read by catalog files and by `VariantHooks`, not by a node."""


def _dotted(nested: dict[str, Any], above: str = "") -> list[str]:
    """Give the full names of a nested record's values: "engine.name", ..."""
    names: list[str] = []
    for key, value in nested.items():
        name = f"{above}{key}"
        names += _dotted(value, f"{name}.") if isinstance(value, dict) else [name]
    return names


def _parameters_read() -> set[str]:
    pipelines.set_requested(None)  # a run loads only the pipelines it was asked for
    return {
        name.removeprefix("params:")
        for pipeline in pipelines.values()
        for name in pipeline.inputs()
        if name.startswith("params:")
    }


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


def _place_of(name: str, catalog: Any) -> str:  # noqa: ANN401
    """Give the path of a dataset on a disk or in a bucket, "" when it has none."""
    dataset = catalog.get(name)
    place = getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
    return str(place) if place else ""


def _is_parameter(name: str) -> bool:
    return name.startswith("params:") or name == "parameters"


def _exists(name: str, catalog: Any) -> bool:  # noqa: ANN401
    try:
        return bool(catalog.exists(name))
    except DatasetNotFoundError:
        return False


def _how_to_make(name: str) -> str:
    stored = name.partition("@")[0]
    pipelines.set_requested(None)  # a run loads only the pipelines it was asked for
    makers = [
        pipeline_name
        for pipeline_name, registered in pipelines.items()
        if pipeline_name != "__default__"
        and stored in {output.partition("@")[0] for output in registered.all_outputs()}
    ]
    if stored == "served_model":
        return (
            "a trained network: --params inference.model=/path/to/unet.keras, or made "
            "by: kedro run --pipelines modeling"
        )
    if not makers:
        return "no pipeline makes it; is its catalog entry right?"
    return f"made by: kedro run --pipelines {makers[0]}"
