"""The table of speed in README.md: written by the command alone, from what was measured."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

README = Path(__file__).resolve().parent.parent.parent / "README.md"
PARTS = ("find", "removal", "emergency", "steps", "click", "large", "ledger", "packet")
MARKS = re.compile(r"(<!-- bench -->\n).*?(<!-- /bench -->)", re.DOTALL)
HEAD = "| part | what | measured | beside | on | date |\n|---|---|---|---|---|---|\n"
MARK = "ROW "


@dataclass(frozen=True)
class Row:
    part: str
    what: str
    measured: str
    beside: str
    on: str

    def told(self) -> str:
        """One line that `heard` reads again: each part is measured by a process of its own."""
        return MARK + json.dumps(asdict(self))


def heard(line: str) -> Row | None:
    return Row(**json.loads(line[len(MARK) :])) if line.startswith(MARK) else None


def cells(row: Row, date: str) -> str:
    return f"| `{row.part}` | {row.what} | {row.measured} | {row.beside} | {row.on} | {date} |\n"


def written(text: str, rows: Iterable[Row], date: str) -> str:
    """The text with these rows. Parts that were not run keep theirs."""
    fresh: dict[str, list[str]] = {}
    for row in rows:
        fresh.setdefault(row.part, []).append(cells(row, date))
    found = MARKS.search(text)
    for line in found.group(0).splitlines(keepends=True) if found else []:
        part = line[3:].split("`")[0]
        if line.startswith("| `") and part in PARTS and part not in {row.part for row in rows}:
            fresh.setdefault(part, []).append(line)
    body = HEAD + "".join(line for part in PARTS for line in fresh.get(part, ()))
    return MARKS.sub(lambda found: found.group(1) + body + found.group(2), text)


def write(rows: list[Row], date: str, path: Path = README) -> None:
    path.write_text(written(path.read_text(encoding="utf-8"), rows, date), encoding="utf-8")
