"""Cells of tables that people open in a spreadsheet: a text never becomes a formula there (CWE-1236)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

# What programs take for the beginning of a formula, and the wide forms that some of them take for the same
# (OWASP, "CSV Injection").
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutral(value: Any) -> Any:
    """The value for one cell. A text that begins like a formula gets an apostrophe in front; numbers stay numbers."""
    if isinstance(value, str) and value.lstrip(" ").startswith(STARTS):
        return f"'{value}"
    return value


def csv_line(values: Iterable[Any]) -> bytes:
    """One line (RFC 4180, UTF-8), each cell neutral."""
    line = StringIO()
    csv.writer(line).writerow([neutral(value) for value in values])
    return line.getvalue().encode()
