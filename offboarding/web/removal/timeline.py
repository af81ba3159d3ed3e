"""The ledger's entries about one request and Segment's own audit events, as a story: newest day first, the calls folded
under their step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.trail.rules import By
from offboarding.verification.traced import FoundEvent
from offboarding.web.cards import DayCard, EntryCard, TagCard
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.states import listed
from offboarding.web.trail.cards import WHO

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Facts = dict[str, Any]
# What a call brings is told where its step ends; a step whose turn comes is told together with its neighbours.
CALLS = (Event.CALL_INTENDED, Event.CALL_CLOSED)
ENDINGS = (
    Event.ITEM_DONE,
    Event.ITEM_MOVED,
    Event.ITEM_SKIPPED,
    Event.ITEM_SIGNED_OFF,
    Event.ITEM_TAKEN_OVER,
)


@dataclass(frozen=True, slots=True)
class Told:
    """One entry, read."""

    seq: int
    at: datetime
    event: Event
    app: bool
    actor: str
    facts: Facts


@dataclass(slots=True)
class Story:
    """What goes on while the entries are walked through, oldest first."""

    calls: dict[int, list[str]] = field(default_factory=dict)
    intents: dict[tuple[int, int], str] = field(default_factory=dict)
    cards: list[tuple[Told, EntryCard]] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TimelineCard:
    days: tuple[DayCard, ...]
    failure: str  # the id of the newest entry that tells of a failure


def timeline(
    entries: Iterable[Entry], url: str, clock: Clock, events: Iterable[FoundEvent] = ()
) -> TimelineCard:
    """`events`: what Segment's audit trail tells of the removal itself, each at its own time."""
    story = Story()
    for entry in entries:
        tell(story, read(entry), url, clock)
    cards = [(told.at, card) for told, card in story.cards]
    cards += [(each.at, of_segment(each, clock)) for each in events]
    newest = sorted(cards, key=itemgetter(0))[::-1]
    by_day = groupby(newest, key=lambda pair: pair[0].astimezone(clock.zone).date())
    days = tuple(DayCard(day_title(day, clock), tuple(card for _at, card in pairs)) for day, pairs in by_day)
    failed = (card.id for _at, card in newest if card.tag and card.tag.state == "failed")
    return TimelineCard(days, next(failed, ""))


def of_segment(event: FoundEvent, clock: Clock) -> EntryCard:
    words = {
        "type": event.facts["type"],
        "what": event.facts["what"] or _("nothing named"),
        "place": event.workspace,
        "who": WHO[By(event.facts["by"])],
    }
    return EntryCard(
        kind="segment",
        actor="Segment",
        text=_("tells of “%(type)s” in %(place)s, by %(who)s: %(what)s") % words,
        time=clock.time(event.at, seconds=True, day=False),
        id=f"event-{event.number}",
    )


def read(entry: Entry) -> Told:
    body = canonical.loads(bytes(entry.body))
    names = {each.name: each.value for each in entry.personal.all()}
    return Told(
        seq=entry.seq,
        at=entry.at,
        event=Event(entry.event),
        app=entry.actor_kind != "user",
        actor=names.get("actor", _("Somebody whose name was erased")),
        facts={"subject": "", **names, **body["facts"]},
    )


def day_title(day: date, clock: Clock) -> str:
    today = clock.now.astimezone(clock.zone).date()
    words = date_format(day, "l j F Y")
    return _("Today, %(day)s") % {"day": words} if day == today else words


def tell(story: Story, told: Told, url: str, clock: Clock) -> None:
    item = int(told.facts.get("item", 0) or 0)
    if told.event in CALLS:
        return call(story, told, item, clock)
    if repeats(told):
        return
    if begins(told):
        story.begun.append(item)
        if len(story.begun) > 1:
            story.cards.pop()
        story.cards.append((told, card(told, began(story.begun), "", (), clock)))
        return
    story.begun.clear()
    calls = tuple(story.calls.pop(item, ())) if told.event in ENDINGS else ()
    link = f"{url}steps/{item}/" if item else ""
    story.cards.append((told, card(told, sentence(told), link, calls, clock)))


