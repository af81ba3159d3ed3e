"""Holding a row through slow work that cannot say how far it is, such as making a long document."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic

from django.db import Error, connection

from offboarding.work import actions
from offboarding.work.actions import LostLease, renew
from offboarding.work.models import Order

LONGEST = timedelta(minutes=30)  # after that the work hangs, and another may try


@contextmanager
def beating(row: Order) -> Iterator[None]:
    """The lease is renewed beside the work until it ends or is lost. A process that dies or stands still stops renewing."""
    over = threading.Event()
    beat = threading.Thread(
        target=beats, args=(row, over), name=f"holds {row._meta.label} {row.pk}", daemon=True
    )
    beat.start()
    try:
        yield
    finally:
        over.set()
        beat.join()


def beats(row: Order, over: threading.Event) -> None:
    end = monotonic() + LONGEST.total_seconds()
    try:
        while not over.wait(actions.LEASE.total_seconds() / 5) and monotonic() < end:
            # A database that is away is asked again; whoever works finds out by itself.
            with suppress(Error):
                renew(row)
    except LostLease:
        return
    finally:
        connection.close()
