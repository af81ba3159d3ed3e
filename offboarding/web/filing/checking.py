"""Cards of pages 3 and 4 and of the page after sending."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.approvals.queries import approvals_needed, approvers_for, rulings_to_be
from offboarding.approvals.rules import in_all
from offboarding.checklist.queries import found_places, newest_plan, playbook_of
from offboarding.checklist.risks import may_break, not_known
from offboarding.checklist.rules import Found, give_first
from offboarding.connections.queries import hours_of
from offboarding.directory.queries import all_addresses
from offboarding.directory.rules import Scope
from offboarding.discovery.holdings import words as words_of
from offboarding.discovery.queries import newest_looks
from offboarding.discovery.rules import Outcome
from offboarding.lib.addresses import distinct, fold
from offboarding.removals.adjusting import standing, usual_hours
from offboarding.removals.adjusting import within as reason_within
from offboarding.removals.catalogue import DUE, SUPPORT
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import attachments_of, open_beside, places_of
from offboarding.removals.rules import REASONS, Choice, Group, due_at
from offboarding.users.models import User
from offboarding.web.cards import ActCard, CodeCard, DueCard, FactCard, NoticeCard, OptionCard, TimeCard
from offboarding.web.filing.cards import already_notices
from offboarding.web.removal.risks import RiskLine, together
from offboarding.web.removal.told import typed

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

GROUPS: dict[Group, StrOrPromise] = {
    Group.COMPLETION: lazy("The work is done"),
    Group.SCOPE: lazy("The scope gets smaller"),
    Group.SECURITY: lazy("Security"),
    Group.ORGANISATION: lazy("Organisation"),
}


def reason_groups(picked: str) -> list[tuple[StrOrPromise, list[tuple[OptionCard, str]]]]:
    """The catalogue in its four groups: (heading, options), each with how soon access should be gone and what it does."""
    hours = standing(DUE).values
    return [
        (
            says,
            [
                (
                    OptionCard(each.code, each.says, each.code == picked, hint=within(hours[each.code])),
                    playbook_of(each.code).says,
                )
                for each in REASONS.values()
                if each.group is group
            ],
        )
        for group, says in GROUPS.items()
    ]


def within(hours: int) -> str:
    return ngettext("within %d hour", "within %d hours", hours) % hours


@dataclass(frozen=True, slots=True)
class CheckCard:
    facts: tuple[FactCard, ...]
    not_known: tuple[RiskLine, ...]
    may_break: tuple[RiskLine, ...]
    decides: StrOrPromise
    due: DueCard
    notices: tuple[NoticeCard, ...]
    version: int


def check_card(removal: RemovalRequest, scope: Scope, today: date, zone: tzinfo, now: datetime) -> CheckCard:
    places = found_places(removal)
    names = [place.workspace for place in places]
    approvers = approvers_for(removal, today)
    count = in_all(rulings_to_be(removal, places))
    starts = max(removal.starts_at or now, now)
    due = due_at(reason_within(removal.reason), starts)
    return CheckCard(
        facts=(*who_facts(removal), *place_facts(removal, places), *why_facts(removal, zone, now)),
        not_known=together(not_known(places), names),
        may_break=together(may_break(places, settings.KEY_GRACE_DAYS), names),
        decides=decides(approvers, count),
        due=DueCard.of(due, now, zone, now),
        notices=(
            *already_notices(open_beside(scope, removal)),
            *not_looked_for(removal, scope),
            *notices(removal, approvers, count, zone, now),
        ),
        version=removal.version,
    )


def who_facts(removal: RemovalRequest) -> tuple[FactCard, ...]:
    lines = (removal.person_name, *removal.going) if removal.person_name else removal.going
    url = reverse("draft", args=[removal.number])
    facts = [FactCard(_("Who"), lines, url)]
    if removal.stays:
        facts.append(FactCard(_("Stays"), removal.stays, url))
    if removal.machine:
        facts.append(FactCard(_("Service account of"), removal.owner, url))
        facts.append(FactCard(_("Runs with it"), removal.consumers, url))
    return tuple(facts)


def place_facts(removal: RemovalRequest, places: Sequence[Found]) -> list[FactCard]:
    url = reverse("draft_found", args=[removal.number])
    words = {
        Choice.REMOVE: _("Remove"),
        Choice.REDUCE: _("Take away only"),
        Choice.DOWNGRADE: _("Read-only"),
        Choice.KEEP: _("Keep"),
    }
    return [
        FactCard(label, tuple(place_line(place) for place in places if place.choice is choice), url)
        for choice, label in words.items()
        if any(place.choice is choice for place in places)
    ]


def place_line(place: Found) -> str:
    """ "Acme Production: Workspace Owner", and what was chosen for it."""
    facts = {"place": place.workspace, "held": place.seen.says().rstrip("."), "why": place.reason}
    if place.choice is Choice.DOWNGRADE and place.until:
        facts["until"] = date_format(place.until, "j M Y")
        return _("%(place)s, until %(until)s: %(held)s now") % facts
    if place.choice is Choice.REDUCE:
        words = {**facts, "goes": words_of(place.lost), "stays": words_of(place.kept) or _("nothing")}
        return _("%(place)s: %(goes)s. Stays: %(stays)s") % words
    if place.choice is Choice.KEEP:
        return _("%(place)s: %(held)s. Reason: %(why)s") % facts
    if first := give_first(place):
        return _("%(place)s: %(held)s. %(first)s") % {**facts, "first": first}
    if place.seen.outcome is Outcome.UNKNOWN:
        return _("%(place)s: not known what is there") % facts
    return _("%(place)s: %(held)s") % facts


def why_facts(removal: RemovalRequest, zone: tzinfo, now: datetime) -> list[FactCard]:
    url = reverse("draft_details", args=[removal.number])
    start = removal.starts_at
    when = TimeCard.of(start, zone, now) if start and start > now else _("As soon as it is approved")
    book = playbook_of(removal.reason, removal.machine)
    why = (removal.reason_says, book.says) if book.says else removal.reason_says
    facts = [FactCard(_("Why"), why, url), FactCard(_("When"), when, url)]
    names = tuple(each.evidence.name for each in attachments_of(removal))
    files = [FactCard(_("Attached"), names, url)] if names else []
    return [*facts, *typed(removal, url), *files]


def decides(approvers: Sequence[User], count: int) -> str:
    names = listed([user.name for user in approvers])
    if not approvers:
        return _("Nobody covers all clients of this request yet.")
    if count > 1:
        return _("Goes to %(names)s; %(count)d of them approve.") % {"names": names, "count": count}
    return _("Goes to %(names)s.") % {"names": names}


def listed(names: Sequence[str]) -> str:
    """ "Bob", "Bob or Li", "Bob, Li or Dev": any one of them may decide."""
    if len(names) < 2:
        return "".join(names)
    return _("%(first)s or %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


def notices(
    removal: RemovalRequest, approvers: Sequence[User], count: int, zone: tzinfo, now: datetime
) -> list[NoticeCard]:
    made = list(nobody_there(removal, zone, now))
    if len(approvers) < count:
        text = _(
            "An administrator gives somebody the role of approver for all these clients. You can send it now."
        )
        made.append(NoticeCard("attention", _("Too few approvers for this request"), text))
    places = [place.workspace for place in places_of(removal)]
    reading = sum(not look.ended for look in newest_looks(removal.person, places).values())
    if reading:
        says = (
            ngettext("%d workspace is still being read", "%d workspaces are still being read", reading)
            % reading
        )
        made.append(NoticeCard("info", says, _("The plan takes what is known at the moment you send it.")))
    return made


def not_looked_for(removal: RemovalRequest, scope: Scope) -> Iterator[NoticeCard]:
    """Addresses that the user's clients know the person by, and that are not in the request."""
    known = all_addresses(scope, removal.addresses).values()
    asked = {fold(each) for each in removal.addresses}
    others = distinct(one for addresses in known for one in addresses if fold(one) not in asked)
    if others:
        says = _("Also known as %(others)s") % {"others": ", ".join(others)}
        text = _(
            "Nobody looked for that. What it holds stays, unless you add it where you say who is leaving."
        )
        act = ActCard(_("Add an address"), reverse("draft", args=[removal.number]))
        yield NoticeCard("attention", says, text, act)


