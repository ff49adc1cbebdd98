"""Errors of this package, its optional packages, and small checks of options.

Messages say what was expected, what was found, where, and the way out.
"""

import importlib.util
from collections.abc import Collection


class SeaIceError(Exception):
    """Any error this package raises on purpose."""


class InvalidOption(SeaIceError, ValueError):
    """A setting has a value that cannot be right."""


class InvalidScene(SeaIceError, ValueError):
    """A scene's file cannot be read as what it claims to be."""


class InvalidLabel(SeaIceError, ValueError):
    """A manual label does not fit its scene or its palette."""


class MissingInput(SeaIceError, FileNotFoundError):
    """A pipeline needs data that no earlier run has made."""


class WorkerLost(SeaIceError, RuntimeError):
    """A worker process died while it held a piece of work."""


class CannotWrite(SeaIceError, OSError):
    """A product cannot be written: no room, no permission, no such place."""


class FolderInUse(SeaIceError, RuntimeError):
    """Another run writes to the same folder of products."""


class CannotRead(SeaIceError, OSError):
    """A file in a bucket cannot be read: no permission, no answer."""


class InvalidShard(SeaIceError, ValueError):
    """A file of chips is damaged or was written by another version."""


class InvalidModel(SeaIceError, ValueError):
    """A model file is not one that this version can use."""


class TooFewScenes(SeaIceError, ValueError):
    """There are not enough scenes or chips to train on and to be scored on."""


class TrainingFailed(SeaIceError, RuntimeError):
    """A network could not be trained to its end."""


class MissingPackage(SeaIceError, ImportError):
    """An optional package is needed for what was asked."""


class SparkFailed(SeaIceError, RuntimeError):
    """Spark does not start, or has given up a piece of work."""


class MeasurementFailed(SeaIceError, RuntimeError):
    """A time could not be measured, or what was timed did not do its work."""


class InvalidRecord(SeaIceError, ValueError):
    """A record, table or product is not as it was written."""


class NoAccess(SeaIceError, PermissionError):
    """A provider of scenes rejected the credentials, project or permission."""


class QuotaExhausted(SeaIceError, RuntimeError):
    """A provider's quota is used up for now."""


class CannotFetch(SeaIceError, OSError):
    """A provider of scenes does not answer, or not with what was asked for."""


class NothingFound(SeaIceError, ValueError):
    """No acquisition fits what was asked for."""


MALFORMED = (
    *(AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError),
    OverflowError,
)
"""What reading JSON of another shape than expected raises, or what has no end."""


# --- Optional packages: what they are for, whether they are there, how to get them

EXTRAS = ("train", "horovod", "spark", "spark-connect", "viz", "vector")

INSTALL = {
    extra: f"install it: .tools/uv sync --inexact --extra {extra}, or pip install "
    f"'sea_ice_kedro[{extra}]'"
    for extra in EXTRAS
}
"""By extra, what to say."""


def is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    return importlib.util.find_spec(package) is not None


# --- Small checks that option records share


def expect_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Refuse a value that is not among `choices`.

    Raises:
        InvalidOption: naming the option, the choices and the value.
    """
    if value not in choices:
        raise InvalidOption(
            f"expected {name} to be one of {', '.join(sorted(choices))}, got {value!r}"
        )


def expect_integer(name: str, value: object, lowest: int, highest: int) -> None:
    """Refuse a value that is no whole number in `lowest`..`highest`.

    Raises:
        InvalidOption: naming the option, the range and the value.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not lowest <= value <= highest:  # type: ignore[operator]
        raise InvalidOption(
            f"expected {name} to be a whole number in {lowest}..{highest}, "
            f"got {value!r}"
        )


def expect_odd(name: str, value: object, lowest: int, highest: int) -> None:
    """Refuse a window size that is not odd or out of range.

    Raises:
        InvalidOption: naming the option, the range and the value.
    """
    expect_integer(name, value, lowest, highest)
    if int(value) % 2 == 0:  # type: ignore[call-overload]
        raise InvalidOption(f"expected {name} to be odd, got {value!r}")


def expect_number(
    name: str, value: object, lowest: float, highest: float, *, above: bool = False
) -> None:
    """Refuse a value that is no number in `lowest`..`highest`.

    Args:
        name: Of the option, for the message.
        value: What was given.
        lowest: Smallest value allowed; itself refused with `above`.
        highest: Largest value allowed.
        above: Whether the value must be larger than `lowest`.

    Raises:
        InvalidOption: naming the option, the range and the value.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (
        not number
        or not lowest <= value <= highest  # type: ignore[operator]
        or (above and value == lowest)
    ):
        bounds = f"above {lowest:g}, up to" if above else f"in {lowest:g}.."
        raise InvalidOption(
            f"expected {name} to be a number {bounds}{' ' * above}{highest:g}, got "
            f"{value!r}"
        )


def described(error: BaseException) -> str:
    """Return the kind and the message of an error that no code of ours raised."""
    if isinstance(error, MemoryError):
        said = f" ({error})" if str(error) else ""
        return (
            f"expected more memory than there is, got MemoryError{said}; work with "
            "fewer processes (--params engine.workers=1), or give this machine or "
            "container more"
        )
    return f"{type(error).__name__}: {error}"
