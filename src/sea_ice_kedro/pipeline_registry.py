"""The project's pipelines."""

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

from sea_ice_kedro.pipelines.inference.pipeline import map_ingested
from sea_ice_kedro.pipelines.variants import chosen


def register_pipelines() -> dict[str, Pipeline]:
    """Find every package in `pipelines`; the default runs them in order.

    `calibration`, `grid_check` and `scaling` run only when they are asked for.

    On its own, `inference` takes in scenes of its own; in the default run it maps those
    that were ingested, with the first network of the run.
    """
    pipelines: dict[str, Pipeline] = find_pipelines(raise_errors=True)
    apart = {"calibration", "grid_check", "inference", "scaling"}
    in_order = [made for name, made in pipelines.items() if name not in apart]
    mapped = map_ingested(f"{chosen()[0].name}.unet")
    pipelines["__default__"] = sum([*in_order, mapped], Pipeline([]))
    return pipelines
