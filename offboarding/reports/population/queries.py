"""The population of a period: requests with their clocks, people who were forgotten, workspaces that stay in the dark.

The number of queries depends neither on how many requests there are nor on how many steps they have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from offboarding.approvals.models import Approval
from offboarding.checklist.models import Plan
from offboarding.checklist.rules import GIVING, Kind, Phase
from offboarding.connections.models import Workspace
from offboarding.directory.models import Client, Collaborator, Engagement
from offboarding.directory.queries import clients_in
from offboarding.directory.rules import Scope
from offboarding.execution.models import Run
from offboarding.execution.rules import Seen
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.addresses import fold
from offboarding.packets.models import Packet
from offboarding.removals.models import Place, RemovalRequest
from offboarding.removals.queries import beyond, removals_for
from offboarding.removals.rules import REASONS, Stage
from offboarding.reports.population.rules import BEFORE, Blind, Leaver, PlaceRow, Row, Wanted
from offboarding.reports.walls import as_reader
from offboarding.trail.models import Copy
from offboarding.trail.rules import LACKS, Lack
from offboarding.verification.models import Finding
from offboarding.verification.queries import tells_of_place
from offboarding.verification.rules import Doing, Told, gone_since
from offboarding.verification.rules import standing as place_standing
from offboarding.work.rules import State

TOGETHER = 500  # requests that are read with one set of queries
NEVER_FILED = (Stage.REJECTED, Stage.WITHDRAWN)


def clients_of(scope: Scope, wanted: Wanted) -> QuerySet[Client]:
    found = clients_in(as_reader(scope))
    return found if wanted.client is None else found.filter(pk=wanted.client)


def removals(scope: Scope, wanted: Wanted, zone: ZoneInfo) -> QuerySet[RemovalRequest]:
    """Filed requests whose access should have ended in the period, in the reader's zone; newest number first."""
    return asked_for(removals_for(as_reader(scope)), wanted, zone).order_by("-number")


def not_listed(scope: Scope, wanted: Wanted, zone: ZoneInfo) -> int:
    """How many more there are, which reach into clients that the reader may not read."""
    return asked_for(beyond(as_reader(scope)), wanted, zone).count()


def asked_for(found: QuerySet[RemovalRequest], wanted: Wanted, zone: ZoneInfo) -> QuerySet[RemovalRequest]:
    since, until = bounds(wanted, zone)
    found = found.filter(filed_at__isnull=False, starts_at__gte=since, starts_at__lt=until)
    if wanted.kind:
        codes = [reason.code for reason in REASONS.values() if reason.group == wanted.kind]
        found = found.filter(reason__in=codes)
    if wanted.client is not None:
        found = found.filter(
            pk__in=Place.objects.filter(workspace__client=wanted.client).values("removal_id")
        )
    return found