def repeats(told: Told) -> bool:
    """True for what the entry beside it says in better words: the sentence of a stage, a read that ends its step."""
    absent = told.event is Event.FINDING_RECORDED and told.facts.get("seen") == "absent"
    return absent or told.event in (Event.REMOVAL_MOVED, Event.APPROVAL_ASKED)


def begins(told: Told) -> bool:
    return (
        told.event is Event.ITEM_MOVED
        and told.app
        and told.facts.get("to") in ("ready", "needs_person")
        and ("cause" not in told.facts)
    )


def began(numbers: Sequence[int]) -> str:
    return ngettext("let step %(numbers)s begin", "let steps %(numbers)s begin", len(numbers)) % {
        "numbers": listed(list(dict.fromkeys(numbers)))
    }


def call(story: Story, told: Told, item: int, clock: Clock) -> None:
    key = (item, int(told.facts.get("attempt", 0)))
    if told.event is Event.CALL_INTENDED:
        story.intents[key] = str(told.facts.get("intent", ""))
        return
    line = _("%(at)s  %(intent)s: %(says)s (%(result)s)") % {
        "at": clock.short(told.at),
        "intent": story.intents.pop(key, _("Call")),
        "says": told.facts.get("says", ""),
        "result": told.facts.get("result", ""),
    }
    story.calls.setdefault(item, []).append(line)


def card(told: Told, text: str, url: str, calls: tuple[str, ...], clock: Clock) -> EntryCard:
    shown = tag(told)
    return EntryCard(
        kind="app" if told.app else "person",
        actor=told.actor,
        text=text,
        time=clock.time(told.at, seconds=True, day=False),
        tag=shown,
        calls=calls,
        id=f"entry-{told.seq}",
        url=url if shown and shown.state == "failed" else "",
    )


def tag(told: Told) -> TagCard | None:
    facts = told.facts
    if told.event is Event.ITEM_DONE:
        return TagCard("done", _("Done")) if facts.get("ended") == "nothing to do" else TagCard("verified")
    if told.event is Event.ITEM_MOVED and facts.get("cause", "") not in ("", "manual", "login-wanted"):
        return TagCard("failed", _("Needs a person"))
    if told.event is Event.FINDING_RECORDED and facts.get("came_back"):
        return TagCard("failed", _("Came back"))
    if told.event is Event.DECISION_REFUSED:
        return TagCard("failed", _("Refused"))
    return SIMPLE_TAGS.get(told.event)


SIMPLE_TAGS = {
    Event.ITEM_SKIPPED: TagCard("skipped"),
    Event.REMOVAL_CLOSED: TagCard("closed"),
    Event.PLAN_APPROVED: TagCard("approved"),
    Event.PLAN_REJECTED: TagCard("rejected"),
    Event.APPROVAL_EXPIRED: TagCard("expired"),
    Event.EMERGENCY_RELEASED: TagCard("emergency"),
    Event.APPROVAL_FELL: TagCard("failed", lazy("Approval fell")),
    Event.MESSAGE_FAILED: TagCard("failed"),
    Event.MESSAGE_NOT_WRITTEN: TagCard("failed"),
    Event.MESSAGE_IN_DOUBT: TagCard("waiting", lazy("Not known")),
    Event.LETTER_FAILED: TagCard("failed"),
    Event.LETTER_IN_DOUBT: TagCard("waiting", lazy("Not known")),
}
LETTERS = {
    "confirmation": lazy("the confirmation to the lead"),
    "client": lazy("the letter to the client"),
    "collaborator": lazy("the notice to the collaborator"),
    "provider": lazy("the notice to the identity provider's team"),
    "security": lazy("the notice to security"),
    "contract": lazy("the notice to the contract's owner"),
}


