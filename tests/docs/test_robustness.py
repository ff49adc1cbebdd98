"""What the page on foreign files and servers says is tested, is."""

import ast
import re

from tests.runs import ROOT

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_row_names_a_test_that_exists():
    page = (ROOT / "docs/robustness.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith("| situation")]
    assert rows
    for row in rows:
        named = _TEST.findall(row)
        assert named, row
        for file, test in named:
            tree = ast.parse((ROOT / file).read_text())
            assert test in {getattr(node, "name", "") for node in tree.body}, test
