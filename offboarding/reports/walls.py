"""Which entries of the ledger a person may read. The wall of the audit log stands here and nowhere else.

Auditors, security and administrators read it. For all clients: every entry, but none about themself. Within some
clients: entries about the requests and workspaces, and what else the directory keeps, of these clients, and their own
acts. An entry about no client (sign-ins, the engine, roles) may concern anybody, so only who reads for all clients
sees those of others.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Model, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Lower

from offboarding.connections.models import Workspace
from offboarding.directory.models import Address, Client, Collaborator, Engagement
from offboarding.directory.queries import clients_in
from offboarding.directory.rules import Scope
from offboarding.ledger.models import Entry
from offboarding.lib.addresses import fold
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import about as about_oneself
from offboarding.removals.queries import removals_for
from offboarding.users.rules import Role

READERS = (Role.AUDITOR, Role.SECURITY, Role.ADMINISTRATOR)


def as_reader(scope: Scope) -> Scope:
    """The same person with nothing but the roles that read: another role reaches no further here."""
    return Scope(
        scope.user_id, scope.email, frozenset(grant for grant in scope.grants if grant[0] in READERS)
    )


def entries_for(scope: Scope) -> QuerySet[Entry]:
    reader = as_reader(scope)
    if not reader.grants:
        return Entry.objects.none()
    found = Entry.objects.exclude(about__in=own_references(reader))
    if reader.everywhere():
        return found
    acts = Q(actor_kind="user", actor_id=str(scope.user_id), about="")
    return found.filter(of_clients(reader, clients_in(reader)) | acts)


def own_references(reader: Scope) -> list[str]:
    """What entries about the reader's own access are named after. Two queries."""
    removals = RemovalRequest.objects.filter(pk__in=about_oneself(reader))
    known = Address.objects.annotate(folded=Lower("email")).filter(folded=fold(reader.email))
    people = set(known.values_list("collaborator", flat=True))
    return [*(removal.reference for removal in removals), *(f"collaborator:{pk}" for pk in people)]


def of_clients(reader: Scope, clients: QuerySet[Client]) -> Q:
    """Entries about anything of these clients that the reader may see."""
    removals = removals_for(reader).filter(places__workspace__client__in=clients)
    found = Q(about__in=references(removals, "R-", "number"))
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
