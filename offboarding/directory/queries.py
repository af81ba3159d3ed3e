"""Who may see what, and who is who."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from offboarding.directory.models import Address, Client, Collaborator, Engagement, Membership
from offboarding.directory.rules import EVERYWHERE, Scope, Window
from offboarding.lib.addresses import distinct, fold
from offboarding.spelled import Asked
from offboarding.users.models import User
from offboarding.users.rules import Role


def is_listed() -> Exists:
    """Whether the directory knows the user of a membership as a person of some client."""
    own = Lower(OuterRef("user__email"))
    return Exists(Address.objects.annotate(folded=Lower("email")).filter(folded=own, retired_at=None))


def scope_of(user: User, today: date) -> Scope:
    return scopes_of([user], today)[user.pk]


def scopes_of(users: Iterable[User], today: date) -> dict[int, Scope]:
    """By user. One query, however many, and one more if the directory lists one of them; none for nobody."""
    asked = list(users)
    grants: dict[int, set[tuple[Role, int | None]]] = {user.pk: set() for user in asked if user.is_active}
    zones = {user.pk: ZoneInfo(user.time_zone or settings.TIME_ZONE) for user in asked}
    windows: dict[int, list[Window]] = {user.pk: [] for user in asked}
    parts: dict[int, set[tuple[Role, int, int]]] = {user.pk: set() for user in asked}
    listed = {user.pk for user in asked if user.former}
    found = held_by(asked[0].pk, today) if len(asked) == 1 else held(Q(user__in=asked), today)
    for user, role, client, engagement, since, until, known in found if grants else ():
        if user in grants:
            if engagement is None:
                grants[user].add((Role(role), client))
            else:
                parts[user].add((Role(role), client, engagement))
            listed |= {user} if known else set()
            if since or until:
                windows[user].append(window(client, since, until, zones[user]))
    scopes = {
        user.pk: Scope(
            user.pk,
            user.email,
            frozenset(grants.get(user.pk, ())),
            tuple(windows[user.pk]),
            parts=frozenset(parts[user.pk]),
        )
        for user in asked
    }
    others = known_as([user for user in asked if user.pk in listed], scopes)
    own = {user.pk: frozenset(map(fold, user.former or ())) for user in asked}
    return {
        pk: replace(scope, known_as=others.get(pk, frozenset()) | own[pk]) for pk, scope in scopes.items()
    }


def held(of: Q, today: date) -> QuerySet[Membership, Any]:
    """Roles of this day, as `scopes_of` reads them."""
    now = Q(starts_on=None) | Q(starts_on__lte=today), Q(ends_on=None) | Q(ends_on__gte=today)
    found = Membership.objects.filter(*now, of).annotate(listed=is_listed())
    found = found.filter(Q(engagement=None) | going_on(today))
    return found.values_list(
        "user_id", "role", "client_id", "engagement_id", "records_from", "records_until", "listed"
    )


# One user is asked for with each page, and in each step for whoever approved it.
@Asked
def held_by(user: int, today: date) -> QuerySet[Membership, Any]:
    return held(Q(user=user), today)


def going_on(today: date) -> Q:
    """Roles within an engagement that has not ended. Its last day counts."""
    last = Q(engagement__ends_on=None) | Q(engagement__ends_on__gte=today)
    return last & Q(engagement__isnull=False, engagement__ended_at=None)


def known_as(users: Collection[User], scopes: Mapping[int, Scope]) -> dict[int, frozenset[str]]:
    """What the clients that each works for know the same person by. Another client's word counts for nothing."""
    if not users:
        return {}
    theirs = Address.objects.annotate(folded=Lower("email")).filter(
        folded__in=[fold(each) for user in users for each in user.addresses], retired_at=None
    )
    found = Address.objects.filter(collaborator__in=theirs.values("collaborator"), retired_at=None)
    names = ("collaborator", "collaborator__client", "email")
    people: dict[tuple[int, int], set[str]] = {}
    for person, client, email in found.values_list(*names):
        people.setdefault((person, client), set()).add(fold(email))

    def others(user: User) -> frozenset[str]:
        own, near = set(map(fold, user.addresses)), scopes[user.pk].near()
        mine = (each for (_, at), each in people.items() if own & each and near & {at, EVERYWHERE})
        return frozenset[str]().union(*mine)

    return {user.pk: others(user) for user in users}


