"""Cells of tables that people open in a spreadsheet: a text never becomes a formula there (CWE-1236)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from io import StringIO
from typing import Any

# What programs take for the beginning of a formula, and the wide forms that some of them take for the same
# (OWASP, "CSV Injection").
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where a program takes another sign than the comma for the end of a cell, the next one begins within ours.
WITHIN = re.compile(r"([;|\t\r\n][\s\"]*)(?=[=+\-@＝＋－＠])")


def neutral(value: Any) -> Any:
    """The value for one cell. A text that begins like a formula gets an apostrophe in front; numbers stay numbers.

    So does whatever would begin a cell where another sign parts them, or a line.
    """
    if not isinstance(value, str):
        return value
    parted = WITHIN.sub(r"\1'", value) if WITHIN.search(value) else value
    return f"'{parted}" if value.lstrip(" ").startswith(STARTS) else parted


def csv_line(values: Iterable[Any]) -> bytes:
    """One line (RFC 4180, UTF-8), each cell neutral."""
    line = StringIO()
    csv.writer(line).writerow([neutral(value) for value in values])
    return line.getvalue().encode()
