"""The table of reliability in README.md: written by the command alone, from what was measured."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tests.faults.runner import ROOT, Row

README = ROOT / "README.md"
MARKS = re.compile(r"(<!-- faults -->\n).*?(<!-- /faults -->)", re.DOTALL)
HEAD = "| case | what was injected | measured | on | date |\n|---|---|---|---|---|\n"


def cells(row: Row) -> str:
    injected = row.injected or "nothing"
    measured = row.measured if row.passed else f"**FAILED**: {row.measured or 'did not run'}"
    on = f"{row.server}, seed {row.seed}"
    return f"| `{row.case}` | {injected} | {measured} | {on} | {row.date} |\n"


def key(line: str) -> tuple[str, str]:
    """The case, and the kind of database without its version."""
    parts = [part.strip() for part in line.strip().strip("|").split("|")]
    return parts[0].strip("`"), parts[3].split()[0]


def known(text: str) -> dict[tuple[str, str], str]:
    found = MARKS.search(text)
    lines = found.group(0).splitlines(keepends=True) if found else []
    return {key(line): line for line in lines if line.startswith("| `")}


def written(text: str, rows: Iterable[Row], order: list[str]) -> str:
    """The text with these rows; rows of other cases stay as they were measured, those of unknown cases go."""
    lines = {**known(text), **{key(cells(row)): cells(row) for row in rows}}
    kept = sorted((case, on) for case, on in lines if case in order)
    kept.sort(key=lambda each: (order.index(each[0]), each[1] != "SQLite"))
    body = HEAD + "".join(lines[each] for each in kept)
    return MARKS.sub(lambda found: found.group(1) + body + found.group(2), text)


def write(rows: Iterable[Row], order: list[str], path: Path = README) -> None:
    path.write_text(written(path.read_text(encoding="utf-8"), rows, order), encoding="utf-8")
