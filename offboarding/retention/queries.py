"""What is held, and what is kept for whom."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from offboarding.directory.models import Client
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Proof
from offboarding.packets.models import Packet
from offboarding.packets.queries import files_of
from offboarding.removals.models import Place, RemovalRequest
from offboarding.retention.models import EvidenceCheck, LegalHold
from offboarding.retention.whole import Fault


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


def removals_of(client: Client) -> QuerySet[RemovalRequest]:
    """Every request that has a workspace of this client."""
    return RemovalRequest.objects.filter(
        pk__in=Place.objects.filter(workspace__client=client).values("removal")
    )


def evidence_of(client: Client) -> QuerySet[Evidence]:
    """What is kept for this client: its own, and what people added to requests that it shares with others."""
    shared = Proof.objects.filter(run__item__plan__removal__in=removals_of(client)).values("evidence")
    return Evidence.objects.filter(Q(client=client) | Q(pk__in=shared))


def packets_of(client: Client) -> QuerySet[Packet]:
    return Packet.objects.filter(removal__in=removals_of(client))
