"""The project's pipelines."""

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from kedro.framework.project import pipelines as registered
from kedro.pipeline import Pipeline

import sea_ice_kedro.pipelines as package
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.pipelines import ON_REQUEST
from sea_ice_kedro.pipelines.inference import NAMESPACE, map_ingested, map_with_polar
from sea_ice_kedro.pipelines.variants import wire

_DEFAULT = "__default__"
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
    in_order = [made for name, made in pipelines.items() if name not in _APART]
    by_own = map_ingested(f"{first.name}.unet_onnx")
    mapped = _grouped(by_own + map_with_polar(), NAMESPACE)
    pipelines[_DEFAULT] = sum([*in_order, mapped], Pipeline([]))
    return pipelines


def _found() -> dict[str, Pipeline]:
    """Import the pipelines that a run asks for, or all.

    Kedro's `find_pipelines` takes any folder for a pipeline, and one that was removed
    leaves a folder of compiled files.

    Raises:
        InvalidOption: if one does not exist.
    """
    places = Path(str(package.__file__)).parent.glob("*/__init__.py")
    known = sorted(place.parent.name for place in places)
    asked = registered._requested_pipelines or [_DEFAULT]
    for name in asked:
        if name not in {*known, _DEFAULT}:
            raise InvalidOption(_unknown(name, known))
    names = known if _DEFAULT in asked else asked
    return {name: _made(name) for name in names}


def _made(name: str) -> Pipeline:
    module = import_module(f"{package.__name__}.{name}")
    made: Pipeline = module.create_pipeline()
    return made


def _unknown(name: str, known: list[str]) -> str:
    close = [_FORMER[name]] if name in _FORMER else get_close_matches(name, known, 1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"expected pipelines of {', '.join(known)}, got {name}{meant}"


def _grouped(pipeline: Pipeline, name: str) -> Pipeline:
    """Put all nodes into the namespace and under the tag of their pipeline.

    A namespace is a box that kedro-viz opens and closes. It must be the same one
    wherever a node is registered, because kedro-viz knows each node once. Datasets keep
    their names, and so do the files.
    """
    return Pipeline(
        pipeline, namespace=name, tags=name, prefix_datasets_with_namespace=False
    )
