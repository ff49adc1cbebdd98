from types import SimpleNamespace

import pytest
from kedro.config import OmegaConfigLoader

from sea_ice_kedro.errors import NoAccess
from sea_ice_kedro.hooks import CredentialHooks
from sea_ice_kedro.sources import earth_engine_access
from sea_ice_kedro.sources.product_options import EarthEngineOptions


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
