"""What the pages about people show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.directory.grants import grant_in
from offboarding.directory.models import Client, Engagement
from offboarding.directory.queries import memberships_in
from offboarding.directory.rules import EVERYWHERE, Grant, Scope
from offboarding.users.models import User
from offboarding.users.rules import ACTING
from offboarding.users.words import ROLE_WORDS
from offboarding.web.cards import FactCard, TagCard, TimeCard
from offboarding.web.people.reach import SEES

Names = dict[tuple[int | None, int | None], str]  # of clients, and of engagements of theirs
FACTORS = {Authenticator.Type.WEBAUTHN: lazy("passkey"), Authenticator.Type.TOTP: lazy("code")}


@dataclass(frozen=True, slots=True)
class PersonRow:
    name: str
    email: str
    roles: tuple[str, ...]
    factor: TagCard
    seen: TimeCard | None
    browsers: str
    tag: TagCard | None
    url: str


def rows(
    people: Iterable[User], reader: Scope, today: date, zone: tzinfo, now: datetime
) -> tuple[PersonRow, ...]:
    """Three queries, however many people: what they hold, their second factors, their browsers."""
    found = list(people)
    (roles, names), factors, browsers = held(found, reader, today), factors_of(found), browsers_of(found)
    return tuple(
        PersonRow(
            name=user.name,
            email=user.email,
            roles=grouped(roles.get(user.pk, ()), names, today),
            factor=factor(factors.get(user.pk, ()), roles.get(user.pk, ())),
            seen=TimeCard.of(user.last_login, zone, now) if user.last_login else None,
            browsers=browser_words(browsers[user.pk]),
            tag=standing(user),
            url=f"/setup/people/{user.pk}/",
        )
        for user in found
    )


def held(people: Sequence[User], reader: Scope, today: date) -> tuple[dict[int, list[Grant]], Names]:
    """What each holds as far as the reader's clients go, and the names of the clients and engagements that are meant."""
    found: dict[int, list[Grant]] = {}
    names: Names = {}
    seen = memberships_in(reader, *SEES).filter(user__in=people)
    with_names = seen.select_related("client", "engagement__client")
    for row in with_names.order_by("role", "client__name", "engagement__name"):
        found.setdefault(row.user_id, []).append(grant := grant_in(row))
        names[grant.where] = named(row.client, row.engagement, today)
    return found, names


def grouped(grants: Iterable[Grant], names: Names, today: date) -> tuple[str, ...]:
    """One line for each role and period: "Approver for Acme, Globex"."""
    lines: dict[Grant, list[str]] = {}
    for grant in grants:
        lines.setdefault(replace(grant, client=EVERYWHERE, engagement=None), []).append(place(grant, names))
    return tuple(said(grant, places, today) for grant, places in lines.items())


def factors_of(people: Sequence[User]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for user, kind in Authenticator.objects.filter(user__in=people).values_list("user_id", "type"):
        found.setdefault(user, set()).add(kind)
    return found


def browsers_of(people: Sequence[User]) -> Counter[int]:
    return Counter(UserSession.objects.filter(user__in=people).values_list("user_id", flat=True))


def browser_words(count: int) -> str:
    return ngettext("%(n)d browser", "%(n)d browsers", count) % {"n": count} if count else _("none")


def factor(kinds: Iterable[str], grants: Iterable[Grant]) -> TagCard:
    named = [str(word) for kind, word in FACTORS.items() if kind in set(kinds)]
    if named:
        return TagCard("verified", ", ".join(named))
    needed = any(grant.role in ACTING for grant in grants)
    return TagCard("needs_person", _("none yet")) if needed else TagCard("not_needed", _("none"))


def standing(user: User) -> TagCard | None:
    if not user.is_active:
        return TagCard("cancelled", _("Disabled"))
    return None if user.last_login else TagCard("waiting", _("Not signed in yet"))


def words(grant: Grant, names: Names, today: date) -> str:
    return said(grant, [place(grant, names)], today)


def place(grant: Grant, names: Names) -> str:
    return names.get(grant.where, _("all clients") if grant.client is EVERYWHERE else "")


def named(client: Client | None, engagement: Engagement | None, today: date) -> str:
    """ "Acme", "Analytics at Acme"; of one that has ended also that nothing hangs on it any more."""
    if client is None:
        return _("all clients")
    if engagement is None:
        return client.name
    name = _("%(engagement)s at %(client)s") % {"engagement": engagement.name, "client": client.name}
    last = engagement.ends_on
    if not engagement.ended_at and not (last and last < today):
        return name
    return _("%(name)s (it has ended, so the role gives nothing)") % {"name": name}


def said(grant: Grant, places: Sequence[str], today: date) -> str:
    """ "Auditor for Acme, records of 1 Jan 2026 to 31 Mar 2026, until 30 Apr 2026"."""
    starts, ends = grant.starts_on, grant.ends_on
    text = _("%(role)s for %(where)s") % {"role": ROLE_WORDS[grant.role], "where": ", ".join(places)}
    text += records(grant.records_from, grant.records_until)
    if starts and starts > today:
        text += _(", from %(day)s") % {"day": in_words(starts)}
    if ends and ends < today:
        return text + _(", ended %(day)s") % {"day": in_words(ends)}
    return text + (_(", until %(day)s") % {"day": in_words(ends)} if ends else "")


def records(since: date | None, until: date | None) -> str:
    if since and until:
        return _(", records of %(since)s to %(until)s") % {"since": in_words(since), "until": in_words(until)}
    if since:
        return _(", records since %(day)s") % {"day": in_words(since)}
    return _(", records up to %(day)s") % {"day": in_words(until)} if until else ""


def in_words(day: date) -> str:
    return dateformat.format(day, "j M Y")


def names_of(grants: Iterable[Grant], today: date) -> Names:
    """Two queries, however many are meant."""
    places = {grant.where for grant in grants if grant.client is not EVERYWHERE}
    clients = Client.objects.in_bulk([client for client, _engagement in places if client])
    parts = Engagement.objects.in_bulk([engagement for _client, engagement in places if engagement])
    return {
        where: named(clients[where[0]], parts[where[1]] if where[1] else None, today)
        for where in places
        if where[0]
    }


def facts(row: PersonRow) -> tuple[FactCard, ...]:
    return (
        FactCard(_("Work e-mail"), row.email),
        FactCard(_("Second factor"), (row.factor,)),
        FactCard(_("Last signed in"), row.seen or _("never")),
        FactCard(_("Signed in on"), row.browsers),
        *((FactCard(_("State"), (row.tag,)),) if row.tag else ()),
    )


def comes_from(providers: Sequence[str]) -> tuple[FactCard, ...]:
    return (FactCard(_("Comes from"), ", ".join(providers)),) if providers else ()
