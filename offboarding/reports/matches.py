"""Where a digest stands in the record: packets, files of evidence, entries and checkpoints, within the asker's walls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet

from offboarding.directory.rules import Scope
from offboarding.ledger.models import Checkpoint
from offboarding.packets.models import Packet
from offboarding.packets.queries import holding, packets_for, path_of
from offboarding.packets.reader import Damaged, open_packet
from offboarding.reports.walls import READERS, entries_for

# Bytes that many requests have alike, such as an empty answer: more than this is not told one by one.
MOST = 20


class What(StrEnum):
    PACKET = "packet"
    BAG = "bag"
    REPORT = "report"
    ITEM = "item"
    ENTRY = "entry"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Match:
    """One place where it stands. `number`: the version of a packet, of an item its number, else the entry's or the size."""

    what: What
    number: int
    name: str = ""
    removal: int = 0
    version: int = 0
    newest: bool = False


def matches(scope: Scope, digest: str) -> list[Match]:
    """All that the asker may see, at most MOST of each kind; empty if there is none. `digest`: 64 hex digits."""
    return [*of_packets(scope, digest), *of_items(scope, digest), *of_ledger(scope, digest)]


def of_packets(scope: Scope, digest: str) -> Iterable[Match]:
    alike = Q(sha256=digest) | Q(bag_sha256=digest) | Q(report_sha256=digest)
    for packet in with_newest(packets_for(scope)).filter(alike).order_by("-pk")[:MOST]:
        what = {packet.sha256: What.PACKET, packet.bag_sha256: What.BAG}.get(digest, What.REPORT)
        yield match(packet, what, packet.version, packet.file)


def match(packet: Packet, what: What, number: int, name: str) -> Match:
    return Match(
        what,
        number,
        name,
        packet.removal.number,
        packet.version,
        newest=not getattr(packet, "followed", True),
    )


def with_newest(found: QuerySet[Packet]) -> QuerySet[Packet]:
    later = Packet.objects.filter(removal=OuterRef("removal"), version__gt=OuterRef("version"), state="done")
    return found.annotate(followed=Exists(later))


def of_items(scope: Scope, digest: str) -> Iterable[Match]:
    """Files that stand in a sealed packet, with their number there."""
    for packet in with_newest(packets_for(scope)).filter(holding(digest)).order_by("-pk")[:MOST]:
        try:
            listed = open_packet(path_of(packet)).record()["evidence"]
        except Damaged:
            continue
        for each in listed:
            if each["sha256"] == digest:
                yield match(packet, What.ITEM, each["number"], str(each["name"]))


def of_ledger(scope: Scope, digest: str) -> Iterable[Match]:
    """Entries within the reader's walls; a checkpoint, which names nobody, for every reader of the ledger."""
    for seq in entries_for(scope).filter(hash=digest).values_list("seq", flat=True):
        yield Match(What.ENTRY, seq)
    if scope.has(*READERS):
        alike = Checkpoint.objects.filter(Q(root=digest) | Q(head=digest))
        for size in alike.order_by("-size").values_list("size", flat=True)[:MOST]:
            yield Match(What.CHECKPOINT, size)
