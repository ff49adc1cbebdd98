import logging

import pandas as pd
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets import SceneTableDataset
from sea_ice_kedro.hooks import OptionalInputHooks
from sea_ice_kedro.hooks.optional_inputs import optional_inputs


def both(index: pd.DataFrame, scores: pd.DataFrame | None) -> str:
    return "made"


def needs(scores: pd.DataFrame) -> str:
    return "made"


def many(index: pd.DataFrame, **tables: pd.DataFrame | None) -> str:
    return "made"


def test_an_input_is_optional_where_the_type_of_its_argument_says_so():
    node = Node(both, ["index", "scores"], "report")
    assert optional_inputs(Pipeline([node])) == {"scores"}


def test_the_rest_of_the_arguments_has_one_type():
    node = Node(many, {"index": "index", "a": "x.a", "b": "x.b"}, "report")
    assert optional_inputs(Pipeline([node])) == {"x.a", "x.b"}


def test_an_input_is_needed_if_one_node_needs_it():
    nodes = [Node(both, ["index", "scores"], "report"), Node(needs, "scores", "other")]
    assert optional_inputs(Pipeline(nodes)) == set()


def test_what_the_run_makes_is_no_input_of_it():
    nodes = [Node(both, ["index", "scores"], "report"), Node(needs, "x", "scores")]
    assert optional_inputs(Pipeline(nodes)) == set()


def test_what_is_not_there_is_none_and_what_is_there_is_left(tmp_path, caplog):
    there = SceneTableDataset(filepath=str(tmp_path / "there.csv"))
    there.save(pd.DataFrame({"scene_id": ["a"]}))
    absent = SceneTableDataset(filepath=str(tmp_path / "absent.csv"))
    catalog = DataCatalog(
        {"index": MemoryDataset(1), "x.a": there, "x.b": absent, "unused": absent}
    )
    node = Node(many, {"index": "index", "a": "x.a", "b": "x.b"}, "report")
    with caplog.at_level(logging.WARNING):
        OptionalInputHooks().before_pipeline_run(Pipeline([node]), catalog)
    assert catalog.load("x.b") is None
    assert catalog.load("x.a")["scene_id"].tolist() == ["a"]
    assert not catalog.exists("unused")
    assert caplog.text == ""
