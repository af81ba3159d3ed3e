"""What a fresh read says, and how a place stands. Only a fresh read of ours says *gone*."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from offboarding.discovery.rules import Account, Held, Outcome, Sighting, unknown
from offboarding.execution.rules import Seen
from offboarding.verification.rules import Doing, Now, Told, gone, gone_since, says, standing
from offboarding.work.rules import State

READER = Held("r", "Source Read-only", (("SOURCE", "s"),))
BARE = Held("r", "Minimal Workspace Access")
ADMIN = Held("r", "Source Admin")


def member(*roles: Held, groups: tuple[tuple[str, str], ...] = ()) -> Sighting:
    return Sighting(Outcome.MEMBER, (Account("u", "dan@x.example", "Dan", roles, groups),))


GONE = [
    ("remove", Sighting(Outcome.ABSENT), True, "nothing left"),
    ("remove", member(), False, "a member without a role is a member"),
    ("remove", member(READER), False, "reading is access"),
    (
        "remove",
        Sighting(Outcome.INVITED, invitations=("a@x.example",)),
        False,
        "an invitation is access to come",
    ),
    ("remove", unknown("no answer"), False, "what was not seen is not gone"),
    ("downgrade", Sighting(Outcome.ABSENT), True, "even less than planned"),
    ("downgrade", member(READER), True, "as planned"),
    ("downgrade", member(READER, BARE), True, "as planned"),
    ("downgrade", member(READER, ADMIN), False, "one role too many"),
    ("downgrade", member(READER, groups=(("g", "Admins"),)), False, "a group may give anything"),
    (
        "downgrade",
        Sighting(Outcome.INVITED, invitations=("a@x.example",)),
        False,
        "an invitation may give anything",
    ),
    ("downgrade", unknown("no answer"), False, "what was not seen is not known"),
]


@pytest.mark.parametrize(("choice", "seen", "expected", "because"), GONE)
def test_gone_is_what_the_plan_wants_and_was_seen(
    choice: str, seen: Sighting, expected: bool, because: str
) -> None:
    assert gone(choice, seen) is expected, because
    assert says(choice, seen, "Acme").startswith("still has access") is not expected


ACT = Doing(False, False, State.DONE, "changed", "", "")
CHECK = Doing(True, False, State.DONE, "already", "", "")
LATER = Doing(True, True, State.WAITING, "", "", "its date")
ABSENT, PRESENT = Told(Seen.ABSENT, False, "not there"), Told(Seen.PRESENT, False, "still there")
BACK = Told(Seen.PRESENT, True, "there again")


def stuck(doing: Doing, why: str) -> Doing:
    return replace(doing, state=State.NEEDS_PERSON, ended="", sentence=why)


GIVE = replace(ACT, state=State.WAITING, gives=True)
ENDS = replace(ACT, state=State.WAITING)
STANDINGS = [
    ("keep", [], None, Now.KEPT, "on purpose"),
    ("keep", [], BACK, Now.KEPT, "nothing was promised there"),
    ("remove", [ACT, CHECK, LATER], ABSENT, Now.VERIFIED, "read, and not there"),
    ("downgrade", [ACT, CHECK], ABSENT, Now.VERIFIED, "read, and only reading left"),
    (
        "remove",
        [ACT, replace(CHECK, state=State.RUNNING, ended="")],
        ABSENT,
        Now.CALLED,
        "the check has not ended",
    ),
    (
        "remove",
        [ACT, replace(CHECK, state=State.WAITING, ended="")],
        None,
        Now.CALLED,
        "removed, not read again",
    ),
    ("remove", [ACT, replace(CHECK, ended="by hand")], None, Now.CALLED, "a person looked, we did not"),
    ("remove", [ACT, replace(CHECK, ended="by hand")], PRESENT, Now.CALLED, "our own read says otherwise"),
    (
        "remove",
        [ACT, replace(CHECK, state=State.CANCELLED, ended="waived")],
        None,
        Now.SKIPPED,
        "nobody looked",
    ),
    (
        "remove",
        [ACT, replace(CHECK, ended="by hand"), LATER],
        replace(PRESENT, follow_up=True),
        Now.CAME_BACK,
        "checked by hand then, seen by us now",
    ),
    (
        "remove",
        [ACT, replace(CHECK, ended="by hand"), LATER],
        replace(ABSENT, follow_up=True),
        Now.VERIFIED,
        "read at last",
    ),
    ("remove", [ACT, CHECK, LATER], BACK, Now.CAME_BACK, "it was gone and is there again"),
    (
        "remove",
        [stuck(ACT, "No token"), replace(CHECK, state=State.WAITING)],
        None,
        Now.NEEDS_PERSON,
        "stuck",
    ),
    ("remove", [ACT, stuck(CHECK, "Still there")], PRESENT, Now.NEEDS_PERSON, "the check is stuck"),
    (
        "remove",
        [ACT, CHECK, stuck(LATER, "No token")],
        ABSENT,
        Now.VERIFIED,
        "a follow-up does not undo a read",
    ),
    ("remove", [replace(ACT, state=State.RUNNING), LATER], None, Now.RUNNING, "on its way"),
    ("remove", [replace(ACT, state=State.UNKNOWN), LATER], None, Now.RUNNING, "called, effect unknown"),
    ("remove", [replace(ACT, state=State.VERIFYING), LATER], None, Now.RUNNING, "called, to be read"),
    (
        "remove",
        [replace(ACT, state=State.WAITING, waiting_for="Segment asked us to wait")],
        None,
        Now.WAITING,
        "429",
    ),
    ("remove", [replace(ACT, state=State.WAITING)], None, Now.NOT_STARTED, "waits for its turn"),
    ("remove", [], None, Now.NOT_STARTED, "nothing exists yet"),
    (
        "remove",
        [replace(ACT, state=State.CANCELLED), replace(CHECK, state=State.WAITING)],
        None,
        Now.SKIPPED,
        "what was not called is never called removed",
    ),
    ("restore", [GIVE, ENDS], None, Now.WAITING, "to be given back"),
    ("restore", [replace(GIVE, state=State.RUNNING), ENDS], None, Now.RUNNING, "on its way back"),
    ("restore", [replace(GIVE, state=State.DONE), ENDS], None, Now.KEPT, "given back"),
    (
        "restore",
        [replace(GIVE, state=State.DONE), replace(GIVE, waiting_for="invited, not accepted yet"), ENDS],
        None,
        Now.WAITING,
        "an invitation is not yet access",
    ),
    ("restore", [replace(GIVE, state=State.DONE), ENDS], PRESENT, Now.KEPT, "read, and there on purpose"),
    ("restore", [stuck(GIVE, "No role"), ENDS], None, Now.NEEDS_PERSON, "a role is gone"),
    (
        "restore",
        [replace(GIVE, state=State.CANCELLED), replace(ENDS, state=State.CANCELLED)],
        None,
        Now.SKIPPED,
        "cancelled before anything came back",
    ),
    (
        "restore",
        [replace(GIVE, state=State.DONE), replace(ENDS, state=State.RUNNING)],
        PRESENT,
        Now.RUNNING,
        "its end",
    ),
    (
        "restore",
        [
            replace(GIVE, state=State.DONE),
            replace(ENDS, state=State.DONE),
            replace(CHECK, state=State.WAITING),
        ],
        PRESENT,
        Now.CALLED,
        "ended, not read again",
    ),
    (
        "restore",
        [replace(GIVE, state=State.DONE), replace(ENDS, state=State.DONE), CHECK],
        ABSENT,
        Now.VERIFIED,
        "gone again, and read",
    ),
]


@pytest.mark.parametrize(("choice", "doings", "told", "now", "because"), STANDINGS)
def test_how_a_place_stands(
    choice: str, doings: list[Doing], told: Told | None, now: Now, because: str
) -> None:
    assert standing(choice, doings, told)[0] is now, because


def test_nothing_but_an_absent_finding_says_gone() -> None:
    """Whatever the runs claim: without a read of ours that saw nothing, no place is verified."""
    for told in (None, PRESENT, BACK):
        for state in State:
            doings = [replace(ACT, state=state), replace(CHECK, state=state)]
            assert standing("remove", doings, told)[0] is not Now.VERIFIED


NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
NOT, THERE, DARK = Seen.ABSENT, Seen.PRESENT, Seen.UNKNOWN
TRAILS = [
    ([], None, "nobody looked"),
    ([NOT], 0, "gone at the first look"),
    ([THERE, NOT], 1, "gone at the second"),
    ([NOT, NOT], 0, "a later look does not make it later"),
    ([NOT, THERE], None, "it came back"),
    ([NOT, THERE, NOT], 2, "it came back and went again"),
    ([NOT, DARK, NOT], 0, "a look that saw nothing says nothing"),
    ([DARK], None, "nobody could look"),
]


@pytest.mark.parametrize(("trail", "place", "because"), TRAILS, ids=[each[2] for each in TRAILS])
def test_gone_since_is_the_first_of_the_looks_that_agree(
    trail: list[Seen], place: int | None, because: str
) -> None:
    found = gone_since((seen, NOON + timedelta(hours=n)) for n, seen in enumerate(trail))
    assert found == (None if place is None else NOON + timedelta(hours=place)), because
