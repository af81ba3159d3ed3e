"""Having checkpoints stamped, one after the other."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.ledger.models import Checkpoint, Stamp
from offboarding.ledger.queries import newest_checkpoint
from offboarding.stamps.models import Stamping
from offboarding.stamps.queries import ONLY
from offboarding.work.actions import move, put_down
from offboarding.work.rules import State


def wake() -> None:
    """Let the row look, if an authority is named and a checkpoint lacks its stamp. Whoever comes often may call it."""
    newest = newest_checkpoint() if settings.TIME_STAMP_URL else None
    if newest is None:
        return
    with transaction.atomic():
        row, made = Stamping.objects.get_or_create(
            pk=ONLY, defaults={"begins": newest.size, "state": State.READY}
        )
        if made:
            pulse.nudge(row)
        # It rests only once everything is stamped, so what lacks a stamp is newer.
        elif row.state == State.WAITING and row.not_before is None and not hasattr(newest, "stamp"):
            move(row, State.READY, not_before=Now())


def rest(row: Stamping) -> None:
    """Nothing is left to be stamped, or no authority is named any more; `wake` sees when that changes."""
    put_down(row, State.WAITING, after=None, waiting_for="the next checkpoint", tries=0, why="")


def later(row: Stamping, why: str, pause: timedelta) -> None:
    put_down(
        row,
        State.WAITING,
        after=pause,
        waiting_for=f"Not stamped yet, because {why[:150]}. Next try",
        tries=min(row.tries + 1, 100),
        why=why[:300],
    )


def stamped(row: Stamping, made: Checkpoint, at: datetime, answer: bytes) -> None:
    """Kept once, whoever else asked meanwhile; and the row looks whether there is more."""
    with transaction.atomic():
        put_down(row, State.READY, tries=0, why="")
        Stamp.objects.get_or_create(checkpoint=made, defaults={"at": at, "answer": answer})
