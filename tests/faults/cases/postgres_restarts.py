"""PostgreSQL restarted again and again while steps run: each process works again by itself, and all promises hold.

Whether a process works again is asked with a question of its own, as soon as the server answers: the web server serves
a page of somebody who is signed in, the engine ticks, and each worker does a task from the queue of its own name.
"""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep

from celery import Celery

from offboarding.execution.models import Run
from offboarding.work.models import Beat
from offboarding.work.rules import ENDED, State
from tests import servers
from tests.faults import crew, worlds
from tests.faults.broker import broker
from tests.faults.case import Case, Given, Measured
from tests.faults.databases import POSTGRES
from tests.faults.filling import fill
from tests.faults.invariants import FALSE_GONE, LOST, STALE, TWICE, check
from tests.faults.product import WORKERS, Product, product
from tests.faults.visitor import Book, signed_in
from tests.faults.workers import at_rest, wait_until
from tests.faults.world import disconnect

AGAIN_WITHIN = 10.0  # seconds after the server's return
MINUTES = 10
PLACES = 3
WAYS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill -9": signal.SIGKILL}
LOOK = "offboarding.work.tasks.look"


def people(long: bool) -> int:
    return 120 if long else 3


@dataclass
class Trial:
    given: Given
    cluster: servers.Cluster
    product: Product
    redis_url: str
    leaving: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    longest: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reader = signed_in(self.product.base, "olga", Book())
        self.nudges = Celery("trial", broker=self.redis_url)

    def feed(self, ahead: int = 30) -> None:
        """So that there is always something under way."""
        while self.leaving < people(self.given.long) and open_steps() < ahead:
            fill(self.given.world.segment, PLACES, 1, self.leaving)
            self.leaving += 1

    def work_for(self, seconds: float) -> None:
        end = monotonic() + seconds
        while monotonic() < end:
            self.feed()
            self.skip()
            sleep(0.2)

    def skip(self) -> None:
        crew.skip_manual(crew.waiting_for_people().filter(manual=True))

    def restart(self, way: str) -> None:
        disconnect()
        self.cluster.stop(WAYS[way])
        if (status := self.reader.client.get("/requests/").status_code) != 503:
            self.faults.append(f"without the database a page answered {status}, not 503")
        sleep(self.given.dice.uniform(0, 3) if self.given.long else 1.0)
        self.cluster.come_back()
        self.ways[way] += 1
        back = monotonic()
        self.watch(back)

    def watch(self, back: float) -> None:
        asked = self.questions()
        while asked and monotonic() - back < 3 * AGAIN_WITHIN:
            for name in [name for name, works in asked.items() if works()]:
                took = monotonic() - back
                self.longest[name] = max(took, self.longest.get(name, 0.0))
                if took > AGAIN_WITHIN:
                    self.faults.append(f"{name} worked again only after {took:.1f} s")
                del asked[name]
            sleep(0.1)
        self.faults += [f"{name} did not work again" for name in asked]

    def questions(self) -> dict[str, Callable[[], bool]]:
        beaten = newest_beat()
        return {
            "web": self.serves,
            "engine": lambda: newest_beat() > beaten,
            **{name: self.does_a_task(name) for name in WORKERS},
        }

    def serves(self) -> bool:
        return self.reader.client.get("/requests/").status_code == 200

    def does_a_task(self, name: str) -> Callable[[], bool]:
        """A look at a row that is not there: a question to the database, and no more."""
        sent: list[str] = []

        def works() -> bool:
            log = self.product.log(name)
            done = set(re.findall(r"Task \S+\[([0-9a-f-]+)\] succeeded", log))
            if done & set(sent):
                return True
            sent.append(self.nudges.send_task(LOOK, ["discovery.Look", 0], queue=name).id)
            sleep(0.2)
            return False

        return works


def open_steps() -> int:
    return Run.objects.filter(state__in=(State.READY, State.RUNNING, State.UNKNOWN)).count()


def newest_beat() -> float:
    newest = Beat.objects.order_by("-at").values_list("at", flat=True).first()
    return newest.timestamp() if newest else 0.0


def booted(trial: Trial) -> bool:
    return all("ready." in trial.product.log(name) for name in WORKERS)


def restarts(trial: Trial) -> None:
    """At random moments; the first only when every process has begun its work."""
    servers.wait_for(lambda: booted(trial), 180)
    dice, end = trial.given.dice, monotonic() + MINUTES * 60
    if not trial.given.long:
        for way in ("immediate", "kill -9"):
            trial.work_for(2)
            trial.restart(way)
        return
    while monotonic() < end:
        trial.work_for(dice.uniform(5, 40))
        trial.restart(dice.choice(list(WAYS)))


def run(given: Given) -> Measured:
    cluster = servers.Cluster.told(given.folder / "cluster.json")
    with broker() as server:
        server.start()
        with product(given.world, server.url) as running:
            trial = Trial(given, cluster, running, server.url)
            trial.feed()
            restarts(trial)
            done = wait_until(lambda: at_rest("execution.Run"), 300, trial.skip)
            trial.faults += running.dead()
    crew.everything()
    verdict = check(given.world)
    parked = Run.objects.filter(cause="crashed").count()
    steps = Run.objects.filter(manual=False, state__in=ENDED).count()
    trial.faults += [*verdict.faults, *([] if done else ["the steps did not come to rest"])]
    ways = ", ".join(f"{count} {way}" for way, count in sorted(trial.ways.items()))
    longest = ", ".join(f"{name} {took:.1f} s" for name, took in sorted(trial.longest.items()))
    return Measured(
        f"{sum(trial.ways.values())} restarts of PostgreSQL ({ways}) while {steps} steps ran",
        f"{verdict.says(LOST, FALSE_GONE, TWICE, STALE)}; {parked} parked; longest until each worked again: {longest}",
        trial.faults,
    )


CASE = Case(
    6,
    "PostgreSQL restarted again and again while steps run",
    run,
    databases=(POSTGRES,),
    workspaces=lambda long: worlds.many(PLACES, people(long)),
    own_server=True,
)
