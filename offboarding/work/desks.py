"""Which rows there are to look at, and who knows how. Rooms register here when Django starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from threading import Lock
from time import monotonic
from typing import Any

import structlog
from django.db import close_old_connections, connection
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now

from offboarding.work.actions import LostLease, StandsStill, claim, nothing_more, rest_still
from offboarding.work.models import Order
from offboarding.work.rules import State

log = structlog.get_logger(__name__)


# Dropped once, and now again: the process died twice in a row while this row was worked on.
SUSPECT = Q(state=State.RUNNING.value, crashes__gte=1)
# What goes after all others takes its place among them once it has waited for so long, so that it comes on a busy day too.
LONG_ENOUGH = timedelta(minutes=1)


@cache
def spelled(
    model: type[Order], limit: int, *, suspects: bool = False, first: Q | None = None, last: Q | None = None
) -> tuple[str, Any]:
    """The query for due rows as SQL. An engine asks it all the time, and to work it out takes longer than the answer."""
    rows = model._default_manager.filter(Order.due(Now()), *([first] if first else []))
    rows = rows.filter(SUSPECT) if suspects else rows.exclude(SUSPECT)
    after = (
        [Case(When(last & Q(not_before__gt=Now() - LONG_ENOUGH), then=1), default=Value(0))] if last else []
    )
    return rows.order_by(*after, "not_before", "pk").values_list("pk")[:limit].query.sql_with_params()


def numbers(asked: str, given: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(asked, given)
        return [pk for (pk,) in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Desk:
    model: type[Order]
    perform: Callable[[Any], None]
    parked: Callable[[Any], None] = nothing_more
    # Rows that go before all others, of every desk.
    first: Q | None = None
    # Rows that go after all others of this desk.
    last: Q | None = None
    # Nobody waits for it: a process works on one row of it at a time, so that most of its threads are left to the others.
    spare: bool = False
    under_way: Lock = field(default_factory=Lock, repr=False, compare=False)

    def urgent(self, limit: int) -> list[int]:
        """Due rows that nothing else may hold up. No query where this desk has none."""
        if self.first is None:
            return []
        return numbers(*spelled(self.model, limit, first=self.first))

    def due(self, limit: int) -> list[int]:
        """Rows that may be worked on beside others."""
        return numbers(*spelled(self.model, limit, last=self.last))

    def suspects(self, limit: int) -> list[int]:
        """Due rows that were dropped more than once. Whatever stops one of them stops its neighbours too."""
        return numbers(*spelled(self.model, limit, suspects=True))

    def look(self, pk: int) -> bool:
        """Claim the row and do the next thing that it needs. False if there was nothing to do, or it is not its turn."""
        if not self.spare:
            return self.work_on(pk)
        if not self.under_way.acquire(blocking=False):
            return False
        try:
            return self.work_on(pk)
        finally:
            self.under_way.release()

    def work_on(self, pk: int) -> bool:
        row = claim(self.model, pk, self.parked)
        if row is None:
            return False
        started = monotonic()
        outcome = "put down"
        try:
            self.take_up(row)
        except LostLease:
            outcome = "lost lease"
        except Exception as error:
            outcome = f"crashed: {type(error).__name__}"
            raise
        finally:
            log.info(
                "looked",
                kind=self.model._meta.label,
                pk=pk,
                fence=row.fence,
                outcome=outcome,
                ms=round((monotonic() - started) * 1000),
            )
        return True

    def take_up(self, row: Order) -> None:
        try:
            self.perform(row)
        except StandsStill:
            rest_still(row)


@dataclass(frozen=True, slots=True)
class Schedule:
    name: str
    slot: Callable[[datetime], str]
    run: Callable[[], None]
    # It lets work begin that somebody waits for, so it comes before what only tells of work.
    first: bool = False


DESKS: dict[str, Desk] = {}
SCHEDULES: dict[str, Schedule] = {}
# What every process that does slow work asks once, before anything else.
FIRST: list[Callable[[], None]] = []


class Opening:
    """Whether this process has asked. Others wait while one asks; a database that is away is asked again."""

    def __init__(self) -> None:
        self.asked = False
        self.lock = Lock()

    def ask(self) -> None:
        with self.lock:
            if not self.asked:
                for question in FIRST:
                    question()
                self.asked = True


opening = Opening()


def register(
    model: type[Order],
    perform: Callable[[Any], None],
    parked: Callable[[Any], None] = nothing_more,
    *,
    first: Q | None = None,
    last: Q | None = None,
    spare: bool = False,
) -> None:
    """`perform` works on a claimed row; `parked` tells the room that a row stopped three times and needs a person.

    Rows that are `first` go before those of all desks, and rows that are `last` after the others of this one. Work that
    nobody waits for is `spare`: one row at a time in a process.
    """
    DESKS[model._meta.label] = Desk(model, perform, parked, first, last, spare)


def schedule(
    name: str, slot: Callable[[datetime], str], run: Callable[[], None], *, first: bool = False
) -> None:
    """`run` once for each different value of `slot(now)`, whichever engine comes first."""
    SCHEDULES[name] = Schedule(name, slot, run, first)


def look(kind: str, pk: int) -> bool:
    """The whole of a Celery task, and of an engine's thread."""
    close_old_connections()
    try:
        opening.ask()
        return DESKS[kind].look(pk)
    finally:
        close_old_connections()
