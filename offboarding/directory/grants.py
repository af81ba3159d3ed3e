"""What somebody holds: which roles, where, and from when until when; and how the record says it."""

from __future__ import annotations

from collections.abc import Iterable

from offboarding.directory.models import Client, Engagement, Membership
from offboarding.directory.rules import Grant
from offboarding.users.models import User
from offboarding.users.rules import Role


def grants_of(user: User) -> tuple[Grant, ...]:
    held = Membership.objects.filter(user=user).order_by("role", "client__name", "engagement__name", "pk")
    return tuple(grant_in(each) for each in held.select_related("client"))


def grant_in(row: Membership) -> Grant:
    return Grant(
        Role(row.role),
        row.client_id,
        row.starts_on,
        row.ends_on,
        row.records_from,
        row.records_until,
        engagement=row.engagement_id,
    )


def differ(before: Iterable[Grant], after: Iterable[Grant]) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
    """(gained, lost). A role whose dates change is lost and gained."""
    old, new = tuple(before), tuple(after)
    return tuple(each for each in new if each not in old), tuple(each for each in old if each not in new)


def in_words(grants: Iterable[Grant]) -> list[str]:
    """For the record, which shall be readable when the clients are gone: "auditor for Acme until 2026-04-30"."""
    given = list(grants)
    names = dict(Client.objects.values_list("pk", "name"))
    parts = Engagement.objects.filter(pk__in=[grant.engagement for grant in given if grant.engagement])
    engagements = dict(parts.values_list("pk", "name"))
    return [words(grant, names, engagements) for grant in given]


def words(grant: Grant, names: dict[int, str], engagements: dict[int, str]) -> str:
    where = "all clients" if grant.client is None else names.get(grant.client, "a client")
    if grant.engagement is not None:
        where = f"{engagements.get(grant.engagement, 'an engagement')} at {where}"
    since = f" from {grant.starts_on.isoformat()}" if grant.starts_on else ""
    until = f" until {grant.ends_on.isoformat()}" if grant.ends_on else ""
    return f"{grant.role.value} for {where}{since}{until}{records(grant)}"


def records(grant: Grant) -> str:
    days = [
        f"{word} {day.isoformat()}"
        for word, day in (("from", grant.records_from), ("until", grant.records_until))
        if day
    ]
    return f", records {' '.join(days)}" if days else ""
