"""Inputs that a node can do without."""

import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from kedro.framework.hooks import hook_impl
from kedro.io import MemoryDataset
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

_REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class OptionalInputHooks:
    """Return None for missing data, to nodes whose types allow it.

    An argument annotated `pd.DataFrame | None` may be absent: the node's own type says
    so, the lineage stays whole, and in a run that makes the data the node waits for
    them as for any other.
    """

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: Any) -> None:  # noqa: ANN401
        """Put nothing in the place of optional inputs that no run has made."""
        absent = [
            name
            for name in sorted(optional_inputs(pipeline))
            if name in catalog and not catalog.exists(name)
        ]
        with _replacing_silently():
            for name in absent:
                catalog[name] = MemoryDataset(None)


def optional_inputs(pipeline: Pipeline) -> set[str]:
    """Name the inputs of a pipeline that each node which takes them can do without."""
    takers: dict[str, list[bool]] = {}
    for node in pipeline.nodes:
        for name, annotation in _annotated_inputs(node):
            takers.setdefault(name, []).append(_admits_none(annotation))
    return {name for name in pipeline.inputs() if all(takers[name])}


def _annotated_inputs(node: Node) -> Iterator[tuple[str, Any]]:
    """Return each input of a node with the type of the argument that takes it."""
    hints = get_type_hints(node.func)
    fixed, rest = [], "return"
    for argument in inspect.signature(node.func).parameters.values():
        if argument.kind in _REST:
            rest = argument.name
        else:
            fixed.append(argument.name)
    for name, taker in zip_longest(node.inputs, fixed[: len(node.inputs)]):
        yield name, hints.get(taker or rest)


def _admits_none(annotation: Any) -> bool:  # noqa: ANN401
    union = get_origin(annotation) in (Union, UnionType)
    return union and NoneType in get_args(annotation)


@contextmanager
def _replacing_silently() -> Iterator[None]:
    """Keep Kedro from warning of each dataset that is replaced: here it is meant."""
    logger = logging.getLogger("kedro.io.data_catalog")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
