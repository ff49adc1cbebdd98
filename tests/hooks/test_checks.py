from itertools import permutations

import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.hooks.manager import _create_hook_manager, _register_hooks

from sea_ice_kedro.errors import NoAccess, SeaIceError
from sea_ice_kedro.hooks.checks import credentials_of
from sea_ice_kedro.settings import HOOKS
from sea_ice_kedro.sources import earth_engine_search
from sea_ice_kedro.sources.product_options import EarthEngineOptions


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Tell of a project whose credentials.yml says this."""
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
        earth_engine_search.configure(credentials_of(loader), tmp_path)
        return earth_engine_search.access(EarthEngineOptions())

    yield tell
    earth_engine_search.configure({}, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('earth_engine: {project: p, key_file: "S3CRET\n', r", line 2: expected YAML"),
        ("earth_engine: S3CRET", r": expected earth_engine to have a project"),
        ("earth_engine: {key_file: '${S3CRET}'}", r": expected values, or references"),
    ],
    ids=["no YAML", "no names", "a reference to nothing"],
)
def test_credentials_yml_that_cannot_be_read_is_named_and_not_quoted(told, text, said):
    with pytest.raises(SeaIceError, match=rf"local/credentials\.yml{said}") as error:
        told(text, "paper")
    assert "S3CRET" not in str(error.value)


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


def called(hooks, name):
    """Return which hooks are called for a hook specification, in order."""
    manager = _create_hook_manager()
    _register_hooks(manager, hooks)
    found = getattr(manager.hook, name).get_hookimpls()
    return [type(one.plugin).__name__ for one in reversed(found)]


@pytest.mark.parametrize("hooks", list(permutations(HOOKS)))
def test_in_whatever_order_hooks_are_registered_the_log_is_open_for_checks(hooks):
    """Checks come before all that is recorded, failures are raised after all else."""
    assert len(hooks) == 4
    assert called(hooks, "after_context_created")[0] == "RecordHooks"
    assert called(hooks, "before_pipeline_run")[0] == "CheckHooks"
    for name in ("before_pipeline_run", "after_pipeline_run", "on_pipeline_error"):
        assert called(hooks, name)[-1] == "FailureHooks"
