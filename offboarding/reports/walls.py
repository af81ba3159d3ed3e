"""Which entries of the ledger a person may read. The wall of the audit log stands here and nowhere else.

Auditors, security and administrators read it. For all clients: every entry, but none about themself. Within some
clients: entries about the requests and workspaces, and what else the directory keeps, of these clients, and their own
acts. An entry about no client (sign-ins, the engine, roles) may concern anybody, so only who reads for all clients
sees those of others. An auditor of a period reads the requests of the period, whenever an entry was written, and what
else was written within it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Model, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Lower

from offboarding.connections.models import Workspace
from offboarding.directory.models import Address, Client, Collaborator, Engagement
from offboarding.directory.queries import clients_in
from offboarding.directory.rules import Scope, Window, narrowed
from offboarding.ledger.models import Entry
from offboarding.lib.addresses import fold
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import about as about_oneself
from offboarding.removals.queries import removals_for
from offboarding.users.rules import Role

READERS = (Role.AUDITOR, Role.SECURITY, Role.ADMINISTRATOR)
REQUEST = "R-"  # what entries about a request are named after begins so


def as_reader(scope: Scope) -> Scope:
    """The same person with nothing but the roles that read: another role reaches no further here."""
    return narrowed(scope, READERS)


def entries_for(scope: Scope) -> QuerySet[Entry]:
    reader = as_reader(scope)
    if not reader.grants:
        return Entry.objects.none()
    found, whole = Entry.objects.exclude(about__in=own_references(reader)), reader.whole()
    if whole.everywhere():
        return found
    seen = Q(actor_kind="user", actor_id=str(scope.user_id), about="")
    seen |= of_requests(reader, clients_in(reader)) | of_directory(clients_in(whole))
    for window in reader.windows:
        seen |= written_within(window)
    return found.filter(seen)


def own_references(reader: Scope) -> list[str]:
    """What entries about the reader's own access are named after. Two queries."""
    removals = RemovalRequest.objects.filter(pk__in=about_oneself(reader))
    known = Address.objects.annotate(folded=Lower("email")).filter(folded=fold(reader.email))
    people = set(known.values_list("collaborator", flat=True))
    return [*(removal.reference for removal in removals), *(f"collaborator:{pk}" for pk in people)]


def written_within(window: Window) -> Q:
    """What an auditor of a period reads beside its requests."""
    if window.client is None:
        wanted = ~Q(about__startswith=REQUEST)
    else:
        wanted = of_directory(Client.objects.filter(pk=window.client))
    since = Q(at__gte=window.since) if window.since else Q()
    until = Q(at__lt=window.until) if window.until else Q()
    return wanted & since & until


def windows_on(reader: Scope, client: int | None) -> list[Window]:
    """The periods that bound what this person reads of a client, or of every client of theirs."""
    if client is None:
        return list(reader.windows)
    if reader.whole().covers(frozenset({client})):
        return []
    return [each for each in reader.windows if each.reaches(client)]


def of_clients(reader: Scope, clients: QuerySet[Client]) -> Q:
    """Entries about anything of these clients that the reader may see."""
    return of_requests(reader, clients) | of_directory(clients)


def of_requests(reader: Scope, clients: QuerySet[Client]) -> Q:
    removals = removals_for(reader).filter(places__workspace__client__in=clients)
    return Q(about__in=references(removals, REQUEST, "number"))


def of_directory(clients: QuerySet[Client]) -> Q:
    found = Q(pk__in=[])
    kept: tuple[tuple[type[Model], str], ...] = (
        (Workspace, "client__in"),
        (Engagement, "client__in"),
        (Collaborator, "client__in"),
        (Client, "pk__in"),
    )
    for model, wall in kept:
        rows = model._default_manager.filter(**{wall: clients})
        found |= Q(about__in=references(rows, f"{model._meta.model_name}:", "pk"))
    return found


def references(rows: QuerySet[Any], prefix: str, name: str) -> QuerySet[Any]:
    """What entries about these rows are named after: "R-1042", "workspace:3"."""
    number = Cast(name, CharField())
    found: QuerySet[Any] = rows.order_by().annotate(reference=Concat(Value(prefix), number))
    return found.values("reference")
