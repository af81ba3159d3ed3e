"""A cell never becomes a formula, and nothing else about it changes."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from offboarding.lib.cells import csv_line, neutral

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "  =cmd|' /C calc'!A0",
    "＝1",
    "＋1",
    "－1",
    "＠x",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_like_a_formula_is_told_to_be_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1"])
def test_both_what_follows_a_blank_and_the_blank_are_told_to_be_text(text: str) -> None:
    assert neutral(text) == f"'{text[0]}'=1"


# A list in a language that writes numbers with a comma parts cells with a semicolon, and some programs take a tab.
PARTED = ["x;=1+1", "x; =1", 'x";=1', "x;\t@SUM(A1)", "a\n=1", "a\r\n+1", "x\t-1", "x|=1", ";=1", "x;＝1"]


@pytest.mark.parametrize("text", PARTED)
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_no_cell_is_a_formula_whichever_sign_parts_the_cells(text: str, sign: str) -> None:
    line = csv_line(["R-1", text, f"{text} and more", 5]).decode()
    for row in csv.reader(StringIO(line, newline=""), delimiter=sign):
        assert not [cell for cell in row if cell.strip(' "').startswith(tuple("=+-@＝"))], line


@pytest.mark.parametrize(
    "value", ["", "Dan Reyes", "a=b", "1-2", "a; b", "a, -b", "'quoted", "漢字", 5, -5, 2.5, None, True]
)
def test_anything_else_stays_as_it_is(value: object) -> None:
    assert neutral(value) is value


def test_a_line_is_read_again_as_it_was() -> None:
    row = ["R-1", "two\nlines", 'a "quote"', "semi;colon", "comma,", "=1"]
    assert next(csv.reader(StringIO(csv_line(row).decode(), newline=""))) == [*row[:-1], "'=1"]
