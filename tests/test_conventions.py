"""Conventions that a reader may rely on, checked by a machine."""

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

import pytest
from kedro.framework.project import pipelines
from kedro.io import AbstractDataset, CatalogConfigResolver
from kedro.pipeline import Pipeline

from sea_ice_kedro.hooks.optional_inputs import optional_inputs
from sea_ice_kedro.pipelines.variants import VARIANTS, choose, chosen
from tests.runs import ROOT, configuration, environment

SOURCES = sorted((ROOT / "src" / "sea_ice_kedro").rglob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
HEAVY = ["tensorflow", "keras", "pyspark", "horovod", "ee", "matplotlib"]
HEAVY += ["numba", "skimage", "sklearn", "pystac", "geopandas"]


@pytest.fixture
def conf():
    """What conf/base says."""
    return configuration("base")


@pytest.fixture
def registered(project):
    """All pipelines of the project."""
    before = [variant.name for variant in chosen()]
    choose(VARIANTS)
    pipelines.configure("sea_ice_kedro.pipeline_registry")
    yield dict(pipelines)
    choose(before)
    pipelines.configure("sea_ice_kedro.pipeline_registry")


def parameters_in_use(registered):
    """Give every `params:` name with the type that its node declares for it."""
    used = {}
    nodes = {n for made in registered.values() for n in made.nodes}
    for node in nodes:
        hints = get_type_hints(node.func)
        for argument, name in zip(
            inspect.signature(node.func).parameters, node.inputs, strict=False
        ):
            if name.startswith("params:"):
                used[name.removeprefix("params:")] = hints[argument]
    return used


def leaves(nested, above=()):
    for key, value in nested.items():
        if value and isinstance(value, dict):
            yield from leaves(value, (*above, key))
        else:
            yield ".".join((*above, key))


def options_of(record, above):
    """Give the full names of a dataclass's fields, nested ones by their own."""
    hints = get_type_hints(record)
    for field in fields(record):
        kind, name = hints[field.name], f"{above}.{field.name}"
        if is_dataclass(kind):
            yield from options_of(kind, name)
        else:
            yield name


FOLDERS = (
    *("01_raw", "02_intermediate", "03_primary", "04_feature"),
    *("05_model_input", "06_models", "07_model_output", "08_reporting"),
)
PREVIEWS = {"TablePreview", "ImagePreview", "PlotlyPreview", "JSONPreview"}


def shown_as(entry):
    """What a catalog entry says to kedro-viz."""
    return entry.get("metadata", {}).get("kedro-viz", {})


def entries_of(conf):
    return {n: e for n, e in conf["catalog"].items() if not n.startswith("_")}


def described(conf, names):
    """What the catalog says of datasets, by their own entries or by a pattern."""
    resolver = CatalogConfigResolver(entries_of(conf), {}, {"{nothing}": {}})
    return {name: resolver.resolve_pattern(name) for name in names}


def datasets_of(registered):
    """All datasets of all pipelines, and those of hooks; no parameters."""
    used = {n for made in registered.values() for n in made.datasets()}
    return {n for n in used if not n.startswith("params:")} | {"root_scenes"}


@pytest.mark.parametrize("env", ["base", "dataproc"])
def test_the_layer_of_a_dataset_is_the_folder_that_it_lies_in(env, monkeypatch):
    monkeypatch.setenv("SEA_ICE_DATA", "gs://bucket/season")
    entries = entries_of(configuration(env))
    assert len(entries) >= 10
    layers = {name: shown_as(entry).get("layer") for name, entry in entries.items()}
    assert [name for name, layer in layers.items() if layer not in FOLDERS] == []
    # an input of training; below the networks it would turn the arrows round
    assert layers.pop("{variant}.checkpoints") == "05_model_input"
    assert layers.pop("root_scenes") == "01_raw"  # of the whole root, at its top
    for name, layer in layers.items():
        place = entries[name].get("path") or entries[name].get("filepath")
        if place and name not in ("served_model", "polar_network"):  # anywhere
            assert f"/{layer}/" in place, name


UNSEEN = {"grid_labels", "product_catalogue", "run_record", "report_pictures", "report"}
"""Reports that are for other programs, or are opened on their own."""


def test_every_report_can_be_seen_in_kedro_viz_but_what_is_for_others(conf, registered):
    reports = {
        name: entry
        for name, entry in described(conf, datasets_of(registered)).items()
        if shown_as(entry)["layer"] == "08_reporting"
        and not name.endswith(("_polygons", "_cubes", "_maps"))
    }
    assert len(reports) > 40
    for name in reports.keys() - UNSEEN:
        preview = AbstractDataset.from_config(name, reports[name]).preview
        returned = inspect.signature(preview).return_annotation
        assert getattr(returned, "__name__", returned) in PREVIEWS, name


def test_every_node_is_in_the_namespace_and_has_the_tag_of_its_pipeline(registered):
    for pipeline_name, pipeline in registered.items():
        for node in pipeline.nodes:
            stage, *variant = (node.namespace or "").split(".")
            assert pipeline_name in {stage, "__default__"}, node.name
            assert {stage, *variant} <= node.tags, node.name
            assert set(variant) <= set(VARIANTS), node.name


def test_node_names_are_short_verbs_and_nouns(registered):
    names = {n.name for pipeline in registered.values() for n in pipeline.nodes}
    short = {name.rpartition(".")[-1] for name in names}
    assert max(len(name) for name in short) <= 28
    assert [n for n in sorted(short) if not re.fullmatch(r"[a-z]+(_[a-z]+)+", n)] == []


def test_every_dataset_of_a_pipeline_is_in_the_catalog(conf, registered):
    used = datasets_of(registered)
    assert [n for n, entry in sorted(described(conf, used).items()) if not entry] == []
    resolver = CatalogConfigResolver(entries_of(conf), {}, {"{nothing}": {}})
    serving = {resolver.match_dataset_pattern(n) for n in used - set(conf["catalog"])}
    assert serving | (used & set(conf["catalog"])) == set(entries_of(conf))


def test_no_two_datasets_share_a_place_but_those_that_are_meant_to(conf, registered):
    places = {}
    for name, entry in described(conf, datasets_of(registered)).items():
        place = entry.get("path") or entry.get("filepath")
        places.setdefault(place, set()).add(name.partition("@")[0])
    shared = [names for place, names in places.items() if place and len(names) > 1]
    polar = {"polar_network", "served_model"}
    assert sorted(shared, key=sorted) == [{"downloads", "inference.downloads"}, polar]


def test_what_a_run_may_rightly_not_make_is_no_need_of_any_node(conf, registered):
    used = described(conf, datasets_of(registered))
    optional = {n.partition("@")[0] for n, e in used.items() if "optional" in e}
    assert {"manual_labels", "concentration_maps", "downloads"} <= optional
    nodes = {n for pipeline in registered.values() for n in pipeline.nodes}
    needs = [
        (node.name, name)
        for node in nodes
        for name in set(node.inputs) - optional_inputs(Pipeline([node]))
        if name.partition("@")[0] in optional
    ]
    assert sorted(needs) == []


def test_every_parameter_is_a_field_of_what_a_node_takes_and_the_other_way_round(
    conf, registered
):
    options = {
        option
        for name, record in parameters_in_use(registered).items()
        for option in options_of(record, name)
    }
    assert set(leaves(conf["parameters"])) == options


def test_every_default_in_the_code_is_the_one_of_the_configuration(conf, registered):
    for name, record in parameters_in_use(registered).items():
        values = conf["parameters"]
        for part in name.split("."):
            values = values[part]
        assert record(**values) == record(), name


def test_an_environment_changes_the_settings_that_it_names_and_no_others():
    base, paper = (configuration(env)["parameters"] for env in ("base", "paper"))
    assert paper["filtering"].pop("method") == "published"
    assert base["filtering"].pop("method") == "illumination"
    assert paper["autolabel"]["thresholds"].pop("source") == "published"
    assert base["autolabel"]["thresholds"].pop("source") == "scene"
    assert paper["filtering"]["published"].pop("channel_order") == "bgr"
    assert base["filtering"]["published"].pop("channel_order") == "rgb"
    assert paper.pop("figures") != base.pop("figures")
    for name in ("search", "cutting", "swir"):
        assert paper["ingestion"].pop(name) != base["ingestion"].pop(name)
    for name in ("split", "unet", "training"):
        assert paper["modeling"].pop(name) != base["modeling"].pop(name)
    assert paper == base


@pytest.mark.parametrize("env", ["base", "dataproc"])
def test_all_that_is_made_but_downloads_is_made_again_on_request(env, monkeypatch):
    monkeypatch.setenv("SEA_ICE_DATA", "gs://bucket/season")
    entries = entries_of(configuration(env, engine={"remake": True}))
    engines = {n: e["engine"] for n, e in entries.items() if "engine" in e}
    assert len(engines) >= 20
    kept = {name for name, engine in engines.items() if not engine.get("remake")}
    assert kept == {"{downloads}@raster"}


SPARK_TABLES = {
    *("scene_index", "inference.scene_index"),
    *("cloud_statistics#table", "label_statistics#table", "network_statistics#table"),
    *("daily_grid#table", "network_daily_grid#table"),
    *("region_series#table", "network_region_series#table"),
    *("cell_counts@parts", "cell_counts@table"),
    *("network_cell_counts@parts", "network_cell_counts@table"),
}


def test_a_cluster_differs_in_roots_engine_tables_and_spark_and_in_nothing_else(
    registered, monkeypatch
):
    monkeypatch.setenv("SEA_ICE_DATA", "gs://bucket/season")
    base, cluster = (configuration(env) for env in ("base", "dataproc"))
    assert cluster["parameters"] == base["parameters"]
    here, there = base["globals"], cluster["globals"]
    differs = {key for key in there if there[key] != here.get(key)}
    assert differs == {"tables_root", "engine"}
    assert there["data_root"] == there["tables_root"] == "gs://bucket/season"
    assert there["engine"] == {"name": "spark", "workers": "auto", "remake": False}
    used = datasets_of(registered)
    before, after = (_but_engine(described(conf, used)) for conf in (base, cluster))
    changed = {name for name in used if after[name] != before[name]}
    assert changed == SPARK_TABLES - {"cell_counts@parts", "network_cell_counts@parts"}
    types = {after[name]["type"] for name in changed}
    assert types == {"sea_ice_kedro.datasets.spark_table.SparkTableDataset"}
    assert set(entries_of(cluster)) <= set(entries_of(base)) | used


def _but_engine(entries):
    """Catalog entries without what does their work."""
    return {
        name: {k: v for k, v in entry.items() if k != "engine"}
        for name, entry in entries.items()
    }


def test_tables_of_a_cluster_may_lie_elsewhere(monkeypatch):
    monkeypatch.setenv("SEA_ICE_DATA", "gs://bucket/season")
    monkeypatch.setenv("SEA_ICE_TABLES", "/tables")
    catalog = configuration("dataproc")["catalog"]
    elsewhere = {n for n, e in catalog.items() if "/tables/" in str(e)}
    assert elsewhere == SPARK_TABLES


@pytest.mark.parametrize("env", ["base", "test", "paper"])
def test_a_parameter_of_one_run_changes_that_setting_and_no_other(env):
    override = {"autolabel": {"thresholds": {"thin_ice_min": 20}}}
    before = configuration(env)["parameters"]["autolabel"]
    after = configuration(env, **override)["parameters"]["autolabel"]
    assert after["thresholds"].pop("thin_ice_min") == 20
    assert before["thresholds"].pop("thin_ice_min") == 31
    assert after == before


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_everything_public_is_documented_and_nothing_is_too_long(path):
    text = path.read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 450
    assert ast.get_docstring(tree), "the module has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            assert node.end_lineno - node.lineno < 60, f"{node.name} is too long"
    assert [name for name, node in public(tree) if not ast.get_docstring(node)] == []


def public(tree, above=""):
    """Give public functions and classes, with the methods of public classes."""
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name[0] != "_":
            yield above + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{node.name}.")


START = """
import sys
from pathlib import Path
from kedro.framework.startup import bootstrap_project

bootstrap_project(Path.cwd())
import sea_ice_kedro.hooks, sea_ice_kedro.pipeline_registry, sea_ice_kedro.settings
from kedro.framework.project import pipelines, settings
from kedro.framework.cli.cli import KedroCLI

dict(pipelines), settings.HOOKS
KedroCLI(Path.cwd()).main(["--help"], standalone_mode=False)
print("loaded:", *[name for name in sys.argv[1:] if name in sys.modules])
"""


@pytest.mark.slow
def test_kedro_starts_without_any_heavy_framework():
    started = subprocess.run(
        [sys.executable, "-c", START, *HEAVY],
        cwd=ROOT,
        env=environment("data/test"),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert started.stdout.splitlines()[-1] == "loaded:"


def test_tests_mirror_the_source():
    packages = {p.parent.name for p in (ROOT / "src/sea_ice_kedro").glob("*/*.py")}
    mirrored = {p.name for p in Path(__file__).parent.iterdir() if p.is_dir()}
    assert packages <= mirrored
