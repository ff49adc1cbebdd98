"""Requirements of a run, checked before its first step."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from sea_ice_kedro.errors import InvalidOption, MissingPackage
from sea_ice_kedro.extras import INSTALL, is_installed
from sea_ice_kedro.training.launch import expect_package, gpu_count
from sea_ice_kedro.training.options import WorkersOptions

_LEARNING = "sea_ice_kedro.pipelines.modeling"
_OUTLINING = "sea_ice_kedro.pipelines.floes.nodes"
_ENGINES = ("engine", "download_engine")


class RequirementHooks:
    """Refuse a run whose last step could not be done, before its first."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Keep where settings are found; what they need depends on the pipeline."""
        self._loader = context.config_loader

    @hook_impl
    def before_pipeline_run(
        self,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: Any,  # noqa: ANN401
    ) -> None:
        """Check runner and packages.

        Raises:
            InvalidOption: if the runner is Kedro's ParallelRunner.
            MissingPackage: naming the extra that is missing, and how to get it.
        """
        _expect_shared_memory(run_params.get("runner"))
        if not is_installed("pyspark"):
            self._expect_no_spark(pipeline)
        if any(node.func.__module__.startswith(_LEARNING) for node in pipeline.nodes):
            expect_package("tensorflow", "train", "to train a network")
        if any(node.func.__module__ == _OUTLINING for node in pipeline.nodes):
            _expect_geopandas()
        if any(node.func.__name__ == "train_unet" for node in pipeline.nodes):
            expect_workers(catalog.load("params:modeling.workers"))

    def _expect_no_spark(self, pipeline: Pipeline) -> None:
        """Refuse tables and engines of Spark; Kedro only says what cannot be imported.

        Raises:
            MissingPackage: naming what asks for Spark.
        """
        entries, settings = self._loader["catalog"], self._loader["globals"]
        given = (self._loader.runtime_params or {}).get("engine") or {}
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


def _expect_geopandas() -> None:
    if not is_installed("geopandas"):
        raise MissingPackage(
            "expected the package geopandas (extra vector) for the polygons of floes "
            f"and leads, got none installed; {INSTALL['vector']}, or leave out the "
            "pipelines floes and network_floes (sea-ice-kedro map: --floes)"
        )


def _expect_shared_memory(runner: object) -> None:
    if "ParallelRunner" in str(runner):
        raise InvalidOption(
            "expected --runner SequentialRunner (the default) or ThreadRunner, got "
            "ParallelRunner, whose processes do not share what is kept in memory "
            "between steps. Scenes are worked on in parallel within each step "
            "already: --params engine.name=processes,engine.workers=8"
        )


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
