"""Every parameter says what it is where it is set."""

import re

import pytest

from tests.runs import ROOT

FILES = sorted(ROOT.glob("conf/base/parameters_*.yml"))
_LEAF = re.compile(r"^ *(?:- )?([\w.]+): *([^ #].*)?$")


def undescribed(text):
    """Name the parameters of a file without a comment beside or right above them."""
    found, above = [], False
    for line in text.splitlines():
        leaf = _LEAF.match(line)
        if leaf and leaf[2] and not (above or " # " in line):
            found.append(leaf[1])
        above = line.strip().startswith("#")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_parameter_has_a_description(path):
    assert undescribed(path.read_text()) == []


def test_a_parameter_without_one_is_found():
    text = "a:\n  # of b\n  b: 1\n  c: 2\n\n  d: {e: 3}\n  f: 4  # of f\n"
    assert undescribed(text) == ["c", "d"]