def nobody_there(removal: RemovalRequest, zone: tzinfo, now: datetime) -> Iterator[NoticeCard]:
    """Workspaces where nobody can help at the moment at which access would end."""
    starts = max(removal.starts_at or now, now)
    usual = standing(SUPPORT).values
    for place in places_of(removal):
        at = ZoneInfo(place.workspace.client.time_zone or settings.TIME_ZONE)
        hours = hours_of(place.workspace) or usual_hours(usual, at)
        if place.choice == Choice.KEEP or hours is None or hours.open_at(starts):
            continue
        when = TimeCard.of(hours.next_open(starts), zone, now).absolute
        says = _("Nobody at %(workspace)s can help when access ends") % {"workspace": place.workspace.name}
        text = _("Somebody is there again %(when)s. Choose that time, or go on.") % {"when": when}
        act = ActCard(_("Change the time"), reverse("draft_details", args=[removal.number]))
        yield NoticeCard("attention", says, text, act)


@dataclass(frozen=True, slots=True)
class SentCard:
    facts: tuple[FactCard, ...]
    next: tuple[str, ...]


def sent_card(removal: RemovalRequest, today: date, zone: tzinfo, now: datetime) -> SentCard:
    plan = newest_plan(removal)
    assert plan is not None
    assert removal.due_at is not None
    assert removal.filed_at is not None
    due = DueCard.of(removal.due_at, removal.filed_at, zone, now)
    facts = (
        FactCard(_("Number"), CodeCard(removal.reference, label=_("Number"))),
        FactCard(_("Approval"), decides(approvers_for(removal, today), approvals_needed(plan))),
        FactCard(_("Access gone by"), due),
        FactCard(
            _("Plan"), CodeCard.hash(plan.fingerprint), note=_("The decision is made on exactly this plan.")
        ),
    )
    return SentCard(facts, what_next(removal, zone, now))


def what_next(removal: RemovalRequest, zone: tzinfo, now: datetime) -> tuple[str, ...]:
    start = removal.starts_at
    begin = _("Then the work begins by itself.")
    if start and start > now:
        begin = _("The work begins by itself at %(when)s.") % {"when": TimeCard.of(start, zone, now).absolute}
    return (
        _("An approver reads the plan and decides. A question comes back to your work list."),
        begin,
        _("Every workspace is read again afterwards. A place counts as gone only when that read shows it."),
        _("When all is done, the evidence is sealed into one packet."),
    )
