"""How Earth Engine is reached: by names and places, never by a secret.

A scene's task travels to workers with an `Access`; who needs the credentials reads them
there, from the file that it names or from where Google's own tools keep them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from sea_ice_kedro.errors import NoAccess
from sea_ice_kedro.sources.product_options import EarthEngineOptions

HOW = """either
  - conf/local/credentials.yml with
      earth_engine: {project: my-project, key_file: /path/to/key.json}
    where key_file is a service account's key, or user credentials as gcloud or
    `earthengine authenticate` write them; or
  - GOOGLE_APPLICATION_CREDENTIALS=/path/to/key.json and
    EARTHENGINE_PROJECT=my-project; or
  - once: earthengine authenticate"""

_KNOWN = {"project", "key_file"}

_CONFIGURED: dict[str, str] = {}


@dataclass(frozen=True)
class Access:
    """All that a worker needs to know to reach Earth Engine."""

    url: str
    project: str
    key_file: str | None
    """Path of the credentials; None: where Google's own tools look for them."""

    requests_per_s: float
    max_attempts: int
    first_wait_s: float
    timeout_s: float


def entry_in(path: Path) -> dict[str, Any]:
    """Read the entry of Earth Engine in a credentials.yml; {} where there is none."""
    if not path.is_file():
        return {}
    said: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=True) or {}
    return dict(said.get("earth_engine") or {})


def configure(credentials: Mapping[str, Any], project_path: Path) -> None:
    """Take what conf/<env>/credentials.yml says; no secret is read.

    Args:
        credentials: Its entry "earth_engine".
        project_path: What relative paths start from.

    Raises:
        NoAccess: if there is more or other than a project and a file; the value is
            never named.
    """
    _CONFIGURED.clear()
    wrong = [
        str(key)
        for key, value in credentials.items()
        if key not in _KNOWN or not isinstance(value, str) or "\n" in value
    ]
    if wrong:
        raise NoAccess(
            "expected earth_engine in credentials.yml to name a project and a key_file,"
            f" got also or not as text: {', '.join(sorted(wrong))}. Keep the key in a "
            f"file of its own, and name that:\n{HOW}"
        )
    _CONFIGURED.update(credentials)
    if "key_file" in _CONFIGURED:
        path = Path(_CONFIGURED["key_file"]).expanduser()
        _CONFIGURED["key_file"] = str(project_path / path)


def access(options: EarthEngineOptions) -> Access:
    """Put together how Earth Engine is reached.

    Raises:
        NoAccess: if no project is named, or the file of credentials is not there.
    """
    project = (
        options.project
        or _CONFIGURED.get("project")
        or os.environ.get("EARTHENGINE_PROJECT")
        or os.environ.get("GOOGLE_CLOUD_PROJECT")
    )
    if not project:
        raise NoAccess(
            "expected the Cloud project that is registered for Earth Engine, got none; "
            f"name it with --params ingestion.earth_engine.project=my-project, or {HOW}"
        )
    key_file = _CONFIGURED.get("key_file") or os.environ.get(
        "GOOGLE_APPLICATION_CREDENTIALS"
    )
    if key_file is not None and not Path(key_file).is_file():
        raise NoAccess(
            f"expected Earth Engine's credentials in {key_file}, got no such file; "
            f"name them in {HOW}"
        )
    return Access(
        url=options.url.rstrip("/"),
        project=project,
        key_file=key_file,
        requests_per_s=options.requests_per_s,
        max_attempts=options.max_attempts,
        first_wait_s=options.first_wait_s,
        timeout_s=options.timeout_s,
    )
