"""Every text of the source, as a reader of an error sees it."""

import ast

from tests.runs import ROOT

SOURCE = ROOT / "src" / "sea_ice_kedro"

GAP = "…"
"""Stands for what a message says of the case at hand."""


def texts():
    """Give all strings of the source; what an f-string fills in is a gap."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else GAP
                    for part in node.values
                )
