import pytest

from sea_ice_kedro.plain_text import as_cell, from_cell, inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s2_vis_00 é 海冰 [x]\t\n", "s2_vis_00 é 海冰 [x]\t\n"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u2066b\u200f", "a\\u2066b\\u200f"),
        ("a\rb\x9b", "a\\rb\\x9b"),
        ("\udcff.png", "\\udcff.png"),
    ],
)
def test_what_a_terminal_or_browser_would_act_on_is_spelt_out(text, shown):
    assert inert(text) == shown


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-a", "'=x", "\t=1"]
)
def test_a_formula_is_marked_in_a_table_and_comes_back(text):
    assert as_cell(text) == f"'{text}"
    assert from_cell(as_cell(text)) == text


@pytest.mark.parametrize("value", ["a=b", "-0.5", "+7", "", "it's", None, -0.5, "é"])
def test_other_values_of_a_table_stay(value):
    assert as_cell(value) == from_cell(value) == value
