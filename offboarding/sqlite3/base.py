"""Django's backend for SQLite, whose threads take turns at writing.

SQLite has one writer at a time. Who finds it busy sleeps and asks again, up to 100 ms later, and whoever comes meanwhile
goes first: with 16 threads a transaction of 2 ms waits for seconds now and then (SQLite, sqlite3_busy_timeout). The threads
of one process queue here instead. Other processes are still met by asking again.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

turns: dict[str, threading.Lock] = {}  # one for each file


def begin_anew() -> None:
    """A lock may be held by a thread that did not survive the fork."""
    turns.clear()


os.register_at_fork(after_in_child=begin_anew)


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.turn: threading.Lock | None = None

    def _start_transaction_under_autocommit(self) -> None:
        self.take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self.end_turn()
            raise

    def _commit(self) -> None:
        """A commit that fails leaves the transaction open, and its turn."""
        super()._commit()  # type: ignore[misc]
        self.end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self.end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self.end_turn()

    def take_turn(self) -> None:
        """As long as SQLite itself would wait."""
        turn = turns.setdefault(str(self.settings_dict["NAME"]), threading.Lock())
        if not turn.acquire(timeout=self.settings_dict["OPTIONS"].get("timeout", 5.0)):
            raise OperationalError("database is locked")
        self.turn = turn

    def end_turn(self) -> None:
        turn, self.turn = self.turn, None
        if turn is not None:
            turn.release()
