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
    "\t=1",
    "\r=1",
    "\n=1",
    "  =cmd|' /C calc'!A0",
    "＝1",
    "＋1",
    "－1",
    "＠x",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_like_a_formula_is_told_to_be_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "Dan Reyes", "a=b", "1-2", "'quoted", "漢字", 5, -5, 2.5, None, True])
def test_anything_else_stays_as_it_is(value: object) -> None:
    assert neutral(value) is value


def test_a_line_is_read_again_as_it_was() -> None:
    row = ["R-1", "two\nlines", 'a "quote"', "semi;colon", "comma,", "=1"]
    assert next(csv.reader(StringIO(csv_line(row).decode(), newline=""))) == [*row[:-1], "'=1"]
