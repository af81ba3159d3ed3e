"""What is stamped, and why the rest is not."""

from __future__ import annotations

from django.conf import settings

from offboarding.ledger.models import Checkpoint
from offboarding.ledger.queries import newest_checkpoint
from offboarding.stamps.models import Stamping
from offboarding.work.rules import State

# A row of its own number, as there is only one.
ONLY = 1


def stamping() -> Stamping | None:
    return Stamping.objects.filter(pk=ONLY).first()


def next_to_stamp(begins: int) -> Checkpoint | None:
    return Checkpoint.objects.filter(size__gte=begins, stamp=None).order_by("-size").first()


def why_not() -> str:
    """Why the newest checkpoint is not stamped, as far as somebody tried; empty if it is, or if no authority is named."""
    made, row = newest_checkpoint(), stamping()
    if not settings.TIME_STAMP_URL or made is None or hasattr(made, "stamp"):
        return ""
    if row and row.state == State.NEEDS_PERSON:
        return "asking stopped, and somebody has to look at the engine"
    return row.why if row and row.why else "the authority is still to be asked"
