"""Looking into the ledger: within the walls, by filters, page by page from the newest. Counts nothing on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from offboarding.connections.models import Workspace
from offboarding.directory.models import Client
from offboarding.directory.rules import Scope
from offboarding.ledger.models import Checkpoint, Entry
from offboarding.lib.typed import whole
from offboarding.removals.queries import matching, removals_for
from offboarding.reports.audit.rules import Wanted, events_of
from offboarding.reports.walls import as_reader, entries_for, of_clients, references
from offboarding.users.models import User

PAGE = 50
CHUNK = 1000
HASH = re.compile(r"[0-9a-f]{8,64}")
NOBODY = Q(pk__in=())


def names_of(found: Iterable[Entry]) -> dict[str, str]:
    """What the workspaces and clients are called now that these entries are about, by how an entry names them."""
    told = {each.about for each in found}
    kinds = (("workspace", Workspace.objects), ("client", Client.objects))
    return {
        f"{kind}:{pk}": name
        for kind, rows in kinds
        for pk, name in rows.filter(pk__in=numbers(told, kind)).values_list("pk", "name")
    }


def numbers(told: Iterable[str], kind: str) -> list[int]:
    parted = (each.partition(":") for each in told)
    return [int(number) for name, _, number in parted if name == kind and number.isdecimal()]


def entries(scope: Scope, wanted: Wanted) -> QuerySet[Entry]:
    """What fits, in no order yet."""
    found = entries_for(scope)
    if wanted.since and (first := Entry.objects.filter(at__gte=wanted.since).order_by("at", "seq").first()):
        found = found.filter(seq__gte=first.seq)
    if wanted.since:
        found = found.filter(at__gte=wanted.since)
    if wanted.until:
        last = Entry.objects.filter(at__lt=wanted.until).order_by("-at", "-seq").first()
        found = found.filter(seq__lte=last.seq if last else 0, at__lt=wanted.until)
    if wanted.who:
        found = found.filter(by(wanted.who))
    if wanted.what:
        found = found.filter(event__in=events_of(wanted.what))
    if wanted.about:
        found = found.filter(about=wanted.about)
    if wanted.client is not None:
        clients = Client.objects.filter(pk=wanted.client)
        found = found.filter(of_clients(as_reader(scope), clients))
    return found.filter(saying(scope, wanted.text)) if wanted.text else found


def by(who: str) -> Q:
    """Acts of people whose name or address this is a part of; "app" is Offboard itself."""
    if who.lower() in ("app", "offboard"):
        return Q(actor_kind="app")
    found = User.objects.filter(Q(name__icontains=who) | Q(email__icontains=who)).values_list("pk", flat=True)
    return Q(actor_kind="user", actor_id__in=[str(pk) for pk in found])


def saying(scope: Scope, text: str) -> Q:
    """A number or a hash of an entry, or what a request is known by: its number, person, address or ticket.

    Facts are not searched: they stand in the bytes of the entries, which no index reads.
    """
    found = Q(about=text) | Q(
        about__in=references(matching(removals_for(as_reader(scope)), text), "R-", "number")
    )
    if (number := whole(text, digits=15)) is not None:
        found |= Q(seq=number)
    if HASH.fullmatch(text.lower()):
        found |= Q(hash__startswith=text.lower())
    return found | by(text)


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. `newer` and `older` are the numbers to go on from; None at an end."""

    rows: tuple[Entry, ...]
    newer: int | None
    older: int | None


def page(found: QuerySet[Entry], before: int | None = None, after: int | None = None) -> Page:
    """The entries right before a number, or right after it; without either the newest. Two queries."""
    beside = found.prefetch_related("personal")
    if after is not None:
        rows = list(beside.filter(seq__gt=after).order_by("seq")[: PAGE + 1])
        more, rows = len(rows) > PAGE, rows[:PAGE][::-1]
        if rows:
            return Page(tuple(rows), rows[0].seq if more else None, rows[-1].seq)
        before = None
    if before is not None:
        beside = beside.filter(seq__lt=before)
    rows = list(beside.order_by("-seq")[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    newer = rows[0].seq if rows and before is not None else None
    return Page(tuple(rows), newer, rows[-1].seq if more else None)


def walk(found: QuerySet[Entry], upto: int) -> Iterator[Entry]:
    """All that fits up to a number, oldest first, a thousand at a time, so that no memory grows."""
    after = 0
    while True:
        rows = list(
            found.filter(seq__gt=after, seq__lte=upto).order_by("seq").prefetch_related("personal")[:CHUNK]
        )
        yield from rows
        if len(rows) < CHUNK:
            return
        after = rows[-1].seq


def entry_for(scope: Scope, seq: int) -> Entry | None:
    return entries_for(scope).filter(seq=seq).prefetch_related("personal").first()


def checkpoint_over(seq: int) -> Checkpoint | None:
    """The newest checkpoint, if it signs this entry too."""
    made = Checkpoint.objects.order_by("-size").first()
    return made if made and made.size >= seq else None
