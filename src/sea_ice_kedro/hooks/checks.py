"""Checks of a run before its first step.

Plain functions; `CheckHooks`, below, calls them in its order.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DatasetNotFoundError, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from sea_ice_kedro.errors import (
    INSTALL,
    InvalidOption,
    MissingInput,
    MissingPackage,
    is_installed,
)
from sea_ice_kedro.hooks import root_scenes
from sea_ice_kedro.hooks import settings_checks as checks
from sea_ice_kedro.pipelines import SUMMARIES
from sea_ice_kedro.pipelines.variants import DEFAULT, choose
from sea_ice_kedro.sources import earth_engine_search
from sea_ice_kedro.training.launch import expect_package, gpu_count
from sea_ice_kedro.training.options import WorkersOptions

_LEARNING = "sea_ice_kedro.pipelines.modeling"
_OUTLINING = "sea_ice_kedro.pipelines.floes"
_ENGINES = ("engine", "download_engine")


def expect_shared_root(data_root: str, env: str) -> None:
    """Refuse a cluster without a place for data.

    Raises:
        InvalidOption: if `data_root` is the unfinished one of `conf/dataproc`.
    """
    if data_root == "gs://":
        raise InvalidOption(
            f"expected a place for the data of --env {env} that all workers"
            " reach, got none; set one: SEA_ICE_DATA=gs://bucket/season"
        )


def expect_shared_memory(runner: object) -> None:
    """Refuse Kedro's ParallelRunner.

    Raises:
        InvalidOption: naming runners that share what is in memory.
    """
    if "ParallelRunner" in str(runner):
        raise InvalidOption(
            "expected --runner SequentialRunner (the default) or ThreadRunner, got "
            "ParallelRunner, whose processes do not share what is kept in memory "
            "between steps. Scenes are worked on in parallel within each step "
            "already: --params engine.name=processes,engine.workers=8"
        )


def expect_all_steps(run_params: Mapping[str, Any]) -> None:
    """Refuse `--only-missing-outputs`: Kedro skips a step if any output exists.

    A folder with one product of many is there to Kedro, and so is what other settings
    have made.

    Args:
        run_params: As Kedro gives them to hooks.

    Raises:
        InvalidOption: naming the same command without that option.
    """
    if run_params.get("only_missing_outputs"):
        raise InvalidOption(
            "expected a run without --only-missing-outputs, got that option, by which "
            "Kedro takes a folder for made where one product of many is left, or where "
            "other settings made it; run the same command without it: each step makes "
            "only what is missing or not as it would be made"
        )


def expect_packages(pipeline: Pipeline) -> None:
    """Refuse to begin what needs an optional package that is not installed.

    Raises:
        MissingPackage: naming the extra that is missing, and how to get it.
    """
    if any(node.func.__module__.startswith(_LEARNING) for node in pipeline.nodes):
        expect_package("tensorflow", "train", "to train a network")
    outlining = any(node.func.__module__ == _OUTLINING for node in pipeline.nodes)
    if outlining and not is_installed("geopandas"):
        raise MissingPackage(
            "expected the package geopandas (extra vector) for the polygons of floes "
            f"and leads, got none installed; {INSTALL['vector']}, or leave out the "
            "pipelines floes and network_floes (sea-ice-kedro map: --floes)"
        )


def expect_spark(pipeline: Pipeline, loader: Any) -> None:  # noqa: ANN401 - Kedro's
    """Refuse tables and engines of Spark where it is not installed.

    Kedro only says what cannot be imported. Configuration is read for this only where
    there is no Spark.

    Raises:
        MissingPackage: naming what asks for Spark.
    """
    if is_installed("pyspark"):
        return
    entries, settings = loader["catalog"], loader["globals"]
    given = (loader.runtime_params or {}).get("engine") or {}
    tables = [
        name
        for name in sorted(pipeline.datasets())
        if "spark" in str((entries.get(name) or {}).get("type")).lower()
    ]
    engines = {name: settings.get(name, {}).get("name") for name in _ENGINES}
    engines["engine"] = given.get("name", engines["engine"])
    asking = [f"{name}.name=spark" for name in _ENGINES if engines[name] == "spark"]
    if tables or asking:
        raise MissingPackage(
            "expected the package pyspark (extra spark) for "
            f"{', '.join(asking + tables[:3])}, got none installed; "
            f"{INSTALL['spark']}, or run without it: no --env dataproc, "
            "--params engine.name=processes"
        )


def trains(pipeline: Pipeline) -> bool:
    """Return whether a network is trained."""
    return any(node.func.__name__ == "train_unet" for node in pipeline.nodes)


def expect_workers(workers: WorkersOptions) -> None:
    """Refuse several workers without what they compute on and talk by.

    Raises:
        InvalidOption: if GPUs are to talk, and there are none.
        MissingPackage: if Horovod is missing.
    """
    count = workers.count
    if workers.hosts is None and workers.collectives == "nccl":
        gpus = gpu_count()
        if not gpus:
            raise InvalidOption(
                "expected GPUs that TensorFlow can use, as modeling.workers.collectives"
                " is nccl (--env dgx), got none; train without --env dgx, or with "
                "--params modeling.workers.collectives=any"
            )
        count = gpus if count == "auto" else count
    if workers.hosts is not None or (count != "auto" and int(count) > 1):
        expect_package("horovod", "horovod", f"for {count} workers")


def expect_inputs(pipeline: Pipeline, catalog: Any) -> None:  # noqa: ANN401
    """Refuse a run whose inputs no earlier run has made.

    What may be missing: entries of the catalog with `optional: true`, whose folder is
    then empty, and inputs of steps that sum up whatever there is (`SUMMARIES`), which
    get None.

    Raises:
        MissingInput: naming what is missing and the command that makes it.
    """
    missing = [name for name in sorted(pipeline.inputs()) if _is_missing(name, catalog)]
    summed_up = {
        name
        for name in missing
        if name in catalog and _is_only_summed_up(name, pipeline)
    }
    needed = [name for name in missing if name not in summed_up]
    if needed:
        lines = [f"  {name}: {_how_to_make(name)}" for name in needed]
        raise MissingInput(
            "expected the data that this pipeline starts from, got none of:\n"
            + "\n".join(lines)
        )
    with _replacing_silently():
        for name in summed_up:
            catalog[name] = MemoryDataset(None)


def _is_missing(name: str, catalog: Any) -> bool:  # noqa: ANN401
    if name.startswith("params:") or name == "parameters":
        return False
    try:
        there = bool(catalog.exists(name))
    except DatasetNotFoundError:
        return True
    return not (there or getattr(catalog.get(name), "optional", False))


def _is_only_summed_up(name: str, pipeline: Pipeline) -> bool:
    """Return whether all steps that take an input sum up whatever there is."""
    takers = [node for node in pipeline.nodes if name in node.inputs]
    needed = [SUMMARIES.get(str(node.namespace)) for node in takers]
    return all(names is not None and name not in names for names in needed)


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


@contextmanager
def _replacing_silently() -> Iterator[None]:
    """Keep Kedro from warning of each dataset that is replaced: here it is meant."""
    logger = logging.getLogger("kedro.io.data_catalog")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


# --- The hook, and its order


class CheckHooks:
    """Refuse a run that cannot end well: by its settings, its needs or its inputs.

    Each check is a plain function with a test of its own. What is misspelt is said
    first, as later checks read it; inputs come last, as they are looked for in buckets.
    """

    def __init__(self) -> None:
        """Start before any run."""
        self._loader: Any = None
        self._scenes: root_scenes.RunScenes | None = None

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Check settings; go on with the scenes of the data root; configure the rest.

        Raises:
            InvalidOption, InvalidRecord, NoAccess: as the functions that are called.
        """
        self._loader = loader = context.config_loader
        project_path = Path(context.project_path)
        defaults = loader["globals"]
        settings = checks.settings_of(loader)

        checks.expect_known(settings)
        checks.expect_limits_used(settings)
        checks.keep_intermediates(defaults, settings.params)
        expect_shared_root(defaults["data_root"], context.env)

        note = root_scenes.note_in(loader["catalog"], project_path)
        named = root_scenes.named_in(settings)
        loader.runtime_params = root_scenes.going_on(settings, note.kept)
        settings = checks.settings_of(loader)
        ingestion = settings.used["ingestion"]
        self._scenes = root_scenes.scenes_of_run(ingestion, note, named)

        checks.expect_applicable(settings)
        by_source = defaults["variants"].get(ingestion["source"], DEFAULT)
        choose(checks.value_in(settings.params, "modeling.variants") or by_source)
        earth_engine_search.configure(credentials_of(loader), project_path)

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: Any,  # noqa: ANN401 - Kedro's catalog
    ) -> None:
        """Check what this pipeline needs.

        Raises:
            InvalidOption, MissingPackage, MissingInput: as the functions that are
                called.
        """
        expect_all_steps(run_params)
        if self._scenes is not None:
            root_scenes.expect_same_scenes(self._scenes, pipeline, catalog)
        expect_shared_memory(run_params.get("runner"))
        expect_spark(pipeline, self._loader)
        expect_packages(pipeline)
        if trains(pipeline):
            workers = catalog.load("params:modeling.workers")
            expect_workers(workers)
        checks.expect_read(run_params.get("runtime_params") or {})
        expect_inputs(pipeline, catalog)

    @hook_impl
    def after_node_run(self, node: Node, catalog: Any) -> None:  # noqa: ANN401
        """Keep where scenes are from, before the first of them is read."""
        if self._scenes is not None and root_scenes.lists_scenes(node):
            root_scenes.keep_scenes(self._scenes, catalog)
            kept = replace(self._scenes.note, kept=self._scenes.wanted)
            self._scenes = replace(self._scenes, note=kept)


def credentials_of(loader: Any) -> Mapping[str, Any]:  # noqa: ANN401 - Kedro's loader
    """Return what credentials.yml says of Earth Engine: names, no secret.

    That of conf/local holds in every environment: credentials do not depend on `--env
    paper`.
    """
    try:
        known = loader["credentials"].get("earth_engine") or {}
    except MissingConfigException:
        known = {}
    of_user = Path(loader.conf_source) / "local" / "credentials.yml"
    return earth_engine_search.entry_in(of_user) | known
