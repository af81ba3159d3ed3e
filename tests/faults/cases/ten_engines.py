"""Ten engines and one schedule; workers whose clocks are an hour wrong; the nights on which the clocks change.

A worker's wrong clock is Python's own, moved in that process alone; the database keeps the right time, as it would for a
machine whose clock is wrong.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, pairwise
from zoneinfo import ZoneInfo

import time_machine

from offboarding.execution.models import Attempt, Run
from offboarding.journey import actions as journey
from offboarding.ledger.apps import hour
from offboarding.ledger.models import Entry
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Choice, Stage
from offboarding.verification.models import Finding
from offboarding.work import clock, desks
from offboarding.work import engine as room
from offboarding.work.models import Slot
from tests.faults import crew, worlds
from tests.faults.case import Case, Given, Measured
from tests.faults.filling import fill
from tests.faults.invariants import FALSE_GONE, LOST, TWICE, Verdict, check
from tests.faults.processes import ended, spawn
from tests.faults.workers import Crowd, at_rest, engine, wait_until

ENGINES = 10
HOUR = timedelta(hours=1)
PEOPLE = 2
ZONE = "Europe/Berlin"


def places(long: bool) -> int:
    return 15 if long else 3


# ---------------------------------------------------------------- each slot once


def slots(given: Given, wanted: int) -> list[str]:
    fired = given.folder / "fired"

    def keep(number: int) -> None:
        with fired.open("a") as file:
            file.write(f"{number}\n")

    def work() -> None:
        room.PACE = room.SHARE = 0
        made, turn = room.Engine(1), [0]
        desks.SCHEDULES.clear()
        desks.schedule("trial", lambda _now: f"slot {turn[0]}", lambda: keep(turn[0]))
        for turn[0] in range(wanted):
            made.keep_schedules()

    codes = [ended(number) for number in [spawn(work) for _ in range(ENGINES)]]
    counts = Counter(fired.read_text().split())
    twice = sum(count > 1 for count in counts.values())
    wrong = [f"{twice} slots fired twice"] if twice else []
    if len(counts) != wanted or Slot.objects.filter(name="trial").count() != wanted:
        wrong.append(f"{len(counts)} of {wanted} slots fired")
    return wrong + [f"an engine ended with {code}" for code in codes if code]


# ---------------------------------------------------------------- clocks that are wrong


def wrong_by(hours: int) -> None:
    if hours:
        time_machine.travel(datetime.now(UTC) + hours * HOUR, tick=True).start()


def with_clock(hours: int) -> int:
    return engine(4, lambda: wrong_by(hours))


def wrong_clocks(given: Given, verdict: Verdict) -> list[str]:
    began = clock.now()
    steps = fill(given.world.segment, places(given.long), PEOPLE)
    later = due_in_half_an_hour(given)
    clocks = cycle((-1, 0, 1))
    crowd = Crowd(lambda: with_clock(next(clocks)), 3)
    try:
        over = wait_until(lambda: at_rest("execution.Run"), 600, crowd.replace_dead)
    finally:
        crowd.end()
    wrong = [] if over else ["the steps did not come to rest"]
    wrong += [f"{crowd.deaths} workers died"] if crowd.deaths else []
    later.refresh_from_db()
    if later.stage != Stage.APPROVED:
        wrong.append(f"a request that begins in half an hour is {later.stage}")
    crew.everything()
    verdict.merge(check(given.world), f"clocks wrong by an hour, {steps} steps")
    return wrong + strange_times(began, clock.now())


def due_in_half_an_hour(given: Given) -> RemovalRequest:
    """Approved now, to begin when only the clock that is fast has come there."""
    removal = crew.draft(worlds.email(0), {worlds.slug(0): "remove"})
    now = datetime.now(UTC)
    removals.describe(
        removal,
        crew.user("alice"),
        reason="contract-ended",
        starts_at=now + HOUR / 2,
        time_zone=ZONE,
        now=now,
    )
    journey.file(removal, crew.user("alice"), removal.version)
    crew.decide(removal)
    return removal


def strange_times(began: datetime, over: datetime) -> list[str]:
    """Whatever is recorded as having happened happened between beginning and end."""
    recorded = (
        (Attempt, "begun_at"),
        (Attempt, "closed_at"),
        (Run, "ended_at"),
        (Finding, "at"),
        (Entry, "at"),
        (RemovalRequest, "started_at"),
        (RemovalRequest, "closed_at"),
    )
    slack, wrong = timedelta(seconds=2), []
    for model, name in recorded:
        rows = model._default_manager.exclude(**{name: None})
        before = rows.filter(**{f"{name}__lt": began - slack}) if model is not Entry else rows.none()
        if count := before.count() + rows.filter(**{f"{name}__gt": over + slack}).count():
            wrong.append(f"{count} {model._meta.label}.{name} lie outside the trial")
    entries = list(Entry.objects.filter(at__gte=began).order_by("seq").values_list("at", flat=True))
    back = sum(later < earlier - slack for earlier, later in pairwise(entries))
    return wrong + ([f"the ledger's time goes back {back} times"] if back else [])


# ---------------------------------------------------------------- the nights of the change


def changes(after: date) -> list[date]:
    """The next spring and autumn nights on which this zone's offset changes: the day that has 23 or 25 hours."""
    zone, found, day = ZoneInfo(ZONE), [], after + timedelta(days=2)
    while len(found) < 2:
        midnight = [
            datetime.combine(each, datetime.min.time(), zone).utcoffset()
            for each in (day, day + timedelta(1))
        ]
        if midnight[0] != midnight[1]:
            found.append(day)
        day += timedelta(days=1)
    return found


