from pathlib import Path

import sea_ice_kedro.pipelines as package
from sea_ice_kedro.pipeline_registry import register_pipelines


def test_compiled_files_that_a_removed_pipeline_left_are_no_pipeline(
    project, tmp_path, monkeypatch
):
    here = Path(package.__file__).parent
    names = {place.parent.name for place in here.glob("*/__init__.py")}
    for name in {*names, "removed"}:
        (tmp_path / name / "__pycache__").mkdir(parents=True)
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    assert set(register_pipelines()) == {*names, "__default__"}
