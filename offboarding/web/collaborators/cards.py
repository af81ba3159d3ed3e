"""What the pages about collaborators show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from offboarding.connections.models import Workspace
from offboarding.directory.models import Address, Collaborator, Engagement
from offboarding.discovery.models import Snapshot
from offboarding.discovery.rules import Outcome
from offboarding.web.cards import FactCard, TagCard, TimeCard
from offboarding.web.clients.cards import days_of, standing, url_of
from offboarding.web.collaborators.forms import ADDRESS_KINDS
from offboarding.web.removal.clock import Clock


@dataclass(frozen=True, slots=True)
class ListRow:
    name: str
    url: str
    addresses: tuple[str, ...]
    client: str
    engagements: tuple[str, ...]
    service: TagCard | None


@dataclass(frozen=True, slots=True)
class AddressRow:
    pk: int
    email: str
    kind: str
    retired: TimeCard | None


@dataclass(frozen=True, slots=True)
class EngagementRow:
    pk: int
    name: str
    url: str
    days: str
    tag: TagCard


@dataclass(frozen=True, slots=True)
class PlaceRow:
    workspace: str
    held: str
    at: TimeCard
    tag: TagCard


def list_rows(found: Iterable[Collaborator]) -> tuple[ListRow, ...]:
    """Of collaborators with their addresses and engagements fetched before."""
    return tuple(
        ListRow(
            name=each.name,
            url=f"/people/{each.pk}/",
            addresses=current(each),
            client=each.client.name,
            engagements=tuple(one.name for one in each.engagements.all()),
            service=service(each),
        )
        for each in found
    )


def current(person: Collaborator) -> tuple[str, ...]:
    return tuple(each.email for each in person.addresses.all() if not each.retired_at)


def service(person: Collaborator) -> TagCard | None:
    return TagCard("not_needed", _("Service account")) if person.kind == Collaborator.Kind.SERVICE else None


def address_rows(found: Iterable[Address], clock: Clock) -> tuple[AddressRow, ...]:
    words = {key: str(label) for key, label in ADDRESS_KINDS}
    return tuple(
        AddressRow(
            each.pk, each.email, words[each.kind], clock.time(each.retired_at) if each.retired_at else None
        )
        for each in sorted(found, key=lambda one: (one.retired_at is not None, one.pk))
    )


def engagement_rows(found: Iterable[Engagement], clock: Clock) -> tuple[EngagementRow, ...]:
    return tuple(
        EngagementRow(each.pk, each.name, url_of(each), days_of(each), standing(each, clock))
        for each in found
    )


def place_rows(
    places: Sequence[Workspace], newest: dict[int, Snapshot], clock: Clock
) -> tuple[PlaceRow, ...]:
    """What was last seen, workspace by workspace; those where nobody looked yet are left out."""
    return tuple(place_row(each, newest[each.pk], clock) for each in places if each.pk in newest)


def place_row(workspace: Workspace, snapshot: Snapshot, clock: Clock) -> PlaceRow:
    seen = snapshot.sighting
    tags = {
        Outcome.MEMBER: TagCard("to_decide", _("Had access")),
        Outcome.INVITED: TagCard("waiting", _("Was invited")),
        Outcome.ABSENT: TagCard("not_needed", _("None found")),
        Outcome.UNKNOWN: TagCard("needs_person", _("Not known")),
    }
    return PlaceRow(workspace.name, seen.says(), clock.time(snapshot.taken_at), tags[seen.outcome])


def facts(person: Collaborator) -> tuple[FactCard, ...]:
    return (
        FactCard(_("Client"), person.client.name),
        FactCard(
            _("Kind"),
            _("Service account") if person.kind == Collaborator.Kind.SERVICE else _("Person"),
        ),
    )
