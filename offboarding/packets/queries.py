from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from django.conf import settings
from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from offboarding.checklist.queries import newest_plan
from offboarding.directory.models import Client
from offboarding.directory.queries import longest_keeping, years_of
from offboarding.directory.rules import Scope
from offboarding.discovery.models import Snapshot
from offboarding.evidence.models import Evidence
from offboarding.evidence.rules import keep_until
from offboarding.execution.models import Attempt, Proof, Run
from offboarding.letters.queries import files_of as letters_files
from offboarding.packets.models import Packet, Redaction
from offboarding.removals.models import Attachment, RemovalRequest
from offboarding.removals.queries import clients_of, removals_for
from offboarding.removals.rules import Stage
from offboarding.verification.models import Trace
from offboarding.work.rules import ENDED, State

REFERENCE = re.compile(r"r?-?(\d{1,9})", re.IGNORECASE)


def packets_for(scope: Scope) -> QuerySet[Packet]:
    """Sealed packets of removals within the user's sight, newest first."""
    found = Packet.objects.filter(state=State.DONE, removal__in=removals_for(scope))
    return found.select_related("removal", "removal__requester")


def packet_for(scope: Scope, number: int, version: int | None = None) -> Packet | None:
    """One sealed version of one removal's packet; the newest where none is named."""
    found = packets_for(scope).filter(removal__number=number).order_by("-version")
    return (found if version is None else found.filter(version=version)).first()


def sealed_before(packet: Packet) -> list[Packet]:
    """The earlier versions, oldest first."""
    found = Packet.objects.filter(removal=packet.removal_id, version__lt=packet.version, state=State.DONE)
    return list(found.order_by("version"))


def versions_of(packet: Packet) -> list[Packet]:
    """Every sealed version of the same removal, newest first."""
    return list(Packet.objects.filter(removal=packet.removal_id, state=State.DONE).order_by("-version"))


def newest_packets(scope: Scope, text: str = "", client: int | None = None) -> QuerySet[Packet]:
    """The newest sealed packet of each removal, newest first, with its places.

    `text` is a reference, or part of a name, an address, a ticket, or the beginning of the packet's SHA-256.
    """
    newest = packets_for(scope).filter(removal=OuterRef("removal")).order_by().values("removal")
    found = packets_for(scope).filter(version=Subquery(newest.annotate(last=Max("version")).values("last")))
    if text:
        found = found.filter(says(text))
    if client is not None:
        found = found.filter(removal__places__workspace__client=client).distinct()
    return found.order_by("-sealed_at", "-pk").prefetch_related("removal__places__workspace__client")


def says(text: str) -> Q:
    about = Q(removal__person_name__icontains=text) | Q(removal__addresses__icontains=text)
    about |= (
        Q(removal__ticket__icontains=text) | Q(sha256__istartswith=text) | Q(bag_sha256__istartswith=text)
    )
    number = REFERENCE.fullmatch(text)
    return about | Q(removal__number=int(number[1])) if number else about


def unsealed(scope: Scope) -> QuerySet[RemovalRequest]:
    """Removals on their way, or closed, whose packet does not stand yet; the first to be due on top."""
    under_way = removals_for(scope).filter(stage__in=[Stage.RUNNING, Stage.CLOSED])
    return under_way.exclude(packets__state=State.DONE).order_by("due_at", "pk")


def missing_of(removal: RemovalRequest) -> list[Run]:
    """What has to end before the removal closes and its packet is sealed, in the checklist's order."""
    found = Run.objects.filter(item__plan=newest_plan(removal), item__blocks_closing=True)
    return list(found.exclude(state__in=ENDED).select_related("item").order_by("item__number"))


def being_made(removal: RemovalRequest) -> Packet | None:
    """The packet that is ordered and does not stand yet."""
    return Packet.objects.filter(removal=removal).exclude(state=State.DONE).order_by("-version").first()


def files_of(removal: RemovalRequest) -> QuerySet[Evidence]:
    """Every file that was kept because of this removal: looks, calls, events that came late, letters, and what people added.

    No other file.
    """
    return files_of_all([removal])


def files_of_all(removals: Sequence[RemovalRequest] | QuerySet[RemovalRequest]) -> QuerySet[Evidence]:
    looks = Snapshot.objects.filter(plans__removal__in=removals).values("raw")
    calls = Attempt.objects.filter(run__item__plan__removal__in=removals).values("exchanges")
    added = Proof.objects.filter(run__item__plan__removal__in=removals).values("evidence")
    late = Trace.objects.filter(run__item__plan__removal__in=removals).values("evidence")
    told = letters_files(removals).values("pk")
    attached = Attachment.objects.filter(removal__in=removals).values("evidence")
    return Evidence.objects.filter(
        Q(pk__in=looks)
        | Q(pk__in=calls)
        | Q(pk__in=added)
        | Q(pk__in=late)
        | Q(pk__in=told)
        | Q(pk__in=attached)
    )


def first_kept_until(removal: RemovalRequest, sealed_on: date) -> date:
    """The last day for a packet that is sealed now, by the client that keeps its records longest."""
    clients = Client.objects.filter(pk__in=clients_of(removal))
    return keep_until(sealed_on, years_of(longest_keeping(clients)))


def holding(sha256: str) -> Q:
    """Packets of removals because of which a file with this digest was kept."""
    looks = Snapshot.objects.filter(raw__sha256=sha256).values("plans__removal")
    calls = Attempt.objects.filter(exchanges__sha256=sha256).values("run__item__plan__removal")
    added = Proof.objects.filter(evidence__sha256=sha256).values("run__item__plan__removal")
    late = Trace.objects.filter(evidence__sha256=sha256).values("run__item__plan__removal")
    attached = Attachment.objects.filter(evidence__sha256=sha256).values("removal")
    found = Q(removal__in=looks) | Q(removal__in=calls) | Q(removal__in=added)
    return found | Q(removal__in=late) | Q(removal__in=attached)


def paths_of(packet: Packet) -> list[Path]:
    """Its file, and those of its redacted copies."""
    copies = Redaction.objects.filter(packet=packet).exclude(file="").values_list("file", flat=True)
    return [path_of(packet), *(Path(settings.PACKET_ROOT) / name for name in copies)]


def path_of(packet: Packet) -> Path:
    return Path(settings.PACKET_ROOT) / packet.file
