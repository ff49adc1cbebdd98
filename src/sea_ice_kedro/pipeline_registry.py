"""The project's pipelines."""

from difflib import get_close_matches
from pathlib import Path

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

import sea_ice_kedro.pipelines as package
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.pipelines import ON_REQUEST
from sea_ice_kedro.pipelines.inference import NAMESPACE, map_ingested, map_with_polar
from sea_ice_kedro.pipelines.variants import wire

_APART = {*ON_REQUEST, NAMESPACE}

_FORMER = {"calibration": "threshold_calibration", "catalogue": "stac_export"}
"""Pipelines of earlier versions -> their names of today."""


def register_pipelines() -> dict[str, Pipeline]:
    """Find every package in `pipelines`; the default runs them in order.

    Those of `ON_REQUEST` run only when they are asked for.

    On its own, `inference` takes in scenes of its own; in the default run it maps those
    that were ingested, with the first network of the run and with the one that ships.
    """
    first = wire()[0]
    found = _found()
    pipelines = {
        name: made if name == NAMESPACE else _grouped(made, name)
        for name, made in found.items()
    }
    in_order = [
        made for name, made in pipelines.items() if name not in {*_APART, "__default__"}
    ]
    by_own = map_ingested(f"{first.name}.unet_onnx")
    mapped = _grouped(by_own + map_with_polar(), NAMESPACE)
    pipelines["__default__"] = sum([*in_order, mapped], Pipeline([]))
    return pipelines


def _found() -> dict[str, Pipeline]:
    """Import the pipelines that a run asks for.

    Raises:
        InvalidOption: if one does not exist; Kedro says it could not be imported.
    """
    places = Path(str(package.__file__)).parent.glob("*/__init__.py")
    known = sorted(place.parent.name for place in places)
    try:
        # By name: of a pipeline that was removed, a folder of compiled files remains.
        found: dict[str, Pipeline] = find_pipelines(
            raise_errors=True, pipelines_to_find=known
        )
    except ImportError as error:
        asked = str(error).partition(f"{package.__name__}.")[2].partition("'")[0]
        if asked in known:
            raise
        close = (
            [_FORMER[asked]] if asked in _FORMER else get_close_matches(asked, known, 1)
        )
        meant = f"; did you mean {close[0]}?" if close else ""
        raise InvalidOption(
            f"expected pipelines of {', '.join(known)}, got {asked}{meant}"
        ) from error
    return found


def _grouped(pipeline: Pipeline, name: str) -> Pipeline:
    """Put all nodes into the namespace and under the tag of their pipeline.

    A namespace is a box that kedro-viz opens and closes. It must be the same one
    wherever a node is registered, because kedro-viz knows each node once. Datasets keep
    their names, and so do the files.
    """
    return Pipeline(
        pipeline, namespace=name, tags=name, prefix_datasets_with_namespace=False
    )
