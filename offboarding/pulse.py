"""A nudge after a commit: somebody may look at this row now. Nothing depends on it arriving."""

from __future__ import annotations

import os
import threading
from functools import partial
from queue import Full, Queue
from time import monotonic
from typing import Any

import structlog
from django.conf import settings
from django.db import models, transaction

log = structlog.get_logger(__name__)

# Wakes the engine that lives in this process, if one does.
woken = threading.Event()
# A broker that does not answer is asked once in a while, not once for each of twenty rows.
REST = 15.0  # seconds
KEPT = 1000  # nudges that wait for the broker; more are dropped, and the engine finds their rows by itself


def nudge(row: models.Model) -> None:
    kind, pk = row._meta.label, row.pk
    transaction.on_commit(partial(send, kind, pk), robust=True)


def wake() -> None:
    """Call after the commit: an engine in this process need not wait for its next second."""
    woken.set()


def send(kind: str, pk: int) -> None:
    wake()
    if settings.REDIS_URL:
        post.put(kind, pk)


class Post:
    """Carries nudges to the broker from one thread of its own: no page ever waits for a broker, however silent it is."""

    def __init__(self) -> None:
        self.letters: Queue[tuple[str, int]] = Queue(KEPT)
        self.quiet_until = 0.0
        self.lock = threading.Lock()
        self.carrier: threading.Thread | None = None
        self.producer: Any = None

    def put(self, kind: str, pk: int) -> None:
        """Returns at once, whether it can be sent or not."""
        if monotonic() < self.quiet_until:
            return
        try:
            self.letters.put_nowait((kind, pk))
        except Full:
            return
        with self.lock:
            if self.carrier is None:
                self.carrier = threading.Thread(target=self.carry, name="nudges", daemon=True)
                self.carrier.start()

    def carry(self) -> None:
        while True:
            kind, pk = self.letters.get()
            try:
                if monotonic() >= self.quiet_until:
                    self.hand_in(kind, pk)
            except Exception as error:  # noqa: BLE001  (any broker trouble at all: the engine finds the row by itself)
                self.quiet_until, self.producer = monotonic() + REST, None
                log.warning("nudge not sent", kind=kind, pk=pk, error=type(error).__name__)
            finally:
                self.letters.task_done()

    def hand_in(self, kind: str, pk: int) -> None:
        """Over a connection of its own: Celery's pool is not made to be inherited by a process that forks."""
        from offboarding.celery import app

        if self.producer is None:
            self.producer = app.amqp.Producer(app.connection_for_write())
        app.send_task(
            "offboarding.work.tasks.look",
            [kind, pk],
            ignore_result=True,
            retry=False,
            producer=self.producer,
        )


post = Post()


def begin_anew() -> None:
    """Threads do not survive a fork, and a lock may be held by one that did not."""
    global post
    post = Post()


os.register_at_fork(after_in_child=begin_anew)
