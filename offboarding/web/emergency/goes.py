"""What goes at once, as far as anybody knows by now: the newest looks, workspace by workspace, while they come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.connections.models import Workspace
from offboarding.connections.queries import workspaces_in
from offboarding.directory.queries import known_name, other_addresses
from offboarding.discovery.rules import Outcome
from offboarding.emergencies.rules import RELEASES
from offboarding.lib.addresses import distinct, fold, key
from offboarding.web.emergency.forms import Typed
from offboarding.web.filing.results import ResultsCard, results_card
from offboarding.web.filing.search import Row, rows_for
from offboarding.web.http import Request, now, zone_of


@dataclass(frozen=True, slots=True)
class Person:
    """Whose access goes, under every address that is known."""

    name: str
    addresses: tuple[str, ...]
    known: tuple[str, ...]  # of these, the ones that nobody typed

    @property
    def key(self) -> str:
        return key(self.addresses)


@dataclass(frozen=True, slots=True)
class GoesCard:
    """`at_once`: one line of counts. `by_hand`: what people have to do, since no API does it."""

    person: Person
    at_once: str
    everywhere: str
    by_hand: str
    results: ResultsCard


def places(request: Request) -> list[Workspace]:
    return list(workspaces_in(request.scope, *RELEASES))


def person_of(request: Request, typed: Typed) -> Person:
    given = typed.addresses
    known = (other for address in given for other in other_addresses(request.scope, address))
    every = distinct([*given, *known])
    typed_ones = {fold(address) for address in given}
    return Person(
        known_name(request.scope, typed.email),
        every,
        tuple(address for address in every if fold(address) not in typed_ones),
    )


def goes(request: Request, person: Person, workspaces: Sequence[Workspace]) -> GoesCard:
    rows = rows_for(person.key, workspaces)
    here = reverse("emergency")
    return GoesCard(
        person,
        at_once(rows),
        ngettext(
            "%(n)d workspace is emptied of this person, whatever is known of it. Each step looks itself before it acts.",
            "%(n)d workspaces are emptied of this person, whatever is known of them. Each step looks itself before it acts.",
            len(rows),
        ) % {"n": len(rows)},
        by_hand(rows),
        results_card(rows, zone_of(request), now(), reverse("emergency_seen"), here),
    )  # fmt: skip


def at_once(rows: Sequence[Row]) -> str:
    seen = [row.seen for row in rows if row.seen]
    members = sum(each.outcome is Outcome.MEMBER for each in seen)
    groups = sum(len(each.groups) for each in seen)
    invitations = sum(len(each.invitations) for each in seen)
    told = (
        ngettext("%d membership", "%d memberships", members) % members,
        ngettext("%d group", "%d groups", groups) % groups,
        ngettext("%d invitation", "%d invitations", invitations) % invitations,
    )
    return ", ".join(told)


def by_hand(rows: Sequence[Row]) -> str:
    seen = [row.seen for row in rows if row.seen]
    members = sum(each.outcome in (Outcome.MEMBER, Outcome.UNKNOWN) for each in seen)
    keys = sum(each.reach.write_keys for each in seen)
    logins = sum(len(each.reach.warehouses) + len(each.reach.credentials) for each in seen)
    return _("%(tokens)s, %(keys)s, %(logins)s") % {
        "tokens": ngettext("tokens in %d workspace", "tokens in %d workspaces", members) % members,
        "keys": ngettext("%d write key", "%d write keys", keys) % keys,
        "logins": ngettext("%d warehouse login", "%d warehouse logins", logins) % logins,
    }
