"""The evidence of a packet: each piece once, with a number of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import IO

from offboarding.evidence import store
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Proof
from offboarding.ledger.rules import iso
from offboarding.packets import contents as made


class Shelf:
    """Numbers each piece of evidence once, in the order in which it is met."""

    def __init__(self, touch: Callable[[], None]) -> None:
        self.touch = touch
        self.pieces: dict[int, made.Evidence] = {}

    def number(self, evidence: Evidence | None, corrects: Evidence | None = None) -> tuple[int, ...]:
        if evidence is None:
            return ()
        old = next(iter(self.number(corrects)), None)
        if evidence.pk not in self.pieces:
            self.pieces[evidence.pk] = made.Evidence(
                number=len(self.pieces) + 1,
                name=evidence.name,
                shows=evidence.shows,
                source=evidence.get_source_display() + (f": {evidence.origin}" if evidence.origin else ""),
                taken_at=iso(evidence.taken_at),
                taken_by=evidence.taken_by,
                sha256=evidence.sha256,
                size=evidence.size,
                media_type=evidence.media_type,
                open=partial(self.open, evidence.sha256),
                replaces=old,
            )
        return (self.pieces[evidence.pk].number,)

    def open(self, sha256: str) -> IO[bytes]:
        self.touch()
        return store.open_bytes(sha256)


def old_of(proof: Proof) -> Evidence | None:
    """What it corrects, where that was not taken back besides."""
    return proof.replaces.evidence if proof.replaces and not proof.replaces.withdrawn_at else None
