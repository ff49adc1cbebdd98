"""Colours, numbers and texts as plotly writes them, in matplotlib's way."""

import re

MARKUP = re.compile(r"</?(?:sup|sub|b|i|extra)>")
_TEMPLATE = re.compile(r"%\{[a-z]+:([^}]+)\}")
_RGB = re.compile(r"rgb\((\d+), ?(\d+), ?(\d+)\)")

Colour = str | tuple[float, float, float]

INK = "#14202a"
"""Of edges, and of what has no colour of its own."""

_MARKERS = {"circle": "o", "diamond": "D"}
_DASHES = {None: "-", "solid": "-", "dash": "--", "dot": ":"}


def colour_of(text: str | None) -> Colour:
    """Give a colour, "rgb(0, 70, 140)", "#1b6ca8" or a name, as matplotlib takes it."""
    if text is None:
        return INK
    match = _RGB.fullmatch(text)
    if match is None:
        return text
    red, green, blue = (int(part) / 255 for part in match.groups())
    return red, green, blue


def plain(text: str | None) -> str:
    """Return a text without markup; `<br>` starts a line."""
    return MARKUP.sub("", (text or "").replace("<br>", "\n"))


def marker_of(symbol: str | None) -> tuple[str, bool]:
    """Return matplotlib's marker, and whether it is hollow."""
    name, _, open_ = (symbol or "circle").partition("-")
    return _MARKERS[name], open_ == "open"


def dash_of(dash: str | None) -> str:
    """Return matplotlib's line style."""
    return _DASHES[dash]


def number(value: float, form: str) -> str:
    """Write a number by a format of d3 (".0%", ".3~%", ".4g")."""
    if form.endswith("~%"):
        return f"{100 * value:{form[:-2]}g}%"
    return format(value, form)


def filled(template: str, value: float) -> str:
    """Put a number in the place of a template ("%{z:.2%}")."""
    return _TEMPLATE.sub(lambda match: number(value, match[1]), template)