def summer_time(given: Given) -> list[str]:
    wrong = []
    for day in changes(crew.today()):
        wrong += [f"{day}: {sentence}" for sentence in (*hours_of(day), *ends_of(given, day))]
    return wrong


def hours_of(day: date) -> list[str]:
    """One slot an hour, also in the hour that comes twice or never."""
    zone = ZoneInfo(ZONE)
    begin = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone).astimezone(UTC)
    minutes = int((end - begin).total_seconds()) // 60
    seen = {hour(begin + timedelta(minutes=minute)) for minute in range(minutes)}
    return [] if len(seen) == minutes / 60 else [f"{len(seen)} slots in {minutes / 60} hours"]


def ends_of(given: Given, day: date) -> list[str]:
    """Read-only access that ends on the day, the day before and the day after, ends at midnight there."""
    wrong = []
    for last in (day - timedelta(days=1), day, day + timedelta(days=1)):
        given.world.put_back("empty")
        removal = crew.draft(worlds.email(0), {worlds.slug(0): "remove"})
        wish = removals.Wish(crew.workspace(worlds.slug(0)), Choice.DOWNGRADE, last)
        removals.choose(removal, crew.user("alice"), [wish], crew.today())
        removal.refresh_from_db()
        journey.file(removal, crew.user("alice"), removal.version)
        crew.decide(removal)
        journey.advance(removal.pk)
        run = Run.objects.get(item__plan__removal=removal, item__code="end-read-only")
        local = run.not_before.astimezone(ZoneInfo(ZONE)) if run.not_before else None
        if local is None or (local.date(), local.hour, local.minute) != (last + timedelta(days=1), 0, 0):
            wrong.append(f"read-only access until {last} ends at {local}")
    return wrong


def run(given: Given) -> Measured:
    verdict, wanted = Verdict(), given.size(1000, 100)
    crew.jot(given.world.segment, {worlds.slug(0): [worlds.email(0)]})
    given.world.keep("empty")
    verdict.add(LOST, slots(given, wanted))
    given.world.put_back("empty")
    verdict.add(LOST, wrong_clocks(given, verdict))
    verdict.add(LOST, summer_time(given))
    return Measured(
        f"{ENGINES} engines and {wanted} slots; 3 workers whose clocks are right, an hour slow and an hour fast;"
        " both changes of summer time",
        f"each slot once, times right; {verdict.says(LOST, FALSE_GONE, TWICE)}"
        if not verdict.faults
        else verdict.says(LOST, FALSE_GONE, TWICE),
        verdict.faults,
    )


CASE = Case(
    12,
    "ten engines and one schedule, clocks an hour wrong, the change of summer time",
    run,
    workspaces=lambda long: worlds.many(places(long), PEOPLE),
)
