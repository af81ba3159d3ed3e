"""What `docs/asvs.md` claims: every test that it names exists, every row says enough, and its numbers are true."""

from __future__ import annotations

import re
import tomllib
from collections import Counter

from tests.house.source import ROOT, listing

PAGE = ROOT / "docs" / "asvs.md"
ROW = re.compile(
    r"^\| (?P<id>[\d.]+) \| (?P<level>[12]) \| (?P<asks>.+?) \| (?P<state>[a-z ]+) \| (?P<how>.*?) ?\|$", re.M
)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
# Of the standard's 345 points: 70 at the first level, 183 more at the second (ASVS 5.0.0).
POINTS = {"1": 70, "2": 183}


def rows() -> list[dict[str, str]]:
    return [found.groupdict() for found in ROW.finditer(PAGE.read_text(encoding="utf-8"))]


def test_every_point_of_both_levels_has_one_row() -> None:
    found = rows()
    assert Counter(row["level"] for row in found) == POINTS
    assert len({row["id"] for row in found}) == len(found)


def test_each_row_names_a_test_or_a_reason() -> None:
    wrong = []
    for row in rows():
        tests = TEST.findall(row["how"])
        if row["state"] == "covered" and not tests:
            wrong.append(f"{row['id']} is covered by nothing")
        if row["state"] in ("not applicable", "open") and not TEST.sub("", row["how"]).strip("; "):
            wrong.append(f"{row['id']} does not say why")
        if row["state"] not in ("covered", "not applicable", "open"):
            wrong.append(f"{row['id']}: {row['state']}?")
    assert not wrong, listing(wrong)


def test_every_test_that_is_named_exists() -> None:
    """Also those that other pages of the documentation name."""
    pages = sorted((ROOT / "docs").glob("*.md"))
    named = {each for page in pages for each in TEST.findall(page.read_text(encoding="utf-8"))}
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert named and not missing, listing(missing)


def test_the_numbers_at_the_top_are_true() -> None:
    count = Counter(row["state"] for row in rows())
    said = f"{count.total()} points: {count['covered']} covered, {count['not applicable']} not applicable, {count['open']} open."
    assert said in PAGE.read_text(encoding="utf-8")


def test_every_part_is_locked_with_its_hash() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        parts = re.findall(r"^[a-z0-9][\w.\-]*(?:\[[\w,\-]+\])?==.*$", lock.read_text(), re.M)
        assert parts and all(part.endswith("\\") for part in parts), lock.name


def test_tables_for_spreadsheets_are_written_through_one_place() -> None:
    """Whoever writes cells asks `lib/cells.py`, so that no text becomes a formula."""
    writes = re.compile(r"\bcsv\.(?:writer|DictWriter)\(|\bWorkbook\(")
    wrong = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "offboarding").rglob("*.py"))
        if path.name != "cells.py"
        and writes.search(text := path.read_text(encoding="utf-8"))
        and "lib.cells" not in text
    ]
    assert not wrong, listing(wrong)


def test_types_are_checked_strictly_in_every_file_of_the_product() -> None:
    """Whatever came through a form, a file or a program has one type from there on; nothing compares text with a number."""
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert mypy["strict"] is True and "offboarding" in mypy["files"] and mypy["exclude"] == ["/migrations/"]
    eased = {name for each in mypy["overrides"] for name in each if name != "module"}
    assert eased <= {"ignore_missing_imports", "disallow_subclassing_any", "disallow_untyped_decorators"}
    blanket = re.compile(r"# type: ignore(?!\[)|# mypy: ")
    wrong = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "offboarding").rglob("*.py"))
        if blanket.search(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, listing(wrong)
