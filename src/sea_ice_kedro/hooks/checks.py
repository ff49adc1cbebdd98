"""Checks of a run before its first step, in the order in which they are called here."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from sea_ice_kedro.hooks import requirements, root_scenes
from sea_ice_kedro.hooks import settings_checks as checks
from sea_ice_kedro.pipelines.variants import DEFAULT, choose
from sea_ice_kedro.sources import earth_engine_search


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
        requirements.expect_shared_root(defaults["data_root"], context.env)

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
        if self._scenes is not None:
            root_scenes.expect_same_scenes(self._scenes, pipeline, catalog)
        requirements.expect_shared_memory(run_params.get("runner"))
        requirements.expect_spark(pipeline, self._loader)
        requirements.expect_packages(pipeline)
        if requirements.trains(pipeline):
            workers = catalog.load("params:modeling.workers")
            requirements.expect_workers(workers)
        checks.expect_read(run_params.get("runtime_params") or {})
        requirements.expect_inputs(pipeline, catalog)

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
