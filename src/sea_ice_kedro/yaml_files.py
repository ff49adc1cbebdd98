"""What is wrong with a file of settings, and where in it."""

import io
from collections.abc import Iterable
from pathlib import Path

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sea_ice_kedro.errors import InvalidOption

_FORM = "expected YAML (name: value, with spaces before what is below a name)"


def expect_settings(path: Path) -> None:
    """Refuse a file that is not settings by name.

    What it says is not quoted: it may be credentials.

    Raises:
        InvalidOption: naming file and line.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidOption(
            f"{path}, line {line}: expected text in UTF-8, got the byte "
            f"{content[error.start]:#04x}; save the file as UTF-8"
        ) from None
    try:
        settings = OmegaConf.load(io.StringIO(text))
    except yaml.YAMLError as error:
        said = getattr(error, "problem", None) or getattr(error, "reason", None)
        raise InvalidOption(
            f"{path}{_line_in(error, text)}: {_FORM}, got {said or 'something else'}; "
            "mend it there, or in the lines before"
        ) from None
    except OmegaConfBaseException as error:
        name = error.full_key or "each name"
        said = str(error).partition("\n")[0]
        raise InvalidOption(
            f"{line_of(name, [path]) or f'{path}: '}expected {name} to be a value, or "
            f"a reference to another (${{...}}), got {said}; mend it there"
        ) from None
    except OSError:  # a number, or true: what OmegaConf says of it
        settings = OmegaConf.create([])
    names = OmegaConf.to_container(settings)
    if not isinstance(names, dict) or not all(isinstance(n, str) for n in names):
        raise InvalidOption(
            f"{path}: {_FORM}, got names that are no words, or a list; mend its "
            "outermost lines"
        )


def _line_in(error: yaml.YAMLError, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)
    if mark is not None:
        return f", line {mark.line + 1}"
    return "" if position is None else f", line {text.count(chr(10), 0, position) + 1}"


def line_of(name: str, paths: Iterable[Path]) -> str:
    """Find the file and line that sets a name: "" where none does.

    Args:
        name: With all that is above it: "autolabel.thresholds.source".
        paths: Files of settings; of two that set it, the last one counts.
    """
    found = ""
    for path in paths:
        node = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
        for part in name.split("."):
            below = node.value if isinstance(node, yaml.MappingNode) else []
            node = next((v for k, v in below if k.value == part), None)
        if node is not None:
            found = f"{path}, line {node.start_mark.line + 1}: "
    return found
