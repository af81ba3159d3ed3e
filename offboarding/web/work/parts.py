"""The parts of the work queue: what each role finds there. Rows of the database in, cards out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.approvals.models import Approval, PolicyVersion
from offboarding.approvals.rules import Decision
from offboarding.connections.models import Workspace
from offboarding.directory.models import Proposal
from offboarding.directory.words import title_of
from offboarding.emergencies.models import Ask, Emergency
from offboarding.execution.models import Run
from offboarding.letters.models import Letter
from offboarding.letters.rules import TITLES, Kind
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.verification.models import Finding
from offboarding.web.cards import ActCard, AttentionCard, AttentionRow, TagCard, WorkRowCard
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.states import blocked, tag_of

SHOWN = 20
DECIDED = {
    Decision.APPROVE: ("approved", ""),
    Decision.REJECT: ("rejected", ""),
    Decision.ASK: ("waiting", "asked"),
}


@dataclass(frozen=True, slots=True)
class PartCard:
    """One list of the queue. `needs`: its rows wait for this very person and count in the title."""

    id: str
    title: str
    rows: tuple[WorkRowCard, ...]
    needs: bool = False
    act: ActCard | None = None
    note: str = ""

    @property
    def shown(self) -> tuple[WorkRowCard, ...]:
        return self.rows[:SHOWN]

    @property
    def more(self) -> int:
        return max(0, len(self.rows) - SHOWN)


def counted(title: str, rows: Sequence[Any]) -> str:
    return f"{title} ({len(rows)})"


def who(removal: RemovalRequest) -> str:
    return removal.person_name or removal.email


def questions(found: Sequence[Approval], clock: Clock) -> PartCard:
    rows = tuple(question_row(each, clock) for each in found)
    return PartCard("questions", counted(_("Questions to answer"), rows), rows, needs=True)


def question_row(asked: Approval, clock: Clock) -> WorkRowCard:
    removal = asked.plan.removal
    url = reverse("removal_answer", args=[removal.number, asked.pk])
    name = _("%(who)s asks about %(person)s") % {"who": asked.approver.name, "person": who(removal)}
    return WorkRowCard(
        TagCard("needs_person", _("Question")),
        removal.reference,
        name,
        url,
        asked.note,
        clock.due(removal.due_at, removal.filed_at) if removal.due_at and removal.filed_at else None,
        ActCard(_("Answer"), url),
    )


def proposals(found: Sequence[PolicyVersion]) -> PartCard:
    rows = tuple(proposal_row(each) for each in found)
    return PartCard("proposals", counted(_("Changes of policy to decide"), rows), rows, needs=True)


def proposal_row(proposed: PolicyVersion) -> WorkRowCard:
    url = reverse("policy_proposal", args=[proposed.pk])
    facts = _("proposed by %(who)s: %(why)s") % {"who": proposed.proposed_by.name, "why": proposed.why}
    return WorkRowCard(
        TagCard("to_decide"), "", str(proposed.policy), url, facts, act=ActCard(_("Decide"), url)
    )


def people(found: Sequence[Proposal]) -> PartCard:
    rows = tuple(person_row(each) for each in found)
    return PartCard("people", counted(_("Changes of people to decide"), rows), rows, needs=True)


def person_row(proposed: Proposal) -> WorkRowCard:
    url = reverse("people_proposal", args=[proposed.pk])
    facts = _("proposed by %(who)s: %(why)s") % {"who": proposed.proposed_by.name, "why": proposed.why}
    return WorkRowCard(
        TagCard("to_decide"), "", title_of(proposed), url, facts, act=ActCard(_("Decide"), url)
    )


def drafts(found: Sequence[RemovalRequest], clock: Clock) -> PartCard:
    rows = tuple(draft_row(each, clock) for each in found)
    return PartCard("drafts", counted(_("Drafts"), rows), rows, needs=True)


def draft_row(removal: RemovalRequest, clock: Clock) -> WorkRowCard:
    url = reverse("draft", args=[removal.number])
    begun = _("begun %(when)s") % {"when": clock.says(removal.created_at)}
    return WorkRowCard(
        TagCard("draft"), removal.reference, who(removal), url, begun, act=ActCard(_("Go on"), url)
    )


def leaving(found: Sequence[dict[str, Any]], busy: set[str], clock: Clock) -> PartCard:
    """People whose engagement ends soon and for whom nothing was filed. `busy`: folded addresses with a request."""
    people: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        if row["email"] and row["email"].casefold() not in busy:
            people.setdefault(row["email"], []).append(row)
    rows = tuple(leaving_row(email, each, clock) for email, each in people.items())
    return PartCard("leaving", counted(_("Leaving soon"), rows), rows, needs=True)


def leaving_row(email: str, ends: Sequence[dict[str, Any]], clock: Clock) -> WorkRowCard:
    first = ends[0]
    clients = ", ".join(dict.fromkeys(row["client"] for row in ends))
    url = f"{reverse('file')}?{urlencode({'email': email, 'name': first['name']})}"
    days = (first["ends_on"] - clock.now.astimezone(clock.zone).date()).days
    facts = _("%(clients)s; ends %(day)s; nothing filed yet")
    return WorkRowCard(
        TagCard("due_soon", ending(days)),
        "",
        f"{first['name'] or email}",
        url,
        facts % {"clients": clients, "day": date_format(first["ends_on"], "j M")},
        act=ActCard(_("File"), url),
    )


def ending(days: int) -> str:
    if days < 0:
        return _("Has ended")
    return ngettext("Ends in %d day", "Ends in %d days", days) % days if days else _("Ends today")


def expired(found: Sequence[RemovalRequest], clock: Clock) -> PartCard:
    rows = tuple(expired_row(each, clock) for each in found)
    return PartCard("expired", counted(_("Not decided in time"), rows), rows, needs=True)


def expired_row(removal: RemovalRequest, clock: Clock) -> WorkRowCard:
    url = f"/requests/{removal.reference}/"
    return WorkRowCard(
        TagCard("expired"),
        removal.reference,
        who(removal),
        url,
        _("nobody decided; ask again, change it or withdraw it"),
        clock.due(removal.due_at, removal.filed_at) if removal.due_at and removal.filed_at else None,
        ActCard(_("Ask again"), f"{url}ask-again/", post=True),
    )


def letters(found: Sequence[Letter], clock: Clock) -> PartCard:
    """One row for each closed request that has letters which never went."""
    by_request: dict[int, list[Letter]] = {}
    for each in found:
        by_request.setdefault(each.removal_id, []).append(each)
    rows = tuple(letters_row(each, clock) for each in by_request.values())
    return PartCard("letters", counted(_("Letters not sent"), rows), rows, needs=True)


def letters_row(some: Sequence[Letter], clock: Clock) -> WorkRowCard:
    removal = some[0].removal
    url = reverse("messages", args=[removal.number])
    titles = "; ".join(f"{TITLES[Kind(each.kind)]} ({each.client.name})" for each in some)
    facts = _("%(titles)s. The request closed %(when)s: send each, or give it up with a reason.")
    when = clock.says(removal.closed_at) if removal.closed_at else ""
    return WorkRowCard(
        TagCard("draft"),
        removal.reference,
        who(removal),
        url,
        facts % {"titles": titles, "when": when},
        act=ActCard(_("Open messages"), url),
    )


def seconds(found: Sequence[Ask], clock: Clock, reader: int) -> PartCard:
    """Emergencies that wait for a second person, before anything is removed."""
    rows = tuple(second_row(each, clock) for each in found if each.asked_by_id != reader)
    return PartCard("seconds", counted(_("Confirm now"), rows), rows, needs=True)


def second_row(ask: Ask, clock: Clock) -> WorkRowCard:
    url = reverse("emergency_ask", args=[ask.pk])
    facts = _("%(who)s asks for a second person") % {"who": ask.asked_by.name}
    due = clock.due(ask.ends_at, ask.asked_at)
    return WorkRowCard(TagCard("emergency"), ask.incident, ask.person_name or ask.addresses[0], url, facts, due,
                       ActCard(_("Open"), url))  # fmt: skip


def reviews(found: Sequence[Emergency], clock: Clock) -> PartCard:
    """Emergencies that nobody has looked at afterwards."""
    rows = tuple(review_row(each, clock) for each in found)
    return PartCard("reviews", counted(_("Emergencies to review"), rows), rows, needs=True)


def review_row(emergency: Emergency, clock: Clock) -> WorkRowCard:
    removal = emergency.removal
    url = reverse("emergency_review", args=[removal.number])
    clients = dict.fromkeys(place.workspace.client.name for place in removal.places.all())
    words = {
        "incident": emergency.incident,
        "where": ", ".join(clients),
        "who": emergency.released_by.name,
    }
    facts = _("%(incident)s, %(where)s, released by %(who)s without an approval") % words
    due = clock.due(emergency.review_due_at, emergency.at)
    return WorkRowCard(
        TagCard("emergency"), removal.reference, who(removal), url, facts, due, ActCard(_("Review"), url)
    )


def to_decide(found: Sequence[RemovalRequest], clock: Clock) -> PartCard:
    rows = tuple(decide_row(each, clock) for each in found)
    return PartCard("to-decide", counted(_("To decide"), rows), rows, needs=True)


def decide_row(removal: RemovalRequest, clock: Clock) -> WorkRowCard:
    url = f"/requests/{removal.reference}/approve/"
    due = clock.due(removal.due_at, removal.filed_at) if removal.due_at and removal.filed_at else None
    impact = impact_of(list(removal.plans.all())[-1].data)
    asked = _("%(impact)s; asked by %(who)s") % {"impact": impact, "who": removal.requester.name}
    return WorkRowCard(
        TagCard("to_decide"), removal.reference, who(removal), url, asked, due, ActCard(_("Decide"), url)
    )


def impact_of(data: dict[str, Any]) -> str:
    """ "3 places, 1 as Owner", of what changes; what is kept is not counted."""
    changed = [place for place in data["places"] if place["choice"] != "keep"]
    owner = sum(bool(place["owner"]) for place in changed)
    places = ngettext("%d place", "%d places", len(changed)) % len(changed)
    if not owner:
        return places
    return _("%(places)s, %(owner)d as Owner") % {"places": places, "owner": owner}


def decided(found: Sequence[Approval], clock: Clock) -> PartCard:
    rows = tuple(decided_row(each, clock) for each in found)
    return PartCard("decided", _("Your last decisions"), rows)


def decided_row(made: Approval, clock: Clock) -> WorkRowCard:
    removal, (state, word) = made.plan.removal, DECIDED[Decision(made.decision)]
    tag = TagCard(state, _("Asked") if word else "")
    return WorkRowCard(
        tag, removal.reference, who(removal), f"/requests/{removal.reference}/", clock.says(made.at)
    )


def steps(found: Sequence[Run], clock: Clock) -> PartCard:
    ordered = sorted(found, key=lambda run: (run.item.due_at, not blocked(run)))
    rows = tuple(step_row(each, clock) for each in ordered)
    first = ActCard(_("Next step"), rows[0].url, "main") if rows else None
    return PartCard("steps", counted(_("Steps for you"), rows), rows, needs=True, act=first)


def step_row(run: Run, clock: Clock) -> WorkRowCard:
    removal, item = run.item.plan.removal, run.item
    url = f"/requests/{removal.reference}/steps/{item.number}/"
    place = item.workspace.name if item.workspace else who(removal)
    return WorkRowCard(
        tag_of(run),
        removal.reference,
        item.title,
        url,
        _("Step %(number)d, %(place)s") % {"number": item.number, "place": place},
        clock.due(item.due_at, removal.started_at or item.due_at - timedelta(days=1)),
        ActCard(_("Open step"), url),
    )


def waiting(found: Sequence[Run], clock: Clock) -> PartCard:
    rows = tuple(waiting_row(each, clock) for each in found)
    return PartCard("waiting", counted(_("Waiting for others"), rows), rows)


def waiting_row(run: Run, clock: Clock) -> WorkRowCard:
    removal, item = run.item.plan.removal, run.item
    when = clock.says(run.not_before) if run.not_before else ""
    facts = _("%(why)s; next check %(when)s")
    return WorkRowCard(
        TagCard("waiting"),
        removal.reference,
        item.title,
        f"/requests/{removal.reference}/steps/{item.number}/",
        facts % {"why": run.waiting_for or _("Waits"), "when": when},
    )


def exceptions(found: Sequence[Finding], clock: Clock) -> PartCard:
    rows = tuple(exception_row(each, clock) for each in found)
    return PartCard("exceptions", counted(_("Access came back"), rows), rows, needs=True)


def exception_row(finding: Finding, clock: Clock) -> WorkRowCard:
    run = finding.attempt.run
    removal, place = run.item.plan.removal, run.item.workspace
    new = f"{reverse('file')}?{urlencode({'email': removal.email, 'name': removal.person_name})}"
    name = _("%(who)s in %(place)s") % {"who": who(removal), "place": place.name if place else ""}
    facts = _("%(says)s; seen %(when)s") % {"says": finding.says, "when": clock.says(finding.at)}
    url = f"/requests/{removal.reference}/timeline/"
    act = ActCard(_("New request"), new)
    return WorkRowCard(TagCard("failed", _("Came back")), removal.reference, name, url, facts, act=act)


def requests(id: str, title: str, rows: tuple[WorkRowCard, ...]) -> PartCard:
    return PartCard(id, counted(title, rows), rows)


def packets(found: Sequence[Packet], clock: Clock) -> PartCard:
    rows = tuple(packet_row(each, clock) for each in found)
    return PartCard("packets", _("Newest packets"), rows)


def token_says(place: Workspace, clock: Clock) -> str:
    if place.refused_at:
        says = _("%(workspace)s: Segment refuses our token since %(when)s. An Owner makes a new one.")
        return says % {"workspace": place.name, "when": clock.says(place.refused_at)}
    days = (clock.now - place.token_set_at).days
    says = ngettext(
        "%(workspace)s: its token is %(n)d day old. An Owner makes a new one, and deletes this one.",
        "%(workspace)s: its token is %(n)d days old. An Owner makes a new one, and deletes this one.",
        days,
    )
    return says % {"workspace": place.name, "n": days}


def packet_row(packet: Packet, clock: Clock) -> WorkRowCard:
    removal, url = packet.removal, f"/evidence/{packet.removal.reference}/"
    items = ngettext("%d item of evidence", "%d items of evidence", packet.items) % packet.items
    sealed = clock.says(packet.sealed_at) if packet.sealed_at else ""
    facts = _("sealed %(when)s; %(items)s") % {"when": sealed, "items": items}
    tag = TagCard("closed", _("Sealed"))
    return WorkRowCard(tag, removal.reference, who(removal), url, facts, act=ActCard(_("Open packet"), url))


def tokens(found: Sequence[Workspace], clock: Clock) -> AttentionCard:
    rows = tuple(
        AttentionRow(
            token_says(each, clock),
            reverse("token", args=[each.pk]),
            _("Replace token"),
            "bad" if each.refused_at else "attention",
        )
        for each in found
    )
    title = ngettext("%d connection needs attention", "%d connections need attention", len(rows)) % len(rows)
    return AttentionCard(title, rows)
