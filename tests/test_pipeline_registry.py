from pathlib import Path

import pytest
from kedro.framework.project import pipelines

import sea_ice_kedro.pipelines as package
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.pipeline_registry import register_pipelines


@pytest.fixture
def left():
    """A folder of compiled files, as a pipeline that was removed leaves it."""
    left = Path(package.__file__).parent / "removed"
    (left / "__pycache__").mkdir(parents=True, exist_ok=True)
    yield left
    (left / "__pycache__").rmdir()
    left.rmdir()


@pytest.mark.parametrize("asked", [None, ["__default__"]])
def test_compiled_files_that_a_removed_pipeline_left_are_no_pipeline(
    project, left, monkeypatch, asked
):
    monkeypatch.setattr(pipelines, "_requested_pipelines", asked)
    registered = register_pipelines()
    assert left.name not in registered
    assert {"ingestion", "inference", "__default__"} <= set(registered)


@pytest.mark.parametrize(
    ("asked", "meant"), [("modelling", "modeling"), ("catalogue", "stac_export")]
)
def test_a_misspelt_pipeline_is_refused_with_the_one_that_is_meant(
    project, monkeypatch, asked, meant
):
    monkeypatch.setattr(pipelines, "_requested_pipelines", [asked])
    with pytest.raises(InvalidOption, match=f"got {asked}; did you mean {meant}\\?"):
        register_pipelines()
