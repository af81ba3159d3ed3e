"""Signed checkpoints of the ledger beside the evidence, where that is a bucket in which nobody changes anything."""

from __future__ import annotations

from django.conf import settings

from offboarding.evidence.rules import keep_until
from offboarding.evidence.store import storage
from offboarding.ledger.models import Checkpoint
from offboarding.ledger.outside import line_of


def to_bucket(made: Checkpoint) -> bool:
    """True once it is there, locked for as long as records are kept; false if evidence stands in a folder. Raises OSError."""
    until = keep_until(made.at.date(), settings.RETENTION_YEARS)
    return storage().put_checkpoint(f"{made.size:012}.jsonl", line_of(made) + b"\n", until)
