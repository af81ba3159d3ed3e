"""`make audit` finds what `SECURITY.md` promises to mend, without asking anybody outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.house.source import ROOT
from tests.security import audit

DAY, MADE = 86_400, 1_790_000_000


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A lock file that was made at a known moment, and another file that was changed later."""
    for name, at in (("lock.txt", MADE), ("other.txt", MADE + 200 * DAY)):
        (tmp_path / name).write_text("x")
        moment = {"GIT_AUTHOR_DATE": f"{at} +0000", "GIT_COMMITTER_DATE": f"{at} +0000"}
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@northwind.example")
        for words in (("init", "-q"), ("add", name), (*who, "commit", "-qm", name)):
            subprocess.run(["git", *words], cwd=tmp_path, env={**os.environ, **moment}, check=True)
    return tmp_path


@pytest.mark.parametrize(("days", "found"), [(0, 0), (89, 0), (91, 1)])
def test_a_lock_file_that_is_older_than_promised_is_a_finding(
    days: int, found: int, repository: Path
) -> None:
    assert len(audit.too_old("lock.txt", MADE + days * DAY, repository)) == found


def test_an_unknown_age_is_said_and_no_finding(repository: Path, capsys: Any) -> None:
    (repository / "new.txt").write_text("x")
    assert audit.too_old("new.txt", MADE, repository) == []
    assert "NOT LOOKED AT" in capsys.readouterr().out


def answer(**said: Any) -> Any:
    return lambda *_words, **_more: SimpleNamespace(stdout=json.dumps(said).encode() if said else b"")


def test_a_known_weakness_is_a_finding_and_no_answer_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = {"name": "part", "version": "1.0", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["1.1"]}]}
    monkeypatch.setattr(audit, "run", answer(dependencies=[weak, {"name": "good", "version": "2"}]))
    assert audit.weaknesses("lock.txt") == ["lock.txt: part 1.0: CVE-2026-1, mended in 1.1"]
    monkeypatch.setattr(audit, "run", answer())
    assert audit.weaknesses("lock.txt") is None


def test_the_times_are_written_down_and_the_number_is_the_one_that_is_looked_for() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8").split("## Parts\n")[1].split("\n## ")[0]
    times = [int(days) for days in re.findall(r"\| (\d+) days \|$", page, re.MULTILINE)]
    assert len(times) == 3 and times == sorted(times) and times[-1] == audit.OLDEST


def test_every_lock_file_is_looked_at() -> None:
    assert set(audit.LOCKS) == {f"requirements/{each.name}" for each in (ROOT / "requirements").glob("*.txt")}