def window(client: int | None, since: date | None, until: date | None, zone: ZoneInfo) -> Window:
    """Both days count, where the auditor is: as in a report that they ask for themselves."""
    first = datetime.combine(since, time(), zone) if since else None
    after = datetime.combine(until + timedelta(days=1), time(), zone) if until else None
    return Window(client, first, after)


def people_holding(roles: Collection[Role], today: date) -> list[tuple[User, Scope]]:
    """Everybody who holds one of the roles for some client, with all that they hold; by name. Two queries."""
    wanted = [role.value for role in roles]
    found = (
        User.objects.filter(is_active=True, memberships__role__in=wanted).distinct().order_by("name", "pk")
    )
    users = list(found)
    scopes = scopes_of(users, today)
    return [(user, scopes[user.pk]) for user in users if scopes[user.pk].has(*roles)]


def clients_in(scope: Scope, *roles: Role) -> QuerySet[Client]:
    if scope.everywhere(*roles):
        return Client.objects.all()
    return Client.objects.filter(pk__in=scope.clients(*roles))


def years_of(client: Client) -> int:
    """For how many years records of this client are kept."""
    return client.retention_years or int(settings.RETENTION_YEARS)


def longest_keeping(clients: Iterable[Client]) -> Client:
    """Of several that share a record, the one whose years count."""
    return max(clients, key=years_of)


def other_addresses(scope: Scope, email: str) -> tuple[str, ...]:
    """What the user's own clients know this person by, besides `email`."""
    return tuple(
        each for each in all_addresses(scope, [email]).get(fold(email), ()) if fold(each) != fold(email)
    )


