"""Emergencies over several clients while workers die by kill -9 and Segment lies; nobody who approves is there.

The press itself is killed at each of its moments: nothing of it stands, or all of it. Then engines, of which one dies again
and again, empty the workspaces while half of all calls go wrong, some of them by a success that is none. In the end the
trouble is over, and what stopped is asked for once more.
"""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from time import monotonic

from offboarding.connections.models import Workspace
from offboarding.directory.models import Membership
from offboarding.emergencies.actions import Word
from offboarding.emergencies.models import Emergency, Hold
from offboarding.execution.models import Run
from offboarding.journey import emergency
from offboarding.ledger.models import Entry
from offboarding.removals.models import RemovalRequest
from offboarding.removals.urgent import Urgent
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work.rules import ENDED, State
from tests.faults import crew, troubles, worlds
from tests.faults.boundaries import Boundaries, die_at
from tests.faults.case import Case, Given, Measured
from tests.faults.hands import Hands
from tests.faults.invariants import FALSE_GONE, LOST, TWICE, Verdict, check
from tests.faults.processes import finished, told
from tests.faults.segment import Json
from tests.faults.workers import Crowd, at_rest, engine, wait_until

WORKERS, THREADS = 3, 4
SLOWEST = 1800  # seconds
DECIDES = ("segment.contain", "verify.place")


def places(long: bool) -> int:
    return 30 if long else 3


def people(long: bool) -> int:
    return 4 if long else 1


def press(number: int) -> None:
    """Sam's, about this person, over every workspace of the three clients."""
    now, address = datetime.now(UTC), worlds.email(number)
    said = Urgent([address], "", "credentials-compromised", f"INC-{number}", "UTC")
    word = Word(crew.user("sam"), "Remove access now", "passkey", "127.0.0.1")
    there = list(Workspace.objects.filter(client__name__in=worlds.CLIENTS).select_related("client"))
    emergency.release(said, now - timedelta(minutes=5), there, word, now)


def nobody_approves() -> int:
    able = Membership.objects.filter(role=Role.APPROVER).values("user")
    return User.objects.filter(pk__in=able).update(is_active=False)


# ---------------------------------------------------------------- the press


def moments() -> str:
    names: list[str] = []
    Boundaries(lambda _number, name: names.append(name)).install()
    press(0)
    return "\n".join(names)


def dies(moment: int) -> None:
    Boundaries(die_at(moment)).install()
    press(0)


def killed_presses(given: Given, verdict: Verdict) -> int:
    """Each leaves nothing, or one request for each client, held, running, and told by the ledger."""
    given.world.keep("empty")
    names = told(given.folder / "moments", moments).split("\n")
    for moment, name in enumerate(names):
        given.world.put_back("empty")
        if finished(lambda at=moment: dies(at)) != -signal.SIGKILL:  # type: ignore[misc]
            verdict.add(LOST, [f"the press was not there to be killed {name}"])
        verdict.add(LOST, [f"a press killed {name}: {wrong}" for wrong in halves()])
    given.world.put_back("empty")
    return len(names)


def halves() -> list[str]:
    counts = {
        "requests": RemovalRequest.objects.filter(emergency=True, stage="running").count(),
        "releases": Emergency.objects.count(),
        "holds": Hold.objects.filter(held=True).count(),
        "entries": Entry.objects.filter(event="emergency.released").count(),
        "clients begun": Run.objects.filter(item__step="segment.contain", urgent=True)
        .values("item__plan").distinct().count(),
    }  # fmt: skip
    return [] if set(counts.values()) in ({0}, {len(worlds.CLIENTS)}) else [str(counts)]


# ---------------------------------------------------------------- the work


class Trial:
    def __init__(self, given: Given) -> None:
        self.given, self.hands = given, Hands()
        self.wanted, self.kills, self.next_kill = given.size(60, 2), 0, 0.0
        self.crowd = Crowd(lambda: engine(THREADS), WORKERS)

    def tick(self) -> None:
        self.crowd.replace_dead()
        if self.kills < self.wanted and monotonic() >= self.next_kill:
            self.crowd.kill_one(self.given.dice.randrange(WORKERS))
            self.kills += 1
            self.next_kill = monotonic() + self.given.dice.uniform(0.1, 1.0)
        self.hands.answer()

    def over(self) -> bool:
        return self.kills >= self.wanted and at_rest("execution.Run")


def lies(given: Given) -> None:
    """Half of all calls go wrong, some by a success without an effect; and two that are sure to."""
    segment, there = given.world.segment, [worlds.slug(place) for place in range(places(given.long))]
    for slug in there[:2]:
        segment.trouble("no_effect", {"workspace": slug, "method": "DELETE"}, count=1)
    troubles.begin(segment, given.seed, {slug: [] for slug in there})


def to_the_end(trial: Trial) -> None:
    """The trouble is over; whoever may presses the second time, and what stopped is asked for again."""
    trial.given.world.segment.clear_trouble()
    for _ in range(20):
        crew.everything(people=False)
        moved = trial.hands.answer()
        for removal in RemovalRequest.objects.filter(emergency=True, stage="running"):
            plan = removal.plans.get()
            if waiting := [run.item.number for run in emergency.queued(removal, plan)]:
                emergency.let_go(removal, Word(crew.user("sam"), "Change", "passkey", None), waiting)
                moved += 1
        if not moved:
            return


def still_in(given: Given) -> list[str]:
    """By the simulator's own word, whoever is still a member or invited anywhere."""
    return [
        f"{worlds.email(number)} is still in {worlds.slug(place)}"
        for number in range(people(given.long))
        for place in range(places(given.long))
        if any(given.world.segment.person(worlds.slug(place), worlds.email(number)).values())
    ]


def open_lanes() -> list[str]:
    left = Run.objects.filter(item__step__in=DECIDES, item__at="").exclude(state__in=ENDED)
    return [f"{run.item.code} is {run.state} {run.cause}" for run in left.select_related("item")]


def run(given: Given) -> Measured:
    verdict, absent = Verdict(), nobody_approves()
    killed = killed_presses(given, verdict)
    lies(given)
    for number in range(people(given.long)):
        press(number)
    trial = Trial(given)
    try:
        over = wait_until(trial.over, SLOWEST, trial.tick)
    finally:
        trial.crowd.end()
    calls = given.world.segment.calls()
    to_the_end(trial)
    verdict.merge(check(given.world), "in the end")
    verdict.add(LOST, [*still_in(given), *open_lanes()])
    if not over:
        verdict.add(LOST, ["the work did not come to its end while workers were killed"])
    steps = Run.objects.filter(item__step__in=DECIDES, state=State.DONE).count()
    return Measured(
        f"{people(given.long)} emergencies over {places(given.long)} workspaces of {len(worlds.CLIENTS)} clients,"
        f" {absent} approvers disabled; {killed} presses and {trial.kills} workers killed by kill -9; {troubles.says(calls)}",
        f"each press whole or not at all; {steps} workspaces emptied or read again; {verdict.says(LOST, FALSE_GONE, TWICE)}",
        verdict.faults,
    )


def workspaces(long: bool) -> Json:
    return worlds.many(places(long), people(long))


CASE = Case(
    15, "emergencies over several clients while workers die and Segment lies", run, workspaces=workspaces
)
