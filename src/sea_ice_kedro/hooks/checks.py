"""Checks before a run starts: its parameters and its inputs."""

from collections.abc import Collection
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DatasetNotFoundError
from kedro.pipeline import Pipeline

from sea_ice_kedro.errors import InvalidOption, MissingInput


class RuntimeParameterHooks:
    """Refuse `--params` that nothing reads: a typing error would go unnoticed."""

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any]) -> None:
        """Check the parameters of this run against those that pipelines read.

        Raises:
            InvalidOption: naming those that nothing reads, and all that are read.
        """
        read = {*CONFIGURED, *_parameters_read()}
        given = _dotted(run_params.get("runtime_params") or {})
        unread = [name for name in given if not _is_below(name, read)]
        if unread:
            raise InvalidOption(
                f"expected --params below one of {', '.join(sorted(read))}, got "
                f"{', '.join(unread)}, which nothing reads"
            )


CONFIGURED = (
    *("engine.name", "engine.workers", "engine.remake"),
    *("inference.model", "modeling.variants", "keep_intermediates"),
)
"""Read by catalog files and by other hooks, not by a node."""


def is_read(name: str) -> bool:
    """Return whether anything reads a setting: "autolabel.thresholds.thin_ice_min"."""
    return _is_below(name, {*CONFIGURED, *_parameters_read()})


def _is_below(name: str, groups: Collection[str]) -> bool:
    return any(f"{name}.".startswith(f"{group}.") for group in groups)


def _dotted(nested: dict[str, Any], above: str = "") -> list[str]:
    """Return the full names of a nested record's values: "engine.name", ..."""
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
    """Name the pipeline that makes the missing data that a run needs."""

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
    pipelines.set_requested(None)  # a run loads only the pipelines it was asked for
    makers = [
        pipeline_name
        for pipeline_name, registered in pipelines.items()
        if pipeline_name != "__default__"
        and stored in {output.partition("@")[0] for output in registered.all_outputs()}
    ]
    if stored == "served_model":
        return (
            "a trained network: --params inference.model=/path/to/unet.onnx, or made "
            "by: kedro run --pipelines modeling"
        )
    if not makers:
        return "no pipeline makes it; is its catalog entry right?"
    return f"made by: kedro run --pipelines {makers[0]}"
