"""Redis emptied again and again, absent, frozen, and killed and started many times, while the whole product runs.

Every part has people of its own who leave, and meanwhile others sign in, approve and attach evidence through HTTP.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from time import monotonic

from offboarding.execution.models import Run
from offboarding.lib.addresses import key
from offboarding.removals.models import RemovalRequest
from offboarding.work.rules import ENDED, State
from tests.faults import crew, worlds
from tests.faults.broker import Broker, broker
from tests.faults.case import Case, Given, Measured
from tests.faults.databases import POSTGRES
from tests.faults.filling import fill, jotted
from tests.faults.invariants import FALSE_GONE, LOST, TWICE, check
from tests.faults.product import WORKERS, Product, go_first, product
from tests.faults.visitor import Book, Visitor, approve, sign_off, still_throttled
from tests.faults.workers import at_rest, wait_until

SLOWEST = 3.0  # seconds for any request
LONGEST = 1200.0  # seconds for one part
EMPTIED_EVERY = 2.0  # seconds
RESTED = 2.5  # seconds


def places(long: bool) -> int:
    return 12 if long else 3


def people(long: bool) -> tuple[int, ...]:
    """Who leaves in each part; the first part is the one that is measured in thousands of steps."""
    return (15, 1, 1, 2) if long else (1, 1, 1, 1)


@dataclass
class Part:
    """One way in which Redis fails, and the work that is under way meanwhile."""

    given: Given
    broker: Broker
    product: Product
    book: Book
    first: int
    people: int
    steps: int = 0

    def fill(self) -> None:
        """All of them leave, and one more is waiting for an approval."""
        known, wide = Run.objects.filter(manual=False).count(), places(self.given.long)
        jotted(self.given.world.segment, wide, [self.last])
        self.pending = crew.file(worlds.email(self.last), worlds.choices(self.last, wide))
        self.steps = fill(self.given.world.segment, wide, self.people, self.first) - known
        self.proof = (
            crew.waiting_for_people().filter(manual=True, item__plan__removal__in=self.removals()).first()
        )
        assert self.proof, "no step waits for a picture"

    @property
    def last(self) -> int:
        return self.first + self.people

    def removals(self) -> list[RemovalRequest]:
        people = [key([worlds.email(number)]) for number in range(self.first, self.last)]
        return list(RemovalRequest.objects.filter(person__in=people))

    def people_act(self) -> None:
        """Signing in, approving with a proof of who one is, and attaching evidence, through HTTP."""
        reference = self.proof.item.plan.removal.reference
        with ThreadPoolExecutor(1, initializer=go_first) as pool:
            pool.submit(approve, self.product.base, self.book, self.pending.reference).result()
            proof = (reference, self.proof.item.number, self.first)
            pool.submit(sign_off, self.product.base, self.book, *proof).result()
        self.proof.refresh_from_db()
        assert self.proof.state in ENDED, f"the signed-off step is {self.proof.state}"

    def skip(self) -> None:
        """What only people can do, but for the step that somebody signs off."""
        crew.skip_manual(crew.waiting_for_people().filter(manual=True).exclude(pk=self.proof.pk))

    def until(self, done: Callable[[], bool]) -> None:
        if not wait_until(done, LONGEST, self.skip):
            raise AssertionError("the steps did not come to rest")

    def to_the_end(self) -> None:
        """At rest for so long that the engine's next turns would have released what could go on."""
        began = monotonic()

        def over() -> bool:
            nonlocal began
            if self.by_hand() or not at_rest("execution.Run"):
                began = monotonic()
            return monotonic() - began > RESTED

        self.until(over)

    def by_hand(self) -> bool:
        return bool(crew.waiting_for_people().filter(manual=True).exists())

    def share_done(self) -> float:
        runs = Run.objects.filter(manual=False, item__plan__removal__in=self.removals())
        return runs.filter(state__in=ENDED).count() / max(1, runs.count())


@contextmanager
def again_and_again(act: Callable[[], None], seconds: float, at_most: int = 0) -> Iterator[Callable[[], int]]:
    """`act` every so many seconds, at most so often if that is said; gives how often it was."""
    over, times = threading.Event(), [0]

    def work() -> None:
        for number in count(1):
            if over.wait(seconds) or (at_most and number > at_most):
                return
            act()
            times[0] = number

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield lambda: times[0]
    finally:
        over.set()
        thread.join()


def emptied(part: Part) -> str:
    with again_and_again(part.broker.forget, EMPTIED_EVERY) as times:
        part.people_act()
        part.to_the_end()
    return f"emptied {times()} times in {part.steps} steps"


def absent(part: Part) -> str:
    part.broker.kill()
    part.people_act()
    assert still_throttled(part.product.base, part.book), "wrong passwords are not throttled without Redis"
    part.to_the_end()
    part.broker.start()
    return f"absent for {part.steps}"


def frozen(part: Part) -> str:
    part.until(lambda: part.share_done() >= 0.2)
    part.broker.freeze()
    part.people_act()
    part.to_the_end()
    part.broker.thaw()
    return f"frozen from a fifth of {part.steps} to their end"


def killed(part: Part) -> str:
    wanted = part.given.size(20, 4)

    def restart() -> None:
        part.broker.kill()
        part.broker.start()

    with again_and_again(restart, 1.0, wanted) as times:
        part.people_act()
        part.until(lambda: times() == wanted)
        part.to_the_end()
    return f"killed and started {times()} times in {part.steps}"


PARTS = (emptied, absent, frozen, killed)


def run(given: Given) -> Measured:
    said, faults, book, first = [], list[str](), Book(), 0
    with broker() as server:
        server.start()
        with product(given.world, server.url) as running, Visitor(running.base, book):
            for act, leaving in zip(PARTS, people(given.long)):
                part = Part(given, server, running, book, first, leaving)
                first += leaving + 1
                part.fill()
                try:
                    said.append(act(part))
                except AssertionError as error:
                    faults.append(f"{act.__name__}: {error}")
                    break
            ended_workers = [each for each in running.dead() if each.startswith(WORKERS)]
            faults += [each for each in running.dead() if not each.startswith(WORKERS)]
            worked = [running.log(name).count('"event": "looked"') for name in WORKERS]
    crew.everything()
    verdict = check(given.world)
    faults += [*verdict.faults, *book.slower_than(SLOWEST), *book.broken()]
    if not all(worked):
        faults.append(f"the workers looked {worked} times: the messages reached nobody")
    ended = Run.objects.filter(manual=False, state=State.DONE).count()
    return Measured(
        f"Redis {', '.join(said)}; an engine, two Celery workers and a web server that is visited all the while",
        f"{verdict.says(LOST, FALSE_GONE, TWICE)}; {ended} steps done; the longest of {len(book.visits)} requests"
        f" took {book.longest:.1f} s; sign-in, approval and evidence worked each time{told_of(ended_workers)}",
        faults,
    )


def told_of(ended_workers: list[str]) -> str:
    """Celery itself now and then gives up at a bad moment of its broker. Any supervisor starts a worker again, and the
    engine does its work meanwhile; so it is said, and is no fault of a step."""
    return f"; {len(ended_workers)} of {len(WORKERS)} workers ended by themselves" if ended_workers else ""


CASE = Case(
    5,
    "Redis emptied, absent, frozen, killed and started while everything runs",
    run,
    databases=(POSTGRES,),
    workspaces=lambda long: worlds.many(places(long), sum(people(long)) + len(PARTS)),
)
