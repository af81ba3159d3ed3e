"""The way a removal goes, and what may be chosen in a place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from offboarding.removals.rules import OPEN, REASONS, STAGES, Choice, Group, Stage, due_at, refuses_choice

ALLOWED = [
    (Stage.DRAFT, Stage.PLANNED, "sent"),
    (Stage.DRAFT, Stage.WITHDRAWN, "thrown away"),
    (Stage.PLANNED, Stage.APPROVED, "enough people said yes"),
    (Stage.PLANNED, Stage.REJECTED, "somebody said no"),
    (Stage.PLANNED, Stage.WITHDRAWN, "the requester changed their mind"),
    (Stage.PLANNED, Stage.EXPIRED, "nobody decided in time"),
    (Stage.EXPIRED, Stage.PLANNED, "the requester asked again"),
    (Stage.EXPIRED, Stage.WITHDRAWN, "the requester changed their mind"),
    (Stage.APPROVED, Stage.RUNNING, "its time came"),
    (Stage.APPROVED, Stage.PLANNED, "the plan changed, so the approval lapsed"),
    (Stage.APPROVED, Stage.WITHDRAWN, "the requester changed their mind in time"),
    (Stage.RUNNING, Stage.CLOSED, "everything in scope is verified"),
]


@pytest.mark.parametrize(("here", "there", "because"), ALLOWED)
def test_an_allowed_move(here: Stage, there: Stage, because: str) -> None:
    assert there in STAGES[here], because


@pytest.mark.parametrize(
    ("here", "there"),
    [(a, b) for a in Stage for b in Stage if (a, b) not in {row[:2] for row in ALLOWED}],
)
def test_every_other_move_is_refused(here: Stage, there: Stage) -> None:
    assert there not in STAGES[here]


def test_open_is_what_is_filed_and_has_not_ended() -> None:
    assert set(OPEN) == {stage for stage in Stage if STAGES[stage]} - {Stage.DRAFT}


CHOICES = [
    (Choice.REMOVE, "", False, False, True, "nothing more to say"),
    (Choice.KEEP, "hand-over", False, False, True, "with its reason"),
    (Choice.KEEP, "", False, False, False, "keeping access needs a reason"),
    (Choice.KEEP, "x" * 301, False, False, False, "longer than there is room for"),
    (Choice.KEEP, "  ", False, False, False, "blanks are no reason"),
    (Choice.DOWNGRADE, "", True, False, True, "with its end"),
    (Choice.DOWNGRADE, "", False, False, False, "read-only access has an end"),
    (Choice.DOWNGRADE, "", True, True, False, "an end in the past is none"),
]


def test_read_only_access_ends_within_ten_years() -> None:
    assert "ten years" in refuses_choice(Choice.DOWNGRADE, "", True, False, until_far=True)
    assert not refuses_choice(Choice.REMOVE, "", False, False, until_far=True)


@pytest.mark.parametrize(("choice", "reason", "given", "past", "stands", "because"), CHOICES)
def test_a_choice_stands_or_says_what_is_missing(
    choice: Choice, reason: str, given: bool, past: bool, stands: bool, because: str
) -> None:
    assert (refuses_choice(choice, reason, given, past) == "") is stands, because


def test_security_never_waits_longer_than_four_hours() -> None:
    start = datetime(2026, 3, 31, 10, tzinfo=UTC)
    for reason in REASONS.values():
        assert due_at(reason.within, start) > start
        if reason.group is Group.SECURITY:
            assert due_at(reason.within, start) - start <= timedelta(hours=4)


def test_every_group_of_the_catalogue_has_reasons() -> None:
    assert {reason.group for reason in REASONS.values()} == set(Group)
