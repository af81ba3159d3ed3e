"""How an emergency stands, lane by lane: what is gone and read again, what people do by hand, what waits for a press."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.emergencies.models import Emergency
from offboarding.emergencies.queries import refuses_review
from offboarding.emergencies.rules import QUEUED_STEPS, RELEASES, Verdict
from offboarding.execution.models import Run
from offboarding.notifications.queries import mails_about
from offboarding.removals.rules import Stage
from offboarding.verification.queries import PlaceStanding
from offboarding.verification.rules import Now
from offboarding.web.cards import ActCard, TagCard
from offboarding.web.emergency.incident import Incident
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.states import tag_of, worst
from offboarding.work.rules import ENDED, State

TOLD = "emergency"


@dataclass(frozen=True, slots=True)
class LaneCard:
    name: str
    tag: TagCard
    says: str
    act: ActCard | None = None


@dataclass(frozen=True, slots=True)
class StuckRow:
    workspace: str
    says: str
    url: str


@dataclass(frozen=True, slots=True)
class ClockCard:
    """`runs`: it still counts, from `since`. `text` is how long it has been, to the second: "00:04:12"."""

    since: str
    text: str
    runs: bool
    says: str


def gone(places: Sequence[PlaceStanding]) -> list[PlaceStanding]:
    return [place for place in places if place.now is Now.VERIFIED]


def clock(seen: Incident) -> ClockCard:
    """From the press to the last workspace that was read again and found empty."""
    read = [place.at for place in gone(seen.places) if place.at]
    over = len(read) == len(seen.places)
    last = max(read, default=None)
    until, pressed = last if over and last else seen.clock.now, seen.emergency.at
    says = _("since the press; it stops when every workspace was read again")
    if over:
        says = _("from the press to the last workspace that was read again and found empty")
    elif last:
        says = _("since the press; the last workspace so far was found empty after %(span)s") % {
            "span": spelled(last - pressed)
        }
    return ClockCard(pressed.isoformat(timespec="seconds"), spelled(until - pressed), not over, says)


def spelled(span: timedelta) -> str:
    """ "00:04:12"; days count as hours."""
    total = max(0, int(span.total_seconds()))
    return f"{total // 3600:02}:{total // 60 % 60:02}:{total % 60:02}"


def lanes(seen: Incident) -> tuple[LaneCard, ...]:
    at_once = (segment(seen), provider(seen), tokens(seen), keys(seen), told(seen))
    return (*at_once, client_notice(seen), checklist(seen), reviews(seen))


def segment(seen: Incident) -> LaneCard:
    empty = len(gone(seen.places))
    total = len(seen.places)
    stuck = sum(place.now is Now.NEEDS_PERSON for place in seen.places)
    words = {"n": empty, "all": total, "stuck": stuck}
    says = _("%(n)d of %(all)d workspaces read again and found empty") % words
    if stuck:
        says = _("%(n)d of %(all)d workspaces read again and found empty; %(stuck)d could not be") % words
    state = "verified" if empty == total else "needs_person" if stuck else "running"
    return LaneCard(_("Segment"), TagCard(state, _("Gone") if empty == total else ""), says)


def by_codes(seen: Incident, *codes: str) -> list[Run]:
    return [run for run in seen.runs if run.item.code in codes]


def by_hand(seen: Incident, name: str, says: str, *codes: str) -> LaneCard:
    runs = by_codes(seen, *codes)
    open_ = [run for run in runs if State(run.state) not in ENDED]
    first = next(iter(open_ or runs), None)
    if first is None:
        return LaneCard(name, TagCard("not_needed"), says)
    link = ActCard(_("Open %(step)s") % {"step": seen.step_name(first)}, seen.step_url(first), "link")
    count = _("%(done)d of %(all)d steps done. %(says)s") % {
        "done": len(runs) - len(open_),
        "all": len(runs),
        "says": says,
    }
    return LaneCard(name, worst([tag_of(run) for run in runs]), count, link)


def provider(seen: Incident) -> LaneCard:
    says = _("By hand: disable the account at the identity provider. Segment does not wait for it.")
    return by_hand(seen, _("Identity provider"), says, "provider-off")


def tokens(seen: Incident) -> LaneCard:
    says = _("By hand: Segment's API does not list tokens.")
    return by_hand(seen, _("Tokens"), says, "list-tokens", "remove-tokens")


def client_notice(seen: Incident) -> LaneCard:
    says = _("A decision with its reasons: was data touched, and has the client to be told?")
    return by_hand(seen, _("Client notice"), says, "client-told")


def checklist(seen: Incident) -> LaneCard:
    """All that is owed behind it, also what only became known afterwards."""
    left = [run for run in seen.runs if State(run.state) not in ENDED]
    words = {"n": len(seen.runs) - len(left), "all": len(seen.runs)}
    says = _("%(n)d of %(all)d steps done") % words
    state = worst([tag_of(run) for run in left]) if left else TagCard("done")
    return LaneCard(
        _("Checklist"), state, says, ActCard(_("Open the checklist"), f"{seen.shown.url}checklist/", "link")
    )


def keys(seen: Incident) -> LaneCard:
    """Everything that changes a key or a login: queued, let go, done.

    A workspace counts as still read until what its read brought to light stands on the checklist.
    """
    runs = [run for run in seen.runs if run.item.step in QUEUED_STEPS]
    waiting, mine = queued(seen), may_let_go(seen)
    followed = {place for each in seen.emergencies for place in each.followed}
    done = sum(State(run.state) in ENDED for run in runs)
    looks = [
        run
        for run in by_codes(seen, "read-reach")
        if State(run.state) not in ENDED
        or (run.state == State.DONE and str(run.item.workspace_id) not in followed)
    ]
    unread = sum(run.state == State.NEEDS_PERSON for run in looks)
    reading = len(looks) - unread
    says = ngettext("%(done)d of %(n)d changed", "%(done)d of %(n)d changed", len(runs)) % {
        "done": done,
        "n": len(runs),
    }
    if reading:
        more = ngettext("%(n)d workspace is still read", "%(n)d workspaces are still read", reading) % {
            "n": reading
        }
        says = f"{says}; {more}"
    if unread:
        more = ngettext("%(n)d workspace could not be read", "%(n)d workspaces could not be read", unread) % {
            "n": unread
        }
        says = f"{says}; {more}"
    if waiting:
        more = ngettext(
            "%(n)d waits for your second press", "%(n)d wait for your second press", len(waiting)
        ) % {"n": len(waiting)}
        act = ActCard(_("Change keys and logins"), f"{seen.url}keys/", "main") if mine else None
        return LaneCard(_("Keys and logins"), TagCard("needs_person", _("Queued")), f"{says}; {more}", act)
    state = worst([tag_of(run) for run in runs]) if runs else TagCard("running" if reading else "not_needed")
    return LaneCard(_("Keys and logins"), state, says if runs or reading else _("None were in reach"))


def queued(seen: Incident) -> list[Run]:
    waiting = [
        run
        for run in seen.runs
        if run.item.step in QUEUED_STEPS and run.state == State.WAITING and run.not_before is None
    ]
    return [run for run in waiting if (run.item.plan_id, run.item.number) not in seen.let_go]


def may_let_go(seen: Incident) -> list[Overview]:
    """Of its requests, those whose keys this reader may let be changed now."""
    running = [view for view in seen.views if view.stage is Stage.RUNNING]
    return [view for view in running if seen.scope.covers(view.clients, *RELEASES)]


def told(seen: Incident) -> LaneCard:
    mails = [mail for mail in mails_about(*seen.references) if mail.kind == TOLD]
    sent = [mail for mail in mails if mail.sent_at]
    names = ", ".join(dict.fromkeys(mail.recipient.name for mail in mails))
    if not mails:
        return LaneCard(_("Told"), TagCard("waiting"), _("The notices are being written."))
    state = "done" if len(sent) == len(mails) else "running"
    says = _("%(sent)d of %(all)d notices sent: %(names)s") % {
        "sent": len(sent),
        "all": len(mails),
        "names": names,
    }
    return LaneCard(_("Told"), TagCard(state, _("Sent") if state == "done" else _("On their way")), says)


def reviews(seen: Incident) -> LaneCard:
    """Each client's own people look at theirs. Over several clients: how many are done, and the next that is this reader's."""
    if len(seen.emergencies) == 1:
        return reviewed(seen, seen.emergencies[0])
    waiting = [each for each in seen.emergencies if not getattr(each, "review", None)]
    total = len(seen.emergencies)
    if not waiting:
        return all_reviewed(seen)
    words = {"done": total - len(waiting), "all": total, "when": seen.clock.says(waiting[0].review_due_at)}
    says = _("%(done)d of %(all)d reviewed. A second person looks at each client's by %(when)s.") % words
    mine = next((each for each in waiting if may_review(seen, each)), None)
    act = review_act(mine) if mine else None
    late = waiting[0].review_due_at < seen.clock.now
    return LaneCard(_("Review"), TagCard("late") if late else TagCard("needs_person"), says, act)


def all_reviewed(seen: Incident) -> LaneCard:
    objections = [each for each in seen.emergencies if each.review.verdict != Verdict.CONFIRM]
    if not objections:
        says = _("All %(n)d reviewed and confirmed") % {"n": len(seen.emergencies)}
        return LaneCard(_("Review"), TagCard("approved", _("Confirmed")), says)
    named = ", ".join(each.removal.reference for each in objections)
    says = _("All reviewed; objection to %(names)s") % {"names": named}
    return LaneCard(_("Review"), TagCard("rejected", _("Objection")), says)


def review_act(emergency: Emergency) -> ActCard:
    number = emergency.removal.number
    words = {"reference": emergency.removal.reference}
    return ActCard(_("Review %(reference)s") % words, reverse("emergency_review", args=[number]))


def reviewed(seen: Incident, emergency: Emergency) -> LaneCard:
    if review := getattr(emergency, "review", None):
        agreed = review.verdict == Verdict.CONFIRM
        says = _("%(who)s, %(when)s: %(note)s") % {
            "who": review.reviewer.name,
            "when": seen.clock.says(review.at),
            "note": review.note,
        }
        tag = TagCard("approved", _("Confirmed")) if agreed else TagCard("rejected", _("Objection"))
        return LaneCard(_("Review"), tag, says)
    late = emergency.review_due_at < seen.clock.now
    says = _("A second person looks at it by %(when)s. It does not close before that.") % {
        "when": seen.clock.says(emergency.review_due_at)
    }
    act = ActCard(_("Review"), f"{seen.url}review/") if may_review(seen, emergency) else None
    return LaneCard(_("Review"), TagCard("late") if late else TagCard("needs_person"), says, act)


def may_review(seen: Incident, emergency: Emergency) -> bool:
    return not refuses_review(seen.scope, emergency)


# What takes access away, and what reads whether it is gone.
DECIDES = ("segment.contain", "verify.place")


def stuck(seen: Incident) -> tuple[StuckRow, ...]:
    """Failed first: where access may still be there, and why."""
    return tuple(
        StuckRow(place.workspace, run.sentence, seen.step_url(run))
        for place in seen.places
        for run in [next(filter(stopped, place.runs), None)]
        if run
    )


def stopped(run: Run) -> bool:
    return run.state == State.NEEDS_PERSON and not run.manual and not run.item.at and run.item.step in DECIDES


def status_text(seen: Incident, lanes: Sequence[LaneCard]) -> str:
    """For the incident's channel: what stands now, in plain lines, with the time that it was true."""
    emergency = seen.emergency
    words: dict[str, Any] = {
        "incident": emergency.incident,
        "reference": ", ".join(seen.references),
        "who": emergency.removal.email,
        "now": utc(seen.clock.now),
        "at": utc(emergency.at),
        "by": emergency.released_by.name,
    }
    head = _("%(incident)s, %(reference)s: emergency removal of %(who)s. As of %(now)s.") % words
    begun = _("Released by %(by)s at %(at)s, without an approval beforehand.") % words
    return "\n".join([head, begun, *(f"- {lane.name}: {lane.tag.word}. {lane.says}" for lane in lanes)])


def utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