def all_addresses(scope: Scope, emails: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By folded address: all that the user's own clients know the same person by. What was retired is not theirs any more.

    One query, however many; none for nobody.
    """
    wanted = {fold(email) for email in emails}
    known = Address.objects.filter(collaborator__in=known_people(scope), retired_at=None)
    named = known.annotate(folded=Lower("email")).filter(folded__in=wanted)
    rows = known.filter(collaborator__in=named.values("collaborator")) if wanted else known.none()
    of: dict[int, list[str]] = {}
    for collaborator, email in rows.values_list("collaborator", "email"):
        of.setdefault(collaborator, []).append(email)
    found: dict[str, list[str]] = {}
    for everything in of.values():
        for one in wanted & set(map(fold, everything)):
            found.setdefault(one, []).extend(everything)
    return {one: distinct(everything) for one, everything in found.items()}


def addresses_of(client: Client) -> set[str]:
    """Every address of this client's collaborators, folded; also those that are not theirs any more. One query."""
    found = Address.objects.filter(collaborator__client=client)
    return {fold(email) for email in found.values_list("email", flat=True)}


def known_name(scope: Scope, email: str) -> str:
    found = addressed(scope, email).select_related("collaborator").first()
    return found.collaborator.name if found else ""


def addressed(scope: Scope, email: str) -> QuerySet[Address]:
    """This address, as the user's own clients know it."""
    return Address.objects.annotate(folded=Lower("email")).filter(
        folded=fold(email), retired_at=None, collaborator__in=known_people(scope)
    )


def people_with(role: Role, clients: frozenset[int], today: date) -> list[User]:
    """Users who hold the role for every one of the clients, by name."""
    return [user for user, scope in people_holding([role], today) if scope.covers(clients, role)]


def leads_of(client: Client, today: date, engagement: int | None = None) -> list[User]:
    """Who may lead an engagement: whoever files requests for the client now, or within it, by name. One query."""
    held = Membership.objects.filter(
        Q(client=client) | Q(client=None),
        Q(engagement=None) | Q(engagement=engagement),
        Q(starts_on=None) | Q(starts_on__lte=today),
        Q(ends_on=None) | Q(ends_on__gte=today),
        role__in=[Role.REQUESTER.value, Role.ADMINISTRATOR.value],
    )
    return list(User.objects.filter(is_active=True, pk__in=held.values("user")).order_by("name", "pk"))


def leads_around(addresses: Iterable[str], clients: frozenset[int]) -> list[User]:
    """Who leads the engagements, at these clients, that have the person on their roster; by name."""
    folded = {fold(address) for address in addresses}
    known = Address.objects.annotate(folded=Lower("email")).filter(folded__in=folded)
    found = Engagement.objects.filter(client__in=clients, roster__in=known.values("collaborator"))
    leads = User.objects.filter(is_active=True, pk__in=found.values("lead"))
    return list(leads.order_by("name"))


def ending(scope: Scope, until: date) -> QuerySet[Engagement]:
    """Engagements that end by `until`, or should have; the next first. For who looks after engagements."""
    roles = (Role.REQUESTER, Role.SECURITY, Role.ADMINISTRATOR)
    found = engagements_in(scope, *roles).filter(ended_at=None, ends_on__lte=until)
    return found.order_by("ends_on", "pk")


def leaving_soon(scope: Scope, until: date) -> list[dict[str, Any]]:
    """People on the rosters of engagements that end by `until`, soonest first.

    Who goes on in another engagement of the same client is not leaving.
    """
    goes_on = Q(ended_at=None) & (Q(ends_on=None) | Q(ends_on__gt=until))
    ending = (
        engagements_in(scope, Role.REQUESTER)
        .filter(ends_on__lte=until)
        .order_by("ends_on")
        .prefetch_related("roster__addresses")
    )
    clients = ending.order_by().values("client")
    staying = set(Engagement.objects.filter(goes_on, client__in=clients).values_list("client", "roster"))
    return [
        {
            "name": person.name,
            "email": next((each.email for each in person.addresses.all() if not each.retired_at), ""),
            "client": engagement.client.name,
            "ends_on": engagement.ends_on,
            "sow": engagement.sow,
        }
        for engagement in ending
        for person in engagement.roster.all()
        if (engagement.client_id, person.pk) not in staying
    ]


def people_in(scope: Scope, *roles: Role) -> QuerySet[User]:
    """Who works for the clients, or for a part of them, that the user looks after in one of these roles; by name.

    For all clients: everybody.
    """
    if scope.everywhere(*roles):
        return User.objects.order_by("name", "pk")
    own = Membership.objects.filter(client__in=scope.clients(*roles))
    return User.objects.filter(pk__in=own.values("user")).order_by("name", "pk")


def memberships_in(scope: Scope, *roles: Role) -> QuerySet[Membership]:
    """What people hold for all clients, or for those that the user, in one of these roles, looks after."""
    return Membership.objects.filter(Q(client=None) | Q(client__in=clients_in(scope, *roles)))


def engagements_in(scope: Scope, *roles: Role) -> QuerySet[Engagement]:
    """Those of the user's clients, and those that they work within."""
    mine = Q(client__in=clients_in(scope, *roles)) | Q(pk__in=scope.engagements(*roles))
    return Engagement.objects.filter(mine).select_related("client", "lead")


def known_people(scope: Scope, *roles: Role) -> QuerySet[Collaborator]:
    """Those of the user's clients, and who is on the roster of an engagement that they work within."""
    on = Collaborator.engagements.through.objects.filter(engagement__in=scope.engagements(*roles))
    mine = Q(client__in=clients_in(scope, *roles)) | Q(pk__in=on.values("collaborator"))
    return Collaborator.objects.filter(mine)


def collaborators_in(scope: Scope, *roles: Role) -> QuerySet[Collaborator]:
    """Those whom the user may know, by name; who was merged into another one is not among them.

    Nobody finds themself here.
    """
    own = Address.objects.annotate(folded=Lower("email")).filter(folded__in=scope.addresses, retired_at=None)
    found = known_people(scope, *roles).filter(merged_into=None)
    return found.exclude(addresses__in=own).select_related("client").order_by("name", "pk")


def named_like(found: QuerySet[Collaborator], text: str) -> QuerySet[Collaborator]:
    """Those whose name or one of whose addresses the text is a part of."""
    addressed = Address.objects.filter(email__icontains=text)
    return found.filter(Q(name__icontains=text) | Q(pk__in=addressed.values("collaborator")))
