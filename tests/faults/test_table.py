"""The table in README.md says what was measured, and nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.faults.case import names
from tests.faults.runner import Row
from tests.faults.table import README, known, write

TEXT = "Before.\n\n<!-- faults -->\n<!-- /faults -->\n\nAfter.\n"
ORDER = ["first", "second"]


def row(
    case: str = "first", server: str = "SQLite 3.45", passed: bool = True, measured: str = "0 lost"
) -> Row:
    return Row(case, server.split()[0].lower(), server, 7, passed, "2 kill -9", measured, 3.0, "2026-11-25")


def after(tmp_path: Path, *rows: Row, text: str = TEXT) -> str:
    path = tmp_path / "README.md"
    path.write_text(text)
    write(rows, ORDER, path)
    return path.read_text()


def test_a_row_says_what_was_injected_and_measured_where_and_when(tmp_path: Path) -> None:
    assert "| `first` | 2 kill -9 | 0 lost | SQLite 3.45, seed 7 | 2026-11-25 |" in after(tmp_path, row())


def test_what_stands_around_the_table_stays(tmp_path: Path) -> None:
    text = after(tmp_path, row())
    assert text.startswith("Before.\n") and text.endswith("\nAfter.\n")


def test_a_case_that_failed_says_so(tmp_path: Path) -> None:
    assert "| **FAILED**: 1 lost |" in after(tmp_path, row(passed=False, measured="1 lost"))


def test_a_row_replaces_the_older_one_of_the_same_case_and_database_only(tmp_path: Path) -> None:
    text = after(tmp_path, row(), row(server="PostgreSQL 15"), row("second"))
    text = after(tmp_path, row(measured="0 lost of 9"), text=text)
    assert text.count("| `first` |") == 2 and "0 lost of 9" in text and "| `second` |" in text
    assert [case for case, _ in known(text)] == ["first", "first", "second"]


def test_a_row_of_a_case_that_is_gone_goes(tmp_path: Path) -> None:
    text = after(tmp_path, row(), row("second"))
    path = tmp_path / "README.md"
    write([], ["second"], path)
    assert "first" not in path.read_text() and "second" in text


def test_the_readme_names_no_case_that_does_not_exist() -> None:
    assert {case for case, _ in known(README.read_text(encoding="utf-8"))} <= set(names())
