"""A nudge after a commit: somebody may look at this row now. Nothing depends on it arriving."""

from __future__ import annotations

import threading
from functools import partial
from time import monotonic

import structlog
from django.conf import settings
from django.db import models, transaction

log = structlog.get_logger(__name__)

# Wakes the engine that lives in this process, if one does.
woken = threading.Event()
# A broker that does not answer costs a page its time-out once, not once for each of twenty rows.
REST = 15.0  # seconds
quiet_until = 0.0


def nudge(row: models.Model) -> None:
    kind, pk = row._meta.label, row.pk
    transaction.on_commit(partial(send, kind, pk), robust=True)


def send(kind: str, pk: int) -> None:
    global quiet_until
    woken.set()
    if not settings.REDIS_URL or monotonic() < quiet_until:
        return
    from offboarding.celery import app

    try:
        app.send_task("offboarding.work.tasks.look", [kind, pk], ignore_result=True, retry=False)
    except Exception as error:  # noqa: BLE001  (any broker trouble at all: the engine finds the row by itself)
        quiet_until = monotonic() + REST
        log.warning("nudge not sent", kind=kind, pk=pk, error=type(error).__name__)
