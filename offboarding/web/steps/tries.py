"""What was tried: looks and calls, newest first, with what went out and came back."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Result
from offboarding.web.cards import TagCard, TimeCard
from offboarding.web.removal.overview import Overview
from offboarding.web.steps.calls import CallsCard, calls_of

READ_TRIES = 3  # so many of the newest tries show their calls


@dataclass(frozen=True, slots=True)
class TryCard:
    time: TimeCard
    number: int
    act: str
    says: str
    tag: TagCard
    calls: CallsCard | None


RESULTS = {
    Result.SEEN: ("done", lazy("Read")),
    Result.ACCEPTED: ("done", lazy("Accepted, not verified")),
    Result.NOT_APPLIED: ("waiting", lazy("Not applied")),
    Result.ABSENT: ("done", lazy("Not there")),
    Result.UNKNOWN: ("waiting", lazy("Not known")),
}


def tried(view: Overview, run: Run) -> tuple[TryCard, ...]:
    """Newest first. Only the newest show their calls: the others are in the evidence."""
    attempts = list(run.attempts.select_related("exchanges").order_by("-number"))
    return tuple(try_card(view, attempt, at < READ_TRIES) for at, attempt in enumerate(attempts))


def try_card(view: Overview, attempt: Attempt, with_calls: bool) -> TryCard:
    kept = attempt.exchanges if with_calls else None
    return TryCard(
        time=view.clock.time(attempt.closed_at or attempt.begun_at, seconds=True),
        number=attempt.number,
        act=_("Call") if attempt.act == Act.CALL else _("Read"),
        says=says(attempt),
        tag=result(attempt),
        calls=calls_of(kept, view.removal.reference) if kept else None,
    )


def says(attempt: Attempt) -> str:
    if not attempt.closed_at:
        return _("%(intent)s: no end was written down") % {"intent": attempt.intent}
    return f"{attempt.intent}: {attempt.says}" if attempt.says else attempt.intent


def result(attempt: Attempt) -> TagCard:
    """A read that saw the access gone is the only green one."""
    if not attempt.result:
        return TagCard("waiting", _("Not known") if attempt.closed_at else _("Under way"))
    if attempt.result == Result.SEEN:
        seen = attempt.facts.get("seen")
        if seen == "absent":
            return TagCard("verified")
        return (
            TagCard("running", _("Still there")) if seen == "present" else TagCard("waiting", _("Not known"))
        )
    state, word = RESULTS[Result(attempt.result)]
    return TagCard(state, word)