def letter(words: StrOrPromise) -> Callable[[Facts], str]:
    """The act, with the letter and what is said about it filled in."""
    return lambda facts: (
        str(words)
        % {
            "letter": LETTERS.get(str(facts.get("kind")), ""),
            "says": facts.get("says", ""),
            "word": facts.get("word", ""),
        }
    )


def sentence(told: Told) -> str:
    """What happened, after the actor's name. A step's title stands in the ledger as it was."""
    facts = told.facts
    if told.event is Event.ITEM_MOVED:
        return moved(facts)
    if words := WORDS.get(told.event):
        return words(facts)
    return told.event.value


def step(facts: Facts) -> str:
    return _("step %(number)s, %(title)s") % {
        "number": facts.get("item", ""),
        "title": facts.get("title", ""),
    }


def moved(facts: Facts) -> str:
    if "assigned_to" in facts:
        words = (
            _("handed %(step)s to somebody")
            if facts["assigned_to"]
            else _("took back the hand-over of %(step)s")
        )
        return words % {"step": step(facts)}
    if says := facts.get("says"):
        return _("stopped at %(step)s: %(says)s") % {"step": step(facts), "says": says}
    return _("moved %(step)s on to “%(to)s”") % {
        "step": step(facts),
        "to": str(facts.get("to", "")).replace("_", " "),
    }


def finding(facts: Facts) -> str:
    return _("read %(workspace)s again: %(says)s") % {"workspace": facts["workspace"], "says": facts["says"]}


def with_note(text: str, facts: Facts) -> str:
    return f"{text}: {facts['note']}" if facts.get("note") else text


def decided(text: str) -> Callable[[Facts], str]:
    return lambda facts: with_note(text % {"version": facts.get("version", "")}, facts)


