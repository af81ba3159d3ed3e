"""How a step stands, in a shape, a word and one line of facts. Pure: rows in, cards out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.checklist.models import ChecklistItem
from offboarding.checklist.rules import Kind
from offboarding.execution.models import Run
from offboarding.execution.queries import Tally
from offboarding.execution.rules import Cause, Ended, proof_wanted
from offboarding.journey.rules import SEALING
from offboarding.web.cards import TagCard
from offboarding.web.removal.clock import Clock
from offboarding.work.rules import ENDED, State

ACTIVE = (State.READY, State.RUNNING, State.UNKNOWN, State.VERIFYING)
# A countdown shorter than this is kept true on the page.
NEAR = timedelta(seconds=90)
KINDS = {
    Kind.AUTOMATIC: lazy("Automatic"),
    Kind.MANUAL: lazy("By hand"),
    Kind.VERIFICATION: lazy("Automatic check"),
}
# These end with a look of ours that saw the access gone; any other end is somebody's word.
ENDS = {
    Ended.CHANGED: ("verified", lazy("Verified")),
    Ended.ALREADY: ("verified", lazy("Verified")),
    Ended.NOTHING_TO_DO: ("done", lazy("Done")),
    Ended.BY_HAND: ("done", lazy("Done by hand")),
}
WORST = (
    "failed",
    "needs_person",
    "running",
    "waiting",
    "not_started",
    "done",
    "verified",
    "skipped",
    "not_needed",
)


def blocked(run: Run) -> bool:
    """True if an automated step stopped and cannot go on by itself."""
    asked = run.cause in (Cause.MANUAL, Cause.TAKEN_OVER, Cause.NO_EVENT, Cause.LOGIN_WANTED)
    return run.state == State.FAILED or (run.state == State.NEEDS_PERSON and not run.manual and not asked)


def tag_of(run: Run | None, id: str = "") -> TagCard:
    """Verified only where a fresh read of ours saw it; everything before that is paler."""
    if run is None:
        return TagCard("not_started", id=id)
    if blocked(run):
        return TagCard("failed", _("Blocked") if run.state == State.NEEDS_PERSON else "", id)
    if run.state == State.DONE:
        return ended_tag(run, id)
    if run.state == State.CANCELLED:
        return TagCard(*CUT_OFF.get(run.ended, ("not_needed", lazy("Stopped"))), id)
    return TagCard(*MOVING[State(run.state)], id)


# What was left out: one step by one, or all that was left at once.
CUT_OFF: dict[str, tuple[str, Any]] = {
    Ended.WAIVED: ("skipped", ""),
    Ended.CANCELLED: ("skipped", lazy("Cancelled")),
}


def ended_tag(run: Run, id: str) -> TagCard:
    if run.item.step == SEALING:
        return TagCard("verified", _("Sealed"), id)
    state, word = ENDS[Ended(run.ended)]
    return TagCard(state, word, id)


MOVING: dict[State, tuple[str, Any]] = {
    State.WAITING: ("waiting", ""),
    State.READY: ("running", lazy("Begins now")),
    State.RUNNING: ("running", ""),
    State.UNKNOWN: ("waiting", lazy("Not sure yet")),
    State.VERIFYING: ("done", lazy("Called, not verified")),
    State.NEEDS_PERSON: ("needs_person", ""),
}


def worst(tags: list[TagCard], id: str = "") -> TagCard:
    """A group takes its worst member."""
    found = min(tags, key=lambda tag: WORST.index(tag.state))
    return TagCard(found.state, found.text, id)


def facts_of(
    item: ChecklistItem, run: Run | None, tally: Tally | None, states: Mapping[int, str], clock: Clock
) -> str:
    """One line: who and when, or what it waits for. `states` are those of all the plan's runs, by number."""
    if run is None:
        return str(KINDS[Kind(item.kind)])
    match State(run.state):
        case State.WAITING:
            return waits(item, run, states, clock)
        case State.NEEDS_PERSON:
            return needs(item, run)
        case State.DONE:
            return ended(run, tally, clock)
        case State.VERIFYING | State.UNKNOWN | State.RUNNING | State.READY:
            return moves(run, tally, clock)
        case _:
            return run.sentence


def waits(item: ChecklistItem, run: Run, states: Mapping[int, str], clock: Clock) -> str:
    if run.cause == Cause.PAUSED:
        return _("Paused, until somebody lets the work go on")
    if run.not_before:
        return _("%(why)s, %(when)s") % {
            "why": why(run),
            "when": clock.counts_down(run.not_before, seconds=near(run.not_before, clock)),
        }
    if before := [number for number in item.waits_for if states.get(number) not in ENDED]:
        return ngettext("After step %(numbers)s", "After steps %(numbers)s", len(before)) % {
            "numbers": listed(before)
        }
    if item.step == SEALING:
        return _("When everything in scope is verified")
    if item.at:
        return _("Once the request is closed, %(when)s") % {"when": later(item)}
    return run.waiting_for or _("Its turn comes next")


def why(run: Run) -> str:
    return _("Waits for its date") if run.item.at else run.waiting_for or _("Next try")


def later(item: ChecklistItem) -> str:
    if item.at == "until":
        until = str(item.target.get("until", ""))
        return _("at its end") if "T" in until else _("the day after %(day)s") % {"day": until}
    return _("%(days)s days later") % {"days": item.at.split()[0]}


def needs(item: ChecklistItem, run: Run) -> str:
    if not run.manual:
        return run.sentence or run.waiting_for or _("A person has to look")
    who = run.assigned_to.name if run.assigned_to else _("By hand")
    if proof := proof_wanted(item.proof, item.kind != Kind.MANUAL):
        return _("%(who)s, needs a %(proof)s") % {"who": who, "proof": proof}
    return who


def ended(run: Run, tally: Tally | None, clock: Clock) -> str:
    if run.ended == Ended.BY_HAND and run.ended_by and run.ended_at:
        return _("%(who)s, %(when)s") % {"who": run.ended_by.name, "when": clock.says(run.ended_at)}
    if run.ended == Ended.CHANGED and tally and tally.called_at and tally.read_at:
        return _("Called %(called)s, read again %(read)s") % {
            "called": clock.short(tally.called_at),
            "read": clock.short(tally.read_at),
        }
    if run.ended == Ended.ALREADY and tally and tally.read_at:
        return _("Read %(read)s: %(says)s") % {"read": clock.short(tally.read_at), "says": run.sentence}
    return run.sentence


def moves(run: Run, tally: Tally | None, clock: Clock) -> str:
    called = clock.short(tally.called_at) if tally and tally.called_at else ""
    if run.state == State.VERIFYING and run.not_before:
        return _("Called %(called)s, read again %(when)s") % {
            "called": called,
            "when": clock.counts_down(run.not_before),
        }
    if run.state == State.UNKNOWN:
        return _("The answer is not known. We look what is there before anything else.")
    return _("Called %(called)s, reading again") % {"called": called} if called else _("Reading and removing")


def listed(numbers: list[int]) -> str:
    """ "3", "3 and 4", "3, 4 and 9"."""
    *first, last = map(str, numbers)
    return _("%(first)s and %(last)s") % {"first": ", ".join(first), "last": last} if first else last


def near(not_before: datetime | None, clock: Clock) -> bool:
    return bool(not_before and not_before - clock.now < NEAR)


def counting_down(run: Run, clock: Clock) -> bool:
    return soon(run.state, run.not_before, clock)


def soon(state: str, not_before: datetime | None, clock: Clock) -> bool:
    """True for a row that waits, whose page counts the seconds."""
    return state in (State.WAITING, State.VERIFYING) and near(not_before, clock)
