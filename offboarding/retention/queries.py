"""What is held, and what is kept for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet, Sum

from offboarding.directory.models import Client
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Proof
from offboarding.packets.models import Packet
from offboarding.packets.queries import files_of, files_of_all
from offboarding.removals.models import Attachment, Place, RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.retention.models import EvidenceCheck, LegalHold, Purge, Tombstone
from offboarding.retention.whole import Fault
from offboarding.work.rules import ENDED, State


def holds() -> QuerySet[LegalHold]:
    """Those that are on."""
    return LegalHold.objects.filter(lifted_at=None)


def hold_on(client: Client) -> LegalHold | None:
    return holds().filter(client=client).select_related("put_on_by", "client").first()


def holds_over(removal: RemovalRequest) -> list[LegalHold]:
    """What holds this request: a hold of its own first, then those of its clients."""
    clients = Place.objects.filter(removal=removal).values("workspace__client")
    found = holds().filter(Q(removal=removal) | Q(client__in=clients))
    return sorted(found.select_related("put_on_by", "client"), key=lambda each: each.removal_id is None)


def newest_check() -> EvidenceCheck | None:
    """The last walk over everything that came to an end."""
    return EvidenceCheck.objects.exclude(ended_at=None).order_by("-ended_at").first()


def faults_of(check: EvidenceCheck, packet: Packet) -> list[str]:
    """What that walk found wrong with this packet or a file of its request, as "missing: name"."""
    wrong = {name: f"{fault}: {name}" for fault, name in check.named if fault != Fault.EXTRA}
    if not wrong:
        return []
    own = files_of(packet.removal).filter(sha256__in=wrong).values_list("sha256", flat=True)
    return [told for name, told in wrong.items() if name == packet.file or name in set(own)]


# ---------------------------------------------------------------- what may go


@dataclass(frozen=True, slots=True)
class Due:
    """What of a client is past its last day, is no part of anything that goes on, and is not held."""

    files: QuerySet[Evidence]
    packets: QuerySet[Packet]

    def count(self) -> tuple[int, int]:
        """(files and packets, bytes)"""
        told = [found.aggregate(n=Count("pk"), size=Sum("size")) for found in (self.files, self.packets)]
        return sum(each["n"] for each in told), sum(each["size"] or 0 for each in told)


def due(client: Client, before: date) -> Due:
    """What was to be kept until before this day. A record goes as a whole: no file before the packet that holds it."""
    stays = staying(client, before)
    files = Evidence.objects.filter(client=client, keep_until__lt=before, tombstone=None)
    packets = packets_of(client).filter(keep_until__lt=before, state=State.DONE, tombstone=None)
    if hold_on(client):
        return Due(files.none(), packets.none())
    files = files.exclude(pk__in=files_of_all(stays).values("pk"))
    return Due(files.order_by("pk"), packets.exclude(removal__in=stays).order_by("pk"))


def staying(client: Client, before: date) -> QuerySet[RemovalRequest]:
    """Requests with this client that go on, have a packet to be kept or made, are held, or share a held client."""
    kept = Packet.objects.exclude(keep_until__lt=before, state__in=ENDED).values("removal")
    held = holds().exclude(removal=None).values("removal")
    held_clients = Place.objects.filter(workspace__client__in=holds().exclude(client=None).values("client"))
    over = [Stage.CLOSED, Stage.REJECTED, Stage.WITHDRAWN]
    goes_on = ~Q(stage__in=over) | Q(pk__in=kept) | Q(pk__in=held) | Q(pk__in=held_clients.values("removal"))
    return removals_of(client).filter(goes_on)


def open_purge(client: Client) -> Purge | None:
    beside = ("asked_by", "confirmed_by")
    return Purge.objects.filter(client=client).exclude(state__in=ENDED).select_related(*beside).first()


def tombstones(files: Iterable[Evidence]) -> dict[int, Tombstone]:
    """By the key of the file. One query."""
    found = Tombstone.objects.filter(evidence__in=[each.pk for each in files])
    beside = found.select_related("purge__asked_by", "purge__confirmed_by")
    return {each.evidence_id: each for each in beside if each.evidence_id}


def tombstone_of(packet: Packet) -> Tombstone | None:
    found = Tombstone.objects.filter(packet=packet)
    return found.select_related("purge__asked_by", "purge__confirmed_by").first()


def removals_of(client: Client) -> QuerySet[RemovalRequest]:
    """Every request that has a workspace of this client."""
    return RemovalRequest.objects.filter(
        pk__in=Place.objects.filter(workspace__client=client).values("removal")
    )


def evidence_of(client: Client) -> QuerySet[Evidence]:
    """What is kept for this client: its own, and what people added to requests that it shares with others."""
    removals = removals_of(client)
    shared = Proof.objects.filter(run__item__plan__removal__in=removals).values("evidence")
    attached = Attachment.objects.filter(removal__in=removals).values("evidence")
    return Evidence.objects.filter(Q(client=client) | Q(pk__in=shared) | Q(pk__in=attached))


def packets_of(client: Client) -> QuerySet[Packet]:
    return Packet.objects.filter(removal__in=removals_of(client))