WORDS: dict[Event, Callable[[Facts], str]] = {
    Event.REMOVAL_DRAFTED: lambda facts: _("began a draft"),
    Event.REMOVAL_FILED: lambda facts: (
        _("filed the emergency") if facts.get("emergency") else _("sent the request for approval")
    ),
    Event.REMOVAL_CHANGED: lambda facts: _("changed what should happen"),
    Event.REMOVAL_WITHDRAWN: lambda facts: _("withdrew the request: %(reason)s") % facts,
    Event.REMOVAL_PAUSED: lambda facts: _("paused the work: %(reason)s") % facts,
    Event.REMOVAL_RESUMED: lambda facts: _("let the work go on"),
    Event.REST_CANCELLED: lambda facts: _("cancelled what had not run yet: %(reason)s") % facts,
    Event.REMOVAL_CLOSED: lambda facts: _("closed the request: everything in scope has ended"),
    Event.ATTACHMENT_ADDED: lambda facts: _("attached a file to the request"),
    Event.ATTACHMENT_WITHDRAWN: lambda facts: (
        _("took a file off the request: %(why)s") % facts
        if facts.get("why")
        else _("took a file off the draft")
    ),
    Event.PLAN_FROZEN: lambda facts: _("froze version %(version)s of the plan, %(items)s steps") % facts,
    Event.PLAN_APPROVED: lambda facts: decided(_("approved version %(version)s of the plan"))(facts),
    Event.PLAN_REJECTED: lambda facts: decided(_("rejected version %(version)s of the plan"))(facts),
    Event.QUESTION_ASKED: lambda facts: decided(_("asked about version %(version)s of the plan"))(facts),
    Event.QUESTION_ANSWERED: lambda facts: _("answered: %(answer)s") % facts,
    Event.APPROVAL_ASKED: lambda facts: _("asked for approval of version %(version)s of the plan") % facts,
    Event.APPROVAL_REMINDED: lambda facts: _("reminded those whose turn it is to decide"),
    Event.APPROVAL_ESCALATED: lambda facts: _("told others that nobody has decided yet"),
    Event.APPROVAL_EXPIRED: lambda facts: (
        _("ended the request for approval of version %(version)s: nobody decided in time") % facts
    ),
    Event.APPROVAL_FELL: lambda facts: _("found that an approval no longer stands: %(says)s") % facts,
    Event.APPROVAL_STANDS_AGAIN: lambda facts: _("gave the approval that was missing; the work goes on"),
    Event.DECISION_REFUSED: lambda facts: _("tried to decide; it was not recorded (%(why)s)") % facts,
    Event.EMERGENCY_ASKED: lambda facts: _("asked a second person to confirm an emergency"),
    Event.EMERGENCY_RELEASED: lambda facts: (
        _("released it at once, without an approval, for %(incident)s") % facts
    ),
    Event.ROTATION_RELEASED: lambda facts: (
        ngettext(
            "let %(n)d change of a key or login begin",
            "let %(n)d changes of keys and logins begin",
            len(facts["items"]),
        )
        % {"n": len(facts["items"])}
    ),
    Event.EMERGENCY_REVIEW_DUE: lambda facts: (
        _("says that the review is overdue") if facts["overdue"] else _("reminds of the review")
    ),
    Event.EMERGENCY_REVIEWED: lambda facts: with_note(
        _("confirmed the emergency afterwards")
        if facts["verdict"] == "confirm"
        else _("objected to the emergency"),
        facts,
    ),
    Event.VOLUME_REACHED: lambda facts: _("was the first of two: %(says)s") % facts,
    Event.ITEMS_STARTED: lambda facts: _("began the work on %(items)s steps") % facts,
    Event.ITEM_DONE: lambda facts: (
        _("finished %(step)s: %(says)s") % {"step": step(facts), "says": facts["says"]}
    ),
    Event.ITEM_SKIPPED: lambda facts: (
        _("skipped %(step)s: %(why)s") % {"step": step(facts), "why": facts["reason"]}
    ),
    Event.ITEM_RETRIED: lambda facts: _("had %(step)s tried again") % {"step": step(facts)},
    Event.ITEM_TAKEN_OVER: lambda facts: _("took over %(step)s to do it by hand") % {"step": step(facts)},
    Event.ITEM_SIGNED_OFF: lambda facts: with_note(_("signed off %(step)s") % {"step": step(facts)}, facts),
    Event.SIGN_OFF_UNDONE: lambda facts: _("took back the sign-off of %(step)s") % {"step": step(facts)},
    Event.ITEM_ADDED: lambda facts: _("added %(step)s") % {"step": step(facts)},
    Event.SECRET_KEPT: lambda facts: _("keeps a new secret of %(step)s, sealed") % {"step": step(facts)},
    Event.SECRET_REVEALED: lambda facts: _("saw the new secret of %(step)s, once") % {"step": step(facts)},
    Event.SECRET_FORGOTTEN: lambda facts: _("forgot the secret of %(step)s") % {"step": step(facts)},
    Event.KEY_ADOPTED: lambda facts: (
        _("took the key that appeared for the one of %(step)s") % {"step": step(facts)}
    ),
    Event.OLD_TOKEN_DEAD: lambda facts: (
        _("tried an old token at %(step)s: Segment refuses it") % {"step": step(facts)}
    ),
    Event.OLD_TOKEN_ALIVE: lambda facts: (
        _("tried an old token at %(step)s: Segment still accepts it") % {"step": step(facts)}
    ),
    Event.DELIVERY_MEASURED: lambda facts: _("measured what arrives: %(says)s") % facts,
    Event.DELIVERY_FELL: lambda facts: _("found that less arrives: %(says)s") % facts,
    Event.PROOF_ADDED: lambda facts: _("attached a file to %(step)s") % {"step": step(facts)},
    Event.PROOF_WITHDRAWN: lambda facts: _("took a file back from %(step)s") % {"step": step(facts)},
    Event.PACKET_PURGED: lambda facts: _("deleted version %(version)s of the packet for good") % facts,
    Event.HOLD_PUT_ON: lambda facts: _("put it on legal hold: %(why)s") % facts,
    Event.HOLD_LIFTED: lambda facts: _("lifted the legal hold: %(why)s") % facts,
    Event.FINDING_RECORDED: finding,
    Event.TRAIL_TOLD_LATER: lambda facts: (
        ngettext(
            "found %(n)d event of the removal in %(workspace)s that came late: %(says)s",
            "found %(n)d events of the removal in %(workspace)s that came late: %(says)s",
            facts["events"],
        )
        % {"n": facts["events"], "workspace": facts["workspace"], "says": facts["says"]}
    ),
    Event.PACKET_ORDERED: lambda facts: _("ordered version %(version)s of the evidence packet") % facts,
    Event.PACKET_SEALED: lambda facts: _("sealed version %(version)s of the evidence packet") % facts,
    Event.COPY_ORDERED: lambda facts: (
        _("asked for the part of %(client)s of version %(version)s of the evidence packet") % facts
        if facts.get("client")
        else _("asked for a redacted copy of version %(version)s of the evidence packet") % facts
    ),
    Event.COPY_MADE: lambda facts: (
        _("made the part of %(client)s of version %(version)s of the evidence packet") % facts
        if facts.get("client")
        else _("made a redacted copy of version %(version)s of the evidence packet") % facts
    ),
    Event.SHARE_MADE: lambda facts: (
        _("shared version %(version)s of the evidence packet with one address outside") % facts
    ),
    Event.SHARE_CODE_ASKED: lambda _facts: _("asked for a code to open the shared packet"),
    Event.SHARE_CODE_REFUSED: lambda _facts: _("typed a wrong code for the shared packet"),
    Event.SHARE_OPENED: lambda _facts: _("opened the shared packet"),
    Event.SHARE_DOWNLOADED: lambda facts: _("downloaded the shared packet: %(part)s") % facts,
    Event.SHARE_ENDED: lambda facts: _("ended the share of the packet: %(because)s") % facts,
    Event.REMOVAL_READ: lambda _facts: _("opened the request as an auditor"),
    Event.PACKET_OPENED: lambda facts: _("opened version %(version)s of the evidence packet") % facts,
    Event.PACKET_DOWNLOADED: lambda facts: _("downloaded version %(version)s of the evidence packet") % facts,
    Event.EVIDENCE_DOWNLOADED: lambda facts: _("downloaded a file of evidence"),
    Event.MESSAGE_SENT: lambda facts: (
        _("sent a message: %(subject)s") % {"subject": facts.get("subject", "")}
    ),
    Event.MESSAGE_FAILED: lambda facts: (
        _("could not send a message: %(says)s") % {"says": facts.get("says", "")}
    ),
    Event.MESSAGE_IN_DOUBT: lambda facts: (
        _("does not know whether a message was sent: %(says)s") % {"says": facts.get("says", "")}
    ),
    Event.MESSAGE_SENT_AGAIN: lambda facts: _("asked to send a message again"),
    Event.MESSAGE_NOT_WRITTEN: lambda facts: _("could not write a message about an entry"),
    Event.LETTER_WRITTEN: letter(lazy("wrote %(letter)s")),
    Event.LETTER_CHANGED: letter(lazy("changed %(letter)s")),
    Event.LETTER_APPROVED: letter(lazy("approved the words of %(letter)s")),
    Event.LETTER_LAPSED: letter(lazy("found that the facts changed, so %(letter)s lapsed: %(says)s")),
    Event.LETTER_WITHDRAWN: letter(lazy("gave up %(letter)s: %(says)s")),
    Event.LETTER_RELEASED: letter(lazy("sent %(letter)s on its way")),
    Event.LETTER_DOCUMENT_MADE: letter(lazy("made the document of %(letter)s")),
    Event.LETTER_SENT: letter(lazy("handed %(letter)s to the mail server. %(says)s")),
    Event.LETTER_FAILED: letter(lazy("could not send %(letter)s: %(says)s")),
    Event.LETTER_IN_DOUBT: letter(lazy("does not know whether %(letter)s was sent: %(says)s")),
    Event.LETTER_SENT_AGAIN: letter(lazy("asked to send %(letter)s again")),
    Event.LETTER_ARRIVAL_NOTED: letter(lazy("noted of %(letter)s: %(word)s. %(says)s")),
}
