"""Where a run is, and where to look first when it is over."""

import logging
import time
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from sea_ice_kedro import __version__
from sea_ice_kedro.datasets.progress import STEPS
from sea_ice_kedro.hooks.dataset_paths import path_of
from sea_ice_kedro.hooks.run_log import LOG

logger = logging.getLogger(__name__)

_LONG_S = 10.0

_FIRST = ("report", "prediction_quicklooks", "quicklooks")
"""Products that people look at first, if the run has them."""

_MAPS = ("predictions", "class_maps")


class OverviewHooks:
    """Log what a run is about to do, which step it is at, and what to look at first."""

    def __init__(self) -> None:
        """Start before any run."""
        self._start = self._step_start = 0.0
        self._data_root = ""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Remember where data go."""
        root = str(context.config_loader["globals"]["data_root"])
        on_disk = "://" not in root
        self._data_root = str(Path(context.project_path) / root) if on_disk else root

    @hook_impl(trylast=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline
    ) -> None:
        """Begin to count, when all that is checked before is right."""
        self._start = time.monotonic()
        steps = len(pipeline.nodes)
        STEPS.start(steps)
        what = " + ".join(run_params.get("pipeline_names") or ["all pipelines"])
        logger.info(
            "sea_ice_kedro %s: %s, %d steps; data: %s%s",
            __version__,
            what,
            steps,
            self._data_root,
            f"; log: {LOG.path}" if LOG.path else "",
        )

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Go on to the next step."""
        self._step_start = time.monotonic()
        STEPS.next(node.name)

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Name a step that took long; one that saves scenes says so itself."""
        took_s = time.monotonic() - self._step_start
        if took_s >= _LONG_S:
            logger.info("%s%s: %.0f s", str(STEPS), node.name, took_s)

    @hook_impl
    def on_node_error(self, node: Node) -> None:
        """Name the step; the end of the run says why."""
        logger.error("step %s%s failed", str(STEPS), node.name)

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: Any) -> None:  # noqa: ANN401
        """Name the products to look at first."""
        STEPS.stop()
        logger.info("done in %s", _in_words(time.monotonic() - self._start))
        made = {name.partition("@")[0]: name for name in pipeline.all_outputs()}
        for words, names in (("maps", _MAPS), ("look first at", _FIRST)):
            places = (path_of(made[name], catalog) for name in names if name in made)
            place = next((found for place in places if (found := shown(place))), "")
            if place:
                logger.info("%s: %s", words, place)

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Show no step any more."""
        STEPS.stop()


def shown(place: str) -> str:
    """Return what to open: a folder's first picture; "" for what is not there."""
    if "://" in place:
        return place
    path = Path(place)
    if not place or not path.exists():
        return ""
    return str(min(path.glob("*.png"), default=path))


def _in_words(elapsed_s: float) -> str:
    minutes, seconds = divmod(round(elapsed_s), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
