"""Troubleshooting quotes what the code says."""

import re

import pytest

from tests.docs.messages import GAP, texts
from tests.runs import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
_FIRST_CELL = re.compile(r"^\| (`.+?) \|", re.MULTILINE)
_QUOTE = re.compile(r"`([^`]+)`")
QUOTES = [
    quote
    for cell in _FIRST_CELL.findall(PAGE.read_text())
    for quote in _QUOTE.findall(cell)
]


@pytest.fixture(scope="module")
def said():
    """All that the code may say, a text a line."""
    return "\n".join(texts())


def test_the_page_quotes_messages_of_every_part():
    assert len(QUOTES) >= 50


@pytest.mark.parametrize("quote", QUOTES)
def test_a_quoted_message_is_one_that_the_code_gives(quote, said):
    assert quote.replace("...", GAP) in said


def test_every_error_class_says_in_a_sentence_what_it_is():
    from sea_ice_kedro import errors

    named = [k for k in vars(errors).values() if isinstance(k, type)]
    kinds = [k for k in named if issubclass(k, Exception)]
    assert len(kinds) >= 15
    assert [k.__name__ for k in kinds if not (k.__doc__ or "").endswith(".")] == []
