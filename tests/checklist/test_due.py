"""When each line of a plan is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from offboarding.checklist.actions import due_of
from offboarding.checklist.rules import Kind, Line, Phase

DUE = datetime(2026, 3, 31, 17, tzinfo=UTC)
LINE = Line(
    "x", Phase.FOLLOW_UP, Kind.AUTOMATIC, "x", "x", None, {"until": "2026-04-30"}, "", (), "", (), "", True
)


@pytest.mark.parametrize(
    ("at", "due", "why"),
    [
        ("", DUE, "with the request"),
        ("until", datetime(2026, 5, 1, 17, tzinfo=UTC), "the day after read-only access ends"),
        ("30 days", datetime(2026, 4, 30, 17, tzinfo=UTC), "so many days after the request"),
    ],
)
def test_a_line_is_due(at: str, due: datetime, why: str) -> None:
    assert due_of(replace(LINE, at=at), DUE) == due, why
