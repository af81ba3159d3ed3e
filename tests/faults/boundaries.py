"""Every moment at which a dying process could leave something half done, found by watching, not by a list.

Watched are: each commit, each write outside a transaction, each call that goes out, each file that is synchronised or gets
its name, each mail. There is one moment before and one after each of them. Installed in a process of its own only.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

Meet = Callable[[int, str], None]
WRITES = ("INSERT", "UPDATE", "DELETE")
watching: list[Boundaries] = []


@contextmanager
def aside() -> Iterator[None]:
    """What the trial itself does is no part of the product."""
    before = [each.watching for each in watching]
    for each in watching:
        each.watching = False
    try:
        yield
    finally:
        for each, was in zip(watching, before):
            each.watching = was


class Boundaries:
    """Tells `meet` the number and the name of each moment that is passed."""

    def __init__(self, meet: Meet) -> None:
        self.meet, self.number, self.watching = meet, 0, True

    def passed(self, name: str) -> None:
        if self.watching:
            self.number += 1
            self.meet(self.number - 1, name)

    def around(self, owner: Any, name: str, says: str, only: Callable[..., bool] = lambda *_: True) -> None:
        real = getattr(owner, name)

        @wraps(real)
        def watched(*given: Any, **named: Any) -> Any:
            if not only(*given):
                return real(*given, **named)
            self.passed(f"before {says}")
            made = real(*given, **named)
            self.passed(f"after {says}")
            return made

        setattr(owner, name, watched)

    def install(self) -> None:
        """For the rest of this process."""
        watching.append(self)
        from django.core.mail.backends.filebased import EmailBackend
        from django.db.backends.base.base import BaseDatabaseWrapper
        from django.db.backends.utils import CursorWrapper

        from offboarding.gateways.wire import Wire

        self.around(BaseDatabaseWrapper, "_commit", "a commit")
        self.around(CursorWrapper, "_execute", "a write", writes_alone)
        self.around(Wire, "send", "a call")
        self.around(os, "fsync", "an fsync")
        self.around(os, "replace", "a rename")
        self.around(os, "unlink", "a deletion")
        self.around(EmailBackend, "send_messages", "a mail")


def writes_alone(cursor: Any, sql: str, *_: Any) -> bool:
    """Outside a transaction each write is a commit of its own."""
    return not cursor.db.in_atomic_block and sql.lstrip().upper().startswith(WRITES)


def die(_number: int = 0, _name: str = "") -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(wanted: int) -> Meet:
    return lambda number, _name: die() if number == wanted else None
