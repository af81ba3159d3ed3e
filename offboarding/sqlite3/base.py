"""Django's backend for SQLite, whose threads take turns at writing, and wait for the disk together.

SQLite has one writer at a time. Who finds it busy sleeps and asks again, up to 100 ms later, and whoever comes meanwhile
goes first: with 16 threads a transaction of 2 ms waits for seconds now and then (SQLite, sqlite3_busy_timeout). The threads
of one process queue here instead. Other processes are still met by asking again.

Where a commit waits for the disk (`synchronous=FULL`), it does so after its turn: the transaction is written to the log under
`synchronous=NORMAL`, the next one begins, and `commit` comes back when the log has reached the disk. One wait serves all that
were written before it began. In WAL mode NORMAL leaves out nothing but that wait (SQLite, "PRAGMA synchronous").
"""

from __future__ import annotations

import os
import threading
from itertools import count
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

FULL = 2  # as `PRAGMA synchronous` answers


class Log:
    """The write-ahead log of one file, and how much of it has reached the disk."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.turn = threading.Lock()
        self.disk = threading.Lock()
        self.tickets = count(1)  # one for each commit, and one for each wait
        self.safe = 0

    def settle(self) -> None:
        """Returns once what is committed so far would survive a loss of power. Raises OperationalError if it may not."""
        mine = next(self.tickets)
        with self.disk:
            if self.safe > mine:
                return
            upto = next(self.tickets)
            try:
                to_disk(self.path)
            except OSError as error:
                raise OperationalError("disk I/O error") from error
            self.safe = upto


def to_disk(path: str) -> None:
    """Without a log there is nothing to wait for: SQLite removes it after all of it has reached the file itself."""
    try:
        log = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        os.fsync(log)
    finally:
        os.close(log)


logs: dict[str, Log] = {}  # one for each file


def begin_anew() -> None:
    """A lock may be held by a thread that did not survive the fork."""
    logs.clear()


os.register_at_fork(after_in_child=begin_anew)


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.turn: threading.Lock | None = None
        self.full = False
        self.lightly = False  # see `work.lightly`

    def get_new_connection(self, conn_params: Any) -> Any:
        made = super().get_new_connection(conn_params)
        mode = made.execute("PRAGMA journal_mode").fetchone()[0]
        self.full = mode == "wal" and made.execute("PRAGMA synchronous").fetchone()[0] == FULL
        return made

    @property
    def log(self) -> Log:
        name = str(self.settings_dict["NAME"])
        return logs.setdefault(name, Log(f"{name}-wal"))

    def _start_transaction_under_autocommit(self) -> None:
        self.take_turn()
        try:
            if self.full:
                self.connection.execute("PRAGMA synchronous=NORMAL")
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self.end_turn()
            raise

    def _commit(self) -> None:
        """A commit that fails leaves the transaction open, and its turn."""
        waits = self.full and not self.lightly and self.connection.in_transaction
        super()._commit()  # type: ignore[misc]
        self.end_turn()
        if waits:
            self.log.settle()

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
        turn = self.log.turn
        if not turn.acquire(timeout=self.settings_dict["OPTIONS"].get("timeout", 5.0)):
            raise OperationalError("database is locked")
        self.turn = turn

    def end_turn(self) -> None:
        """Statements on their own wait for the disk by themselves."""
        turn, self.turn = self.turn, None
        if turn is None:
            return
        if self.full and self.connection is not None:
            self.connection.execute("PRAGMA synchronous=FULL")
        turn.release()
