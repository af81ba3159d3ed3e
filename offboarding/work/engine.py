"""The engine: looks anyway. It finds due rows in the database, so it needs no message and no broker."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

import structlog
from django.db import Error as DatabaseTrouble
from django.db import close_old_connections
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.work import clock, desks
from offboarding.work.actions import fire
from offboarding.work.beside import Beside
from offboarding.work.models import Beat
from offboarding.work.outage import is_behind

log = structlog.get_logger(__name__)

REST = 1.0  # seconds between two looks when nobody nudges
PACE = 0.2  # seconds between two rounds of the schedules, however often somebody nudges
AHEAD = 4  # a thread that has nothing left finds the next row without waiting for a round; few, since urgent ones wait for them
# Seconds that a thread may compute before another one comes in. Who holds the turn to write waits for its own at each statement,
# and with Python's 5 ms all others wait with it: on a busy machine the work of 16 threads takes a third less time so.
SWITCH = 0.001
URGENT = 0.2  # seconds between two looks for what nothing may hold up: another process may have written it, without a broker
HOLDS = 60.0  # seconds at a stretch for which that holds up other rows here
TELLS = 10.0  # and seconds between two rounds of the schedules meanwhile: people are to hear of it
SHARE = 3  # and so many times as long as the last round took, so that on a busy machine rounds do not hold up the work


class Engine:
    """Runs until `stop()`. Any number of engines may run, here and on other machines.

    `processes` is how many share the work, this one among them, each with so many threads. `beside` is the process that
    started this one for that: here no schedules are kept, and the engine ends when that process is gone.
    """

    def __init__(self, threads: int, processes: int = 1, beside: int = 0) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.threads, self.beside = threads, beside
        self.others = Beside(processes - 1, threads)
        self.stopping = threading.Event()
        self.beaten = self.kept = -REST
        self.kept_late = False
        self.pace = 0.0
        self.under_way: dict[tuple[str, int], Future[None]] = {}
        self.suspect: tuple[str, int] | None = None
        self.urgent: set[tuple[str, int]] = set()
        self.holding = 0.0  # since when, or 0
        self.fired: dict[str, str] = {}  # the newest slot of each schedule

    def stop(self) -> None:
        self.stopping.set()
        pulse.woken.set()

    def run(self) -> None:
        sys.setswitchinterval(SWITCH)
        with ThreadPoolExecutor(self.threads, thread_name_prefix="engine") as pool:
            while not self.stopping.is_set() and not self.alone():
                pulse.woken.clear()
                if not self.turn(pool):
                    self.wait()
        self.others.stop()
        close_old_connections()

    def alone(self) -> bool:
        """The process that this one works beside is gone."""
        return bool(self.beside) and os.getppid() != self.beside

    def turn(self, pool: ThreadPoolExecutor) -> bool:
        """One look at everything. True if there was something to do. A database that is away is waited for."""
        close_old_connections()
        try:
            desks.opening.ask()
            handed = self.hand_out_urgent(pool)
            if not self.beside:
                self.others.keep()
                self.beat()
                self.keep_schedules(lambda: self.hand_out(pool))
            return self.hand_out(pool) or handed
        except DatabaseTrouble as error:
            event = "tables are not those of this version" if is_behind(error) else "database does not answer"
            log.warning(event, error=type(error).__name__)
            return False

    def beat(self) -> None:
        """Once a second is enough for whoever looks, however many turns there are."""
        if monotonic() - self.beaten < REST:
            return
        self.beaten = monotonic()
        _, new = Beat.objects.update_or_create(engine=self.name, defaults={"at": Now()})
        if new:  # others that ended long ago are forgotten
            Beat.objects.filter(at__lt=Now() - timedelta(days=1)).delete()

    def wait(self) -> None:
        """Until somebody wakes us, a rest is over, or there is something that nothing may hold up."""
        ends = monotonic() + self.rest()
        while (left := ends - monotonic()) > 0 and not pulse.woken.wait(min(URGENT, left)):
            if something_urgent():
                return

    def rest(self) -> float:
        """Until the schedules are due again, if a turn has just left them out. Nobody in another process wakes us."""
        if self.beside:
            return PACE
        return self.pace if self.kept_late else REST

    def keep_schedules(self, between: Callable[[], object] = lambda: None) -> None:
        """A few times a second at most: each piece of work that ends wakes us, and all of them look at everything.

        What a schedule has released does not wait for the next schedule: `between` is called after each of the first ones.
        """
        pace = max(self.pace, TELLS) if self.holds_back() else self.pace
        self.kept_late = monotonic() - self.kept < pace
        if self.kept_late:
            return
        now, begun = clock.now(), monotonic()
        self.kept = begun
        for schedule in sorted(desks.SCHEDULES.values(), key=lambda each: not each.first):
            self.keep(schedule, schedule.slot(now))
            if schedule.first:
                between()
        self.pace = min(REST, max(PACE, SHARE * (monotonic() - begun)))

    def keep(self, schedule: desks.Schedule, slot: str) -> None:
        if not slot:
            schedule.run()
        elif self.fires(schedule.name, slot):
            log.info("schedule fired", schedule=schedule.name, slot=slot)
            schedule.run()

    def fires(self, name: str, slot: str) -> bool:
        """What has fired, here or elsewhere, is not asked for again: that would be a transaction for nothing."""
        if self.fired.get(name) == slot:
            return False
        won = fire(name, slot)
        self.fired[name] = slot
        return won

    def hand_out(self, pool: ThreadPoolExecutor) -> bool:
        urgent = self.hand_out_urgent(pool)
        if self.holds_back():
            return urgent
        handed = self.hand_out_suspect(pool) or urgent
        for kind, desk in desks.DESKS.items():
            handed = bool(self.hand_out_of(pool, kind, desk.due)) or handed
        return handed

    def hand_out_urgent(self, pool: ThreadPoolExecutor) -> bool:
        self.under_way = {key: future for key, future in self.under_way.items() if not future.done()}
        handed: set[tuple[str, int]] = set()
        for kind, desk in desks.DESKS.items():
            handed |= self.hand_out_of(pool, kind, desk.urgent)
        self.urgent = {key for key in self.urgent if key in self.under_way} | handed
        return bool(handed)

    def holds_back(self) -> bool:
        """What is urgent is under way here, so nothing else begins; not for ever, since it may wait for somebody silent."""
        if not self.urgent:
            self.holding = 0.0
            return False
        self.holding = self.holding or monotonic()
        return monotonic() - self.holding < HOLDS

    def hand_out_of(
        self, pool: ThreadPoolExecutor, kind: str, due: Callable[[int], list[int]]
    ) -> set[tuple[str, int]]:
        most, handed = self.threads + AHEAD, set[tuple[str, int]]()
        for pk in due(most) if len(self.under_way) < most else ():
            if self.engaged(kind):
                break
            if (kind, pk) not in self.under_way and len(self.under_way) < most:
                self.under_way[kind, pk] = pool.submit(self.look, kind, pk)
                handed.add((kind, pk))
        return handed

    def engaged(self, kind: str) -> bool:
        """Nobody waits for this kind of work, and one row of it is being worked on."""
        return desks.DESKS[kind].spare and any(kind == other for other, _ in self.under_way)

    def hand_out_suspect(self, pool: ThreadPoolExecutor) -> bool:
        """One at a time: a row that kills its process never does so together with another that was dropped with it."""
        if self.suspect in self.under_way or len(self.under_way) >= self.threads:
            return False
        free = ((kind, desk) for kind, desk in desks.DESKS.items() if not self.engaged(kind))
        self.suspect = next(((kind, pk) for kind, desk in free for pk in desk.suspects(1)), None)
        if self.suspect is None:
            return False
        self.under_way[self.suspect] = pool.submit(self.look, *self.suspect)
        return True

    def look(self, kind: str, pk: int) -> None:
        try:
            desks.look(kind, pk)
        except Exception as error:  # the row keeps its lease and comes back; the engine must live on
            log.error("work stopped", kind=kind, pk=pk, error=type(error).__name__, exc_info=True)
        finally:
            pulse.woken.set()


def something_urgent() -> bool:
    try:
        return any(desk.urgent(1) for desk in desks.DESKS.values())
    except DatabaseTrouble:
        return False
