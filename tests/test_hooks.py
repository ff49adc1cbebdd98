import logging
import sys
from types import SimpleNamespace

import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DatasetError

from sea_ice_kedro.datasets.failures import LEDGER, Failure, PartitionsFailed
from sea_ice_kedro.errors import InvalidOption, MissingInput, NoAccess
from sea_ice_kedro.hooks import CredentialHooks, FailureHooks, ReadableErrorHooks
from sea_ice_kedro.sources import earth_engine_access
from sea_ice_kedro.sources.product_options import EarthEngineOptions
from tests.fabricate import folder_of_scenes
from tests.runs import from_folder, run_here


@pytest.mark.parametrize(
    ("pipeline", "lines"),
    [
        (
            "autolabel",
            [
                "filtered_scenes@raster: made by: kedro run --pipelines filtering",
                "scene_index: made by: kedro run --pipelines ingestion",
            ],
        ),
        ("filtering", ["scenes@raster: made by: kedro run --pipelines ingestion"]),
    ],
)
def test_a_pipeline_without_its_input_says_which_pipeline_makes_it(
    data_root, pipeline, lines
):
    with pytest.raises(MissingInput) as error:
        run_here(pipeline)
    assert [line for line in lines if line not in str(error.value)] == []


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"autolabl": {"thresholds": {"thin_ice_min": 20}}}, "autolabl.thresholds"),
        ({"autolabel": {"threshold": {"thin_ice_min": 20}}}, "autolabel.threshold."),
        ({"engine": {"nmae": "threads"}}, "engine.nmae"),
        ({"x": 1}, "got x,"),
    ],
)
def test_a_parameter_that_nothing_reads_is_refused_by_name(data_root, parameters, name):
    with pytest.raises(InvalidOption, match="which nothing reads") as error:
        run_here("ingestion", **parameters)
    assert name in str(error.value)
    assert "autolabel.thresholds, engine.name, engine.workers, evaluation" in str(
        error.value
    )


def test_a_parameter_of_another_pipeline_than_the_one_that_runs_is_fine(data_root):
    run_here("ingestion", autolabel={"thresholds": {"thin_ice_min": 20}})


def test_the_places_of_the_products_are_said_at_the_end(data_root, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        run_here(**from_folder(folder_of_scenes(tmp_path / "in", 1)))
    assert f"quicklooks: {data_root}/08_reporting/quicklooks" in caplog.text
    assert f"class_shares: {data_root}/08_reporting/class_shares.json" in caplog.text


def test_what_failed_before_another_error_is_said_as_well(caplog):
    LEDGER.open()
    LEDGER.record([Failure("scenes", "a", "a.png: damaged")])
    FailureHooks().on_pipeline_error()
    assert "scenes / a: a.png: damaged" in caplog.text
    assert not LEDGER.is_open


def chained(error, cause):
    error.__cause__ = cause
    return error


@pytest.fixture
def excepthook(monkeypatch):
    """What ends a run, with a plain hook under ours."""
    monkeypatch.setattr(sys, "excepthook", lambda *_: print("a page of frames"))  # noqa: T201
    monkeypatch.delenv("SEA_ICE_TRACE", raising=False)

    def show(error):
        ReadableErrorHooks().after_context_created()
        sys.excepthook(type(error), error, None)

    return show


@pytest.mark.parametrize(
    "error",
    [
        MissingInput("expected [red] scenes"),
        chained(DatasetError("a wrapper"), MissingInput("expected [red] scenes")),
    ],
)
def test_our_own_errors_end_a_run_in_words(excepthook, capsys, error):
    excepthook(error)
    captured = capsys.readouterr()
    assert "Error: expected [red] scenes" in captured.err
    assert "SEA_ICE_TRACE=1" in captured.err
    assert captured.out == ""


def test_other_errors_end_a_run_with_their_frames(excepthook, capsys):
    excepthook(ZeroDivisionError("nobody thought of this"))
    assert capsys.readouterr().out == "a page of frames\n"


def test_all_errors_have_frames_when_asked_for(excepthook, capsys, monkeypatch):
    monkeypatch.setenv("SEA_ICE_TRACE", "1")
    excepthook(PartitionsFailed([]))
    assert capsys.readouterr().out == "a page of frames\n"


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Tell the hook of a project whose credentials.yml says this."""
    for name in ("EARTHENGINE_PROJECT", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)

    def tell(text, env="local"):
        (tmp_path / "conf/base").mkdir(parents=True)
        (tmp_path / "conf/local").mkdir()
        if text is not None:
            (tmp_path / "conf/local/credentials.yml").write_text(text)
        (tmp_path / "conf/paper").mkdir()
        loader = OmegaConfigLoader(
            str(tmp_path / "conf"), env=env, base_env="base", default_run_env="local"
        )
        context = SimpleNamespace(config_loader=loader, project_path=str(tmp_path))
        CredentialHooks().after_context_created(context)
        return earth_engine_access.access(EarthEngineOptions())

    yield tell
    earth_engine_access.configure({}, tmp_path)


@pytest.mark.parametrize("env", ["local", "paper"])
def test_credentials_yml_names_project_and_key_in_every_environment(
    told, tmp_path, env
):
    (tmp_path / "key.json").write_text("{}")
    access = told("earth_engine: {project: my-project, key_file: key.json}", env)
    assert (access.project, access.key_file) == (
        "my-project",
        str(tmp_path / "key.json"),
    )


@pytest.mark.parametrize("text", [None, "", "other: {key: 1}"])
def test_without_credentials_yml_the_environment_is_asked(told, monkeypatch, text):
    monkeypatch.setenv("EARTHENGINE_PROJECT", "from-the-environment")
    access = told(text)
    assert (access.project, access.key_file) == ("from-the-environment", None)


def test_a_key_in_credentials_yml_itself_is_refused_without_quoting_it(told):
    with pytest.raises(NoAccess, match="Keep the key in a file") as refusal:
        told("earth_engine: {project: p, private_key: SECRET}")
    assert "SECRET" not in str(refusal.value)
