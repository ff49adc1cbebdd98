"""Small checks that option records share."""

from collections.abc import Collection

from sea_ice_kedro.errors import InvalidOption


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
