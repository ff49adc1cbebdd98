"""The text of `sea-ice-kedro --help`; no Kedro is imported for it."""

import ast
from pathlib import Path

from sea_ice_kedro import __version__
from sea_ice_kedro.pipelines import ON_REQUEST

_IN_ORDER = ("ingestion", "filtering", "autolabel", "modeling", "evaluation")
"""What comes first, as data flow; the others follow by name."""

_OPTIONS = {
    "What to run": {
        "--pipelines A,B": "pipelines below, joined by commas; all that is usual if "
        "left out",
        "-p, --pipeline A": "one of them",
        "-t, --tags A": "only nodes with this tag",
        "-n, --nodes A": "only nodes of these names",
        "-ns, --namespaces A": "only nodes of these namespaces: auto_original",
        "--from-nodes A": "begin with these nodes",
        "--to-nodes A": "end with these nodes",
        "--from-inputs A": "begin with what reads these datasets",
        "--to-outputs A": "end when these datasets are made",
        "--only-missing-outputs": "refused: every run makes only what is missing",
    },
    "With which settings": {
        "--params A=1,B.C=x": "settings of this run; a list is joined by + ",
        "-e, --env NAME": "settings of conf/NAME above those of conf/base: paper, "
        "dataproc, dgx",
        "--conf-source PATH": "folder or .tar.gz of settings; else conf/ of this "
        "project, else the package's",
        "-c, --config FILE": "a YAML file with these options",
        "-lv, --load-versions A": "versions of datasets, where they have any",
    },
    "How": {
        "-r, --runner NAME": "Kedro's SequentialRunner (default) or ThreadRunner",
        "--runner-params A=1": "settings of the runner",
        "--async": "load and save in threads",
    },
    "Without running": {
        "--copy-conf FOLDER": "copy the package's settings, to change them",
        "--version": "print the version",
        "-h, --help": "print this help",
    },
}

_EXAMPLES = """\
  sea-ice-kedro map /path/to/scenes
      maps of your PNG, JPEG and GeoTIFF files, in scenes_maps; more: map --help
  sea-ice-kedro score scenes_maps/07_model_output/predictions /path/to/labels
      accuracy of class maps by scene and class; more: score --help
  sea-ice-kedro verify
      check that all products are unchanged; more: verify --help
  sea-ice-kedro settings modeling
      list every parameter of a pipeline with its default; without a name, of all
  sea-ice-kedro prune
      list products of scenes that no longer exist; --yes removes them
  sea-ice-kedro
      everything on simulated scenes, including a trained network: some minutes
  sea-ice-kedro --pipelines ingestion,filtering,autolabel \\
      --params ingestion.source=folder,ingestion.folder=/path/to/scenes
      class maps of your PNG, JPEG and GeoTIFF files
  SEA_ICE_DATA=/big/disk/ross_sea sea-ice-kedro --pipelines filtering,autolabel \\
      --params engine.workers=8
      continue with the data of another folder"""

_VARIABLES = {
    "SEA_ICE_DATA": "folder of the data; default: data, in the current folder",
    "SEA_ICE_LOG": "log file with tracebacks; default: info.log, in the current folder",
    "SEA_ICE_TRACE=1": "print the traceback of a failed run",
}

_EXIT_CODES = {
    "0": "everything requested was made",
    "1": "something failed; finished products are kept, the next run resumes",
    "2": "the command line is invalid",
}

_PIPELINES = Path(__file__).parent / "pipelines"
_WIDTH = 24


def help_page() -> str:
    """Return the whole text."""
    pipelines = {
        name: what + ("" if name not in ON_REQUEST else " (only when asked for)")
        for name, what in pipelines_in_words().items()
    }
    parts = [
        f"sea-ice-kedro {__version__}: make georeferenced maps of thick ice, thin ice "
        "and open water\nfrom Sentinel-2 scenes of polar seas.\n\n"
        "Usage: sea-ice-kedro [OPTIONS], or python -m sea_ice_kedro [OPTIONS]\n"
        "       sea-ice-kedro map FOLDER [--out FOLDER] [--network NAME] [--aoi AREA] "
        "[--land FILE]\n"
        "                                [--floes] [--no-intermediates]\n"
        "       sea-ice-kedro score MAPS LABELS [--out FILE.csv]\n"
        "       sea-ice-kedro verify [FOLDER]\n"
        "       sea-ice-kedro prune [FOLDER] [--yes]",
        f"Examples:\n{_EXAMPLES}",
        _section("Pipelines", pipelines),
        *(_section(title, options) for title, options in _OPTIONS.items()),
        _section("Environment variables", _VARIABLES),
        _section("Exit codes", _EXIT_CODES),
    ]
    return "\n\n".join(parts)


def pipelines_in_words() -> dict[str, str]:
    """Return every pipeline with what its module says of itself, in order of data."""
    modules = {path.parent.name: path for path in _PIPELINES.glob("*/__init__.py")}
    ordered = [name for name in _IN_ORDER if name in modules]
    ordered += sorted(set(modules) - set(ordered))
    return {name: _first_line(modules[name]) for name in ordered}


def _first_line(module: Path) -> str:
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].rstrip(".")


def _section(title: str, entries: dict[str, str]) -> str:
    lines = [_entry(name, what) for name, what in entries.items()]
    return f"{title}:\n" + "\n".join(lines)


def _entry(name: str, what: str) -> str:
    """Lay out one line; what is too long goes on below."""
    lines, line = [], f"  {name:<{_WIDTH - 2}}"
    if len(name) > _WIDTH - 4:
        lines, line = [line], " " * _WIDTH
    for word in what.split():
        if len(line) + len(word) > 96:  # noqa: PLR2004 - columns
            lines, line = [*lines, line], " " * _WIDTH
        line += f"{word} "
    return "\n".join(part.rstrip() for part in [*lines, line])
