"""Configuration beside parameters: credentials and variants."""

from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines

from sea_ice_kedro.pipelines.variants import DEFAULT, choose, chosen
from sea_ice_kedro.sources import earth_engine_access


class CredentialHooks:
    """Tell the source that needs credentials where they are; none is read here."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Pass on what credentials.yml says of Earth Engine.

        That of conf/local holds in every environment: credentials do not depend on
        `--env paper`.

        Raises:
            NoAccess: if it says other than a project and a file.
        """
        loader = context.config_loader
        try:
            known = loader["credentials"].get("earth_engine") or {}
        except MissingConfigException:
            known = {}
        of_user = Path(loader.conf_source) / "local" / "credentials.yml"
        earth_engine_access.configure(
            earth_engine_access.entry_in(of_user) | known, Path(context.project_path)
        )


class VariantHooks:
    """Have pipelines wired for the variants that the configuration names."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Choose the variants of the environment, or those of `--params`.

        Raises:
            InvalidOption: if a name is not a variant's.
        """
        loader = context.config_loader
        asked = (loader.runtime_params or {}).get("modeling", {}).get("variants")
        source = loader["parameters"]["ingestion"]["source"]
        before = chosen()
        if (
            choose(asked or loader["globals"]["variants"].get(source, DEFAULT))
            != before
        ):
            # They may have been wired for others already.
            pipelines.configure("sea_ice_kedro.pipeline_registry")
