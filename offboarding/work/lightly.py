"""Transactions that may be lost together with the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def lightly() -> Iterator[None]:
    """A transaction of which nobody outside is told before another one stands: a claim, or that a look is about to be made.

    On SQLite everybody who knows of it is on the same machine. Should that lose its power, they are gone with it, and the row
    is as it was before; so its commit does not wait for the disk. Whatever is committed later brings it there too. On
    PostgreSQL, which may stop by itself while its workers go on, it is a transaction like all others.
    """
    database: Any = connection
    before = getattr(database, "lightly", False)
    database.lightly = True
    try:
        with transaction.atomic():
            yield
    finally:
        database.lightly = before
