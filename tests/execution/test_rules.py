"""What a run has behind it, and what follows from that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.directory.rules import Scope
from offboarding.execution.models import Attempt
from offboarding.execution.queries import history_of
from offboarding.execution.rules import (
    CALLS_AT_MOST,
    REMEDIES,
    SETTLE,
    Cause,
    History,
    Work,
    may_call_again,
    may_not_work,
    proof_missing,
    settles_in,
)
from offboarding.users.rules import Role

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
# A letter an attempt: L a look that saw, l one that came to nothing, C accepted, A absent (404), D doubtful,
# X cut off, N not applied, w asked to wait.
LETTERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "L": ("look", "seen", {}),
    "l": ("look", "not applied", {}),
    "x": ("look", "", {}),
    "C": ("call", "accepted", {}),
    "A": ("call", "absent", {}),
    "D": ("call", "unknown", {}),
    "X": ("call", "", {}),
    "N": ("call", "not applied", {}),
    "w": ("look", "not applied", {"paused": True}),
    "W": ("call", "not applied", {"paused": True}),
}


def attempts(letters: str) -> list[Attempt]:
    made = []
    for number, letter in enumerate(letters, 1):
        act, result, facts = LETTERS[letter]
        at = NOON + timedelta(seconds=number)
        made.append(Attempt(pk=number, number=number, act=act, result=result, facts=facts, begun_at=at))
    return made


HISTORIES = [
    ("", History(), "nothing yet"),
    ("L", History(looks_since_call=1), "one look"),
    ("LCL", History(answered=1, looks_since_call=1, calls=1), "called and looked"),
    ("LCLLL", History(answered=1, looks_since_call=3, calls=1), "looked again and again"),
    ("LCLLCL", History(answered=2, looks_since_call=1, calls=2), "the second call begins anew"),
    ("LAL", History(answered=1, looks_since_call=1, calls=1), "a 404 is an answer, and counts"),
    ("LD", History(doubtful=1, calls=1), "no clear answer"),
    ("LX", History(doubtful=1, calls=1), "cut off: its effect is unknown"),
    ("LXx", History(doubtful=1, calls=1), "a look that was cut off says nothing"),
    ("ll", History(troubles=2), "two reads in a row failed"),
    ("llL", History(looks_since_call=1), "a read that works ends the row"),
    ("lwwl", History(troubles=2), "being asked to wait neither counts nor ends the row"),
    ("wwww", History(), "waiting is no trouble"),
    ("LNLNLN", History(looks_since_call=3, troubles=3), "reads work, calls never arrive"),
    ("LNLNLC", History(answered=1, calls=1), "a call that arrives ends the row"),
    ("LNLW", History(looks_since_call=2, troubles=1), "a pause does not end it"),
    ("LNLD", History(doubtful=1, calls=1), "a doubtful call arrived somewhere"),
]


@pytest.mark.parametrize(("letters", "history", "because"), HISTORIES)
def test_what_is_behind_a_run_is_counted_from_its_attempts(
    letters: str, history: History, because: str
) -> None:
    assert history_of(attempts(letters)) == history, because


def test_a_new_try_forgets_calls_and_troubles_but_not_what_may_still_land() -> None:
    tries = attempts("LCLLLNNL")
    since = tries[-1].begun_at
    history = history_of(tries, since)
    assert (history.calls, history.troubles) == (0, 0)
    assert (history.answered, history.looks_since_call) == (1, 4)


SETTLES = [
    (History(), None, "nothing was called"),
    (History(answered=1), SETTLE[0], "just called"),
    (History(doubtful=1), SETTLE[0], "perhaps called"),
    (History(answered=1, looks_since_call=3), SETTLE[3], "longer each time"),
    (History(answered=1, looks_since_call=len(SETTLE)), None, "waited long enough"),
    (History(answered=1, looks_since_call=99), None, "waited long enough"),
]


@pytest.mark.parametrize(("history", "wait", "because"), SETTLES)
def test_how_long_an_effect_is_waited_for(history: History, wait: timedelta | None, because: str) -> None:
    assert settles_in(history) == wait, because


def test_waits_grow_and_end_within_two_minutes() -> None:
    assert list(SETTLE) == sorted(SETTLE)
    assert sum(SETTLE, timedelta()) <= timedelta(minutes=2)


@pytest.mark.parametrize(
    ("calls", "may"), [(0, True), (CALLS_AT_MOST - 1, True), (CALLS_AT_MOST, False), (9, False)]
)
def test_after_a_few_calls_a_person_looks(calls: int, may: bool) -> None:
    assert may_call_again(History(calls=calls)) is may


def test_every_cause_has_a_remedy() -> None:
    assert set(REMEDIES) == set(Cause)


PNG, PDF, CSV = "image/png", "application/pdf", "text/csv"
PROOFS = [
    ("", [], False, True, "nothing asked for"),
    ("screenshot", [], False, False, "asked for and missing"),
    ("screenshot", [PNG], False, True, "attached"),
    ("screenshot", [PDF], False, True, "a PDF can hold a picture"),
    ("screenshot", [CSV], False, False, "a text cannot show a screen"),
    ("file", [CSV], False, True, "any file will do"),
    ("", [], True, False, "what should have run by itself is shown"),
    ("", [CSV], True, True, "shown"),
]


@pytest.mark.parametrize(("required", "proofs", "taken_over", "enough", "because"), PROOFS)
def test_when_proof_is_enough(
    required: str, proofs: list[str], taken_over: bool, enough: bool, because: str
) -> None:
    assert (proof_missing(required, proofs, taken_over) == "") is enough, because


def scope(*grants: tuple[Role, int | None], email: str = "zoe@x.example") -> Scope:
    return Scope(7, email, frozenset(grants))


BOTH = frozenset({1, 2})
WORKERS = [
    (scope((Role.OPERATOR, 1), (Role.OPERATOR, 2)), True, "an operator of every client"),
    (scope((Role.SECURITY, None)), True, "security everywhere"),
    (scope((Role.OPERATOR, 1), (Role.SECURITY, 2)), True, "one of the two in each client"),
    (scope((Role.OPERATOR, 1)), False, "only of one client"),
    (scope((Role.REQUESTER, None), (Role.APPROVER, None), (Role.AUDITOR, None)), False, "readers only"),
    (scope((Role.OPERATOR, None), email="DAN@x.example"), False, "it is about them"),
]


@pytest.mark.parametrize(("who", "may", "because"), WORKERS)
def test_who_works_on_steps(who: Scope, may: bool, because: str) -> None:
    assert (may_not_work(who, BOTH, ["dan@x.example"]) == "") is may, because


def test_an_items_identities_are_its_accounts_own_or_else_the_persons() -> None:
    work = Work("Acme", ("dan@x.example", "d@y.example"), (("u1", "Dan@X.example"),), {}, NOON)
    assert work.identities == ({"u1"}, {"dan@x.example"})
    unread = Work("Acme", ("dan@x.example", "D@y.example"), (), {}, NOON)
    assert unread.identities == (set(), {"dan@x.example", "d@y.example"})
