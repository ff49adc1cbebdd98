"""The lineage of all products as a static site, by kedro-viz.

    .venv/bin/python tools/lineage_site.py [--env paper] [--into build/lineage]
    .venv/bin/python -m http.server --directory build/lineage

It needs the extra `viz`, and shows the products of the data root that are there. Other
than the page that `kedro viz build` writes, it asks no other host for a font, and
names no folder of this machine.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import fsspec

from sea_ice_kedro.hooks.run_log import quieten_viz

quieten_viz()  # before kedro-viz is imported
from kedro_viz.integrations.deployment.base_deployer import BaseDeployer  # noqa: E402
from kedro_viz.server import load_and_populate_data  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
_ELSEWHERE = re.compile(r"\s*<link\b[^>]*https?://[^>]*>")
"""What the page would fetch from other hosts: a font. The system's own will do."""

_FIRST_VISIT = (
    "<script>localStorage.KedroViz ??="
    " JSON.stringify({showFeatureHints: false})</script>\n    </head>"
)
"""Without the tour of kedro-viz's new features in front of the pipeline."""


class Site(BaseDeployer):
    """Writes kedro-viz's page and answers into a folder."""

    def __init__(self, into: Path) -> None:
        """Name the folder.

        Args:
            into: Made if need be; files of the same names are written over.
        """
        super().__init__()
        self._path = into
        self._fs = fsspec.filesystem("file")
        into.mkdir(parents=True, exist_ok=True)


def build(into: Path, env: str | None = None) -> None:
    """Write the site.

    Args:
        into: Folder of the site.
        env: Environment of the configuration; None: Kedro's default, or KEDRO_ENV.
    """
    load_and_populate_data(ROOT, env=env, include_hooks=True)
    Site(into).deploy(is_all_previews_enabled=True)
    for name in ("telemetry.html", "autoreload.html"):
        (into / name).unlink()  # parts of pages that a server fills in
    index = into / "index.html"
    page = _ELSEWHERE.sub("", index.read_text(encoding="utf-8"))
    index.write_text(page.replace("</head>", _FIRST_VISIT), encoding="utf-8")
    for answer in (into / "api" / "nodes").iterdir():
        told = answer.read_text(encoding="utf-8")
        for folder, instead in _of_this_machine():
            told = told.replace(folder, instead)
        answer.write_text(told, encoding="utf-8")


def _of_this_machine() -> list[tuple[str, str]]:
    """Give what file names begin with, and what to say instead.

    kedro-viz shows a path with or without its first "/".
    """
    root = os.environ.get("SEA_ICE_DATA", "")
    folders = [(str(ROOT), "")]
    if root and "://" not in root:
        folders.insert(0, (os.path.abspath(root), "data/"))
    return [
        (f"{place}/", instead)
        for folder, instead in folders
        for place in (folder, folder.lstrip("/"))
    ]


def main(arguments: list[str] | None = None) -> None:
    """Build the site as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--env", help="environment of the configuration")
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "lineage")
    options = parser.parse_args(arguments)
    build(options.into, options.env)
    serve = f"{sys.executable} -m http.server --directory {options.into}"
    print(f"{options.into} is written; see it with: {serve}")


if __name__ == "__main__":
    main()
