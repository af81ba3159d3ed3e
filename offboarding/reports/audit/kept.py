"""Checkpoints that somebody kept elsewhere: does the ledger still begin as it did then? And the proof of it, for offline."""

from __future__ import annotations

from dataclasses import dataclass

from offboarding.ledger import keys
from offboarding.ledger.models import Checkpoint
from offboarding.ledger.rules import Statement, moment, statement_in
from offboarding.ledger.tiles import NotWhole, Stored
from offboarding.lib import canonical
from offboarding.lib.merkle import verify_consistency
from offboarding.lib.refusals import Refused


@dataclass(frozen=True, slots=True)
class Compared:
    """`size` entries were signed then. `wrong` says what does not fit, in a sentence; empty if all of it does."""

    size: int
    at: str
    wrong: str = ""


def statement(data: bytes) -> Statement:
    """The newest checkpoint in a file as it was taken from here, from a mail or a packet. Raises Refused."""
    lines = [line for line in data.splitlines() if line.strip()]
    found = [statement_in(line) for line in lines]
    if not found or None in found:
        number = found.index(None) + 1 if found else 1
        raise Refused(
            "no-checkpoint",
            f"Line {number} is no checkpoint. Take the file as it was downloaded, or the line of the mail alone.",
            field="file",
        )
    return max((each for each in found if each), key=lambda each: each.size)


def compared(said: Statement) -> Compared:
    """Against the entries themselves, not against what we signed."""
    return Compared(said.size, said.at, wrong(said))


def wrong(said: Statement) -> str:
    key = keys.known_keys().get(said.key_id)
    if key is None or not key.signed(said.signature, said.body, moment(said.at)):
        return f"It is not signed by a key of this ledger: it names the key {said.key_id}."
    try:
        root = Stored(said.size).root()
    except NotWhole as gap:
        return f"The ledger does not reach so far, or has a gap: {gap.broken.says}."
    return "" if root == said.root else "The entries up to there are not the ones that were signed then."


def consistency(size: int, made: Checkpoint) -> bytes | None:
    """That the ledger which `made` signs begins with its first `size` entries, fewer than all; None if it does not."""
    try:
        tree = Stored(made.size)
        path, root = tree.consistency(size), Stored(size).root()
    except NotWhole:
        return None
    if not verify_consistency(size, made.size, root, made.root, path):
        return None
    return canonical.dumps(
        {
            "v": 1,
            "size": size,
            "path": path,
            "checkpoint": canonical.loads(bytes(made.body)),
            "signature": made.signature,
            "public_key": made.public_key,
            "keys": [canonical.loads(line) for line in keys.history()],
        }
    )
