"""Each row of the page names a test that there is."""

import re

from tests.runs import ROOT

PAGE = (ROOT / "docs" / "robustness-inputs.md").read_text()
_ROW = re.compile(r"^\| (?!situation|---)(.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)?(?:::(\w+))?`")


def test_each_row_names_a_test_that_there_is():
    for row in _ROW.findall(PAGE):
        named = [(f, n) for f, n in _TEST.findall(row.split(" | ")[-1]) if f or n]
        assert named, row
        file = ""
        for path, name in named:
            file = path or file
            text = (ROOT / file).read_text()
            assert not name or f"def {name}(" in text, (file, name)
