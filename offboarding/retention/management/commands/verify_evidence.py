from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from offboarding.evidence.store import storage
from offboarding.packets.models import Packet
from offboarding.retention import whole
from offboarding.retention.checking import digests
from offboarding.retention.whole import Fault, Seen
from offboarding.work import clock
from offboarding.work.rules import State

TOLD = 1000  # files between two lines that say how far it is


class Command(BaseCommand):
    help = "Reads every file of evidence and every packet to its end, and names each that is missing, changed or extra."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=date.fromisoformat, metavar="DAY", help="only what was taken since"
        )
        parser.add_argument("--sample", type=int, metavar="N", help="only so many, drawn by chance")
        parser.add_argument("--after", default="", metavar="SHA256", help="go on behind this digest")

    def handle(self, *_args: Any, **options: Any) -> None:
        counts, size = Counter[str](), 0
        try:
            for seen in wanted(**{name: options[name] for name in ("since", "sample", "after")}):
                size += seen.size
                counts[seen.fault.value if seen.fault else "whole"] += 1
                if seen.fault:
                    self.stdout.write(seen.says)
                elif counts["whole"] % TOLD == 0:
                    self.stdout.write(f"{counts['whole']} read, up to {seen.name}")
        except OSError as error:
            raise CommandError(f"What is kept cannot be listed: {error.strerror or error}.") from error
        told = ", ".join(f"{counts[fault]} {fault}" for fault in Fault if counts[fault])
        if told:
            raise CommandError(f"{counts['whole']} files are as they were; {told}.")
        self.stdout.write(f"{counts['whole']} files, {size} bytes, are as they were.")


def wanted(since: date | None, sample: int | None, after: str) -> Iterator[Seen]:
    """All of it, or a part. What nobody wants is looked for only when all is."""
    now = clock.now()
    if since is None and sample is None:
        beyond = (name for name in storage().names() if name > after)
        yield from whole.files(digests(after), storage(), now, nothing, beyond)
        yield from whole.packets(sealed(), nothing)
        yield from whole.beside_packets(now)
        return
    begins = datetime.combine(since, time.min, UTC) if since else None
    found = digests(after, begins)
    chosen = iter(drawn(found, sample)) if sample is not None else found
    packets = sealed().filter(sealed_at__gte=begins) if begins else sealed()
    some = packets.order_by("?")[:sample] if sample is not None else packets
    yield from chain(whole.files(chosen, storage(), now, nothing), whole.packets(some, nothing))


def sealed() -> Any:
    return Packet.objects.filter(state=State.DONE, tombstone=None).order_by("pk")


def drawn(found: Iterator[str], number: int) -> list[str]:
    """So many of them, each as likely as the others, in a memory for these alone."""
    kept: list[str] = []
    for count, each in enumerate(found):
        if len(kept) < number:
            kept.append(each)
        elif (place := random.randint(0, count)) < number:
            kept[place] = each
    return sorted(kept)


def nothing() -> None:
    pass