def bounds(wanted: Wanted, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment, and the first that is no longer in the period."""
    after = wanted.until + timedelta(days=1)
    return datetime.combine(wanted.since, time(), zone), datetime.combine(after, time(), zone)


def rows(found: QuerySet[RemovalRequest]) -> list[Row]:
    """All of them. Ten queries for every five hundred."""
    everything = list(found)
    parts = [everything[first : first + TOGETHER] for first in range(0, len(everything), TOGETHER)]
    return [row for part in parts for row in rows_of(part)]


def rows_of(removals: Sequence[RemovalRequest]) -> list[Row]:
    places, plans, told = places_of(removals), newest_plans(removals), findings_of(removals)
    doings, approvers, packets = doings_of(plans), approvers_of(plans), packets_of(removals)
    return [
        Row(
            number=each.number,
            person=each.person_name or each.email,
            addresses=tuple(each.addresses),
            kind=REASONS[each.reason].group,
            reason=each.reason_says,
            ticket=each.ticket,
            requester=each.requester.name,
            approvers=tuple(approvers[each.pk]),
            stage=Stage(each.stage),
            trigger=sure(each.starts_at),
            filed=sure(each.filed_at),
            approved=each.approved_at,
            closed=each.closed_at,
            due=sure(each.due_at),
            places=tuple(
                place_row(place, doings[each.pk, place.workspace_id], told[each.pk, place.workspace_id])
                for place in places[each.pk]
            ),
            packet=packets.get(each.pk, ""),
            emergency=each.emergency,
        )
        for each in removals
    ]


def sure(moment: datetime | None) -> datetime:
    assert moment, "a filed request has its times: the database keeps that"
    return moment


# What findings say of one place: what was seen, whether it came back, the sentence, whether weeks later, and when.
Found = tuple[Seen, bool, str, bool, datetime]


def place_row(place: Place, doings: Sequence[Doing], found: Sequence[Found]) -> PlaceRow:
    newest = Told(*found[-1][:4]) if found else None
    now, says = place_standing(place.choice, doings, newest)
    verified = now.name == "VERIFIED"
    return PlaceRow(
        workspace=place.workspace.name,
        client=place.workspace.client.name,
        environment=place.workspace.environment,
        choice=place.choice,
        now=now,
        says=says,
        gone_at=gone_since((each[0], each[4]) for each in found) if verified else None,
    )


def places_of(removals: Sequence[RemovalRequest]) -> dict[int, list[Place]]:
    by_removal: dict[int, list[Place]] = defaultdict(list)
    for place in Place.objects.filter(removal__in=removals).select_related("workspace__client"):
        by_removal[place.removal_id].append(place)
    return by_removal


def newest_plans(removals: Sequence[RemovalRequest]) -> list[int]:
    found = Plan.objects.filter(removal__in=removals).order_by("version")
    return list(dict(found.values_list("removal_id", "pk")).values())


def doings_of(plans: Sequence[int]) -> dict[tuple[int, int | None], list[Doing]]:
    """By request and workspace, the runs that say something of the place."""
    by_place: dict[tuple[int, int | None], list[Doing]] = defaultdict(list)
    names = ("item__plan__removal_id", "item__workspace_id", "item__kind", "item__phase", "item__step")
    found = Run.objects.filter(item__plan__in=plans).order_by("item__number")
    told = found.values_list(*names, "state", "ended", "sentence", "waiting_for")
    for removal, workspace, kind, phase, step, state, ended, sentence, waiting_for in told:
        if tells_of_place(kind, phase, step):
            by_place[removal, workspace].append(
                Doing(
                    verifies=kind == Kind.VERIFICATION,
                    follow_up=phase == Phase.FOLLOW_UP,
                    state=State(state),
                    ended=ended,
                    sentence=sentence,
                    waiting_for=waiting_for,
                    gives=phase in GIVING,
                    again=phase == Phase.RETURN,
                )
            )
    return by_place


def findings_of(removals: Sequence[RemovalRequest]) -> dict[tuple[int, int | None], list[Found]]:
    by_place: dict[tuple[int, int | None], list[Found]] = defaultdict(list)
    run = "attempt__run__item__"
    names = (f"{run}plan__removal_id", f"{run}workspace_id", "seen", "came_back", "says", f"{run}phase", "at")
    found = Finding.objects.filter(attempt__run__item__plan__removal__in=removals).order_by("pk")
    for removal, workspace, seen, back, says, phase, at in found.values_list(*names):
        by_place[removal, workspace].append((Seen(seen), back, says, phase == Phase.FOLLOW_UP, at))
    return by_place


def approvers_of(plans: Sequence[int]) -> dict[int, list[str]]:
    """Who said yes to the plan that is carried out, in their order. A yes that fell is none."""
    by_removal: dict[int, list[str]] = defaultdict(list)
    found = Approval.objects.filter(plan__in=plans, decision="approve", fell_at=None).order_by("pk")
    for removal, name in found.values_list("plan__removal_id", "approver__name"):
        if name not in by_removal[removal]:
            by_removal[removal].append(name)
    return by_removal


def packets_of(removals: Sequence[RemovalRequest]) -> dict[int, str]:
    found = Packet.objects.filter(removal__in=removals, state=State.DONE).order_by("version")
    return dict(found.values_list("removal_id", "sha256"))


# ---------------------------------------------------------------- who was forgotten


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody whose time with a client ended on this day, and how we know."""

    person: Collaborator
    engagement: Engagement
    on: date
    says: str


def leavers(scope: Scope, wanted: Wanted, zone: ZoneInfo, today: date) -> list[Leaver]:
    """People on rosters whose time ended in the period, and for whom no request was filed that could be about it.

    A request could be: it names one of their addresses and a workspace of that client, was not withdrawn or rejected,
    and begins no earlier than 90 days before their last day. Six queries.
    """
    clients = clients_of(scope, wanted)
    stay, filed = staying(clients, today), filed_for(clients, wanted)
    left = [*engagements_ended(clients, wanted, today), *taken_off(clients, wanted, zone)]
    return [
        Leaver(
            name=each.person.name,
            addresses=addresses(each.person),
            client=each.person.client.name,
            engagement=each.engagement.name,
            left_on=each.on,
            says=each.says,
        )
        for each in distinct(left)
        if each.person.pk not in stay
        and not scope.is_one_of(addresses(each.person))
        and not any(
            began >= each.on - BEFORE
            for one in addresses(each.person)
            for began in filed.get((each.person.client_id, fold(one)), ())
        )
    ]


def distinct(left: Iterable[Left]) -> list[Left]:
    """Each person once for each client, with the last day that we know of."""
    newest: dict[int, Left] = {}
    for each in sorted(left, key=lambda one: one.on):
        newest[each.person.pk] = each
    return sorted(newest.values(), key=lambda one: (one.on, one.person.name))


def addresses(person: Collaborator) -> tuple[str, ...]:
    """Also those that are not theirs any more: they may still open something."""
    return tuple(each.email for each in person.addresses.all())


def engagements_ended(clients: QuerySet[Client], wanted: Wanted, today: date) -> list[Left]:
    """Rosters of engagements whose last day has passed."""
    last = min(wanted.until, today - timedelta(days=1))
    found = Engagement.objects.filter(client__in=clients, ends_on__gte=wanted.since, ends_on__lte=last)
    return [
        Left(person, engagement, engagement.ends_on, "the engagement ended")
        for engagement in found.prefetch_related("roster__addresses", "roster__client")
        for person in engagement.roster.all()
        if engagement.ends_on and person.merged_into_id is None
    ]


def staying(clients: QuerySet[Client], today: date) -> set[int]:
    """Who goes on in an engagement of the client has not left, whichever other one ended."""
    goes_on = Q(ended_at=None) & (Q(ends_on=None) | Q(ends_on__gte=today))
    found = Engagement.objects.filter(goes_on, client__in=clients).values_list("roster", flat=True)
    return {pk for pk in found if pk is not None}


def taken_off(clients: QuerySet[Client], wanted: Wanted, zone: ZoneInfo) -> list[Left]:
    """People whom somebody took off a roster, as the ledger tells."""
    since, until = bounds(wanted, zone)
    told = Entry.objects.filter(event=Event.LEFT_ROSTER, at__gte=since, at__lt=until).order_by("seq")
    days = {person_in(bytes(body)): at.astimezone(zone).date() for body, at in told.values_list("body", "at")}
    found = Collaborator.objects.filter(pk__in=days, client__in=clients, merged_into=None)
    beside = found.select_related("client").prefetch_related("addresses")
    nowhere = Engagement(name="–")
    return [Left(person, nowhere, days[person.pk], "taken off the roster") for person in beside]


def person_in(body: bytes) -> int:
    return int(str(canonical.loads(body)["facts"].get("person", "")).partition(":")[2] or 0)


def filed_for(clients: QuerySet[Client], wanted: Wanted) -> dict[tuple[int, str], list[date]]:
    """By client and address, the days on which requests about them begin. Whatever its kind: access goes all the same."""
    earliest = datetime.combine(wanted.since - BEFORE - timedelta(days=2), time(), ZoneInfo("UTC"))
    found = Place.objects.filter(
        workspace__client__in=clients,
        removal__filed_at__isnull=False,
        removal__restores=None,
        removal__starts_at__gte=earliest,
    ).exclude(removal__stage__in=[stage.value for stage in NEVER_FILED])
    by_address: dict[tuple[int, str], list[date]] = defaultdict(list)
    names = ("workspace__client_id", "removal__addresses", "removal__starts_at")
    for client, emails, begins in found.values_list(*names):
        for email in emails:
            by_address[client, fold(email)].append(begins.date())
    return by_address


# ---------------------------------------------------------------- what stays in the dark


def workspaces_of(scope: Scope, wanted: Wanted) -> list[Workspace]:
    found = Workspace.objects.filter(client__in=clients_of(scope, wanted))
    return list(found.select_related("client"))


def blind(
    workspaces: Sequence[Workspace], copies: Mapping[int, Copy], since: datetime, until: datetime
) -> list[Blind]:
    """Workspaces whose removals could not be compared with the requests for all of the period, and why."""
    why = ((each, why_blind(copies.get(each.pk), since, until)) for each in workspaces)
    return [Blind(each.name, each.client.name, says) for each, says in why if says]


def why_blind(copy: Copy | None, since: datetime, until: datetime) -> str:
    """In a sentence without its end; empty where the copy of the audit trail holds the whole period."""
    reach = copy.reach if copy else None
    if reach and reach.covers(since, until):
        return ""
    lack = LACKS[Lack(copy.lack)].rstrip(".") if copy and copy.lack else ""
    if reach is None:
        return lack or "its audit trail was not copied yet"
    told = []
    if since < reach.since:
        told.append(f"nothing was copied before {reach.since:%Y-%m-%d}")
    told += [
        f"Segment had dropped {begun:%Y-%m-%d} to {ended:%Y-%m-%d} before it was copied"
        for begun, ended in reach.gaps
        if begun < until and since < ended
    ]
    if reach.until < until:
        told.append(f"nothing is copied after {reach.until:%Y-%m-%d %H:%M} UTC{': ' + lack if lack else ''}")
    return "; ".join(told)


def known_people(scope: Scope, wanted: Wanted) -> int:
    """How many people the rosters name, so that an empty directory is not taken for a clean one."""
    return Collaborator.objects.filter(client__in=clients_of(scope, wanted), merged_into=None).count()
