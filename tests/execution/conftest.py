"""Removals that really run: against the simulator, one turn at a time, with time moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from offboarding.simulators.simulator import Simulator
from tests.conftest import DAN

Make = Callable[..., Any]


@pytest.fixture
def started(
    segment: Simulator, connect: Make, alice: Any, bob: Any, decide: Make, today: date
) -> Callable[..., Any]:
    """A running removal of Dan in these workspaces of the simulator, found by real looks, approved by Bob."""
    from offboarding.discovery import actions as discovery
    from offboarding.discovery.models import Look
    from offboarding.journey import actions as journey
    from offboarding.removals import actions as removals
    from offboarding.removals.rules import Choice
    from offboarding.work import desks

    def make(
        *names: str,
        choice: str = "remove",
        until: date | None = None,
        addresses: Sequence[str] = (DAN,),
        reason: str = "contract-ended",
        measured: bool = True,
        managed_by: str = "hand",
        taken: Callable[[Any], bool] = lambda holding: False,
        stays: str = "",
        beforehand: Callable[[Any], None] = lambda place: None,
    ) -> Any:
        segment.control.clear_trouble()
        places = [connect(segment, name, managed_by=managed_by) for name in names]
        for place in places:
            beforehand(place)
        removal = removals.draft(alice, addresses, "Dan Reyes", today)
        removals.merge(removal, alice, stays)
        discovery.ask(alice, removal.addresses, places)
        for look in Look.objects.all():
            desks.DESKS["discovery.Look"].look(look.pk)
        wishes = [
            removals.Wish(place, Choice(choice), until, taken=keys_of(removal, place, taken))
            for place in places
        ]
        removals.choose(removal, alice, wishes, today)
        now = datetime.now(UTC)
        removals.describe(removal, alice, reason=reason, starts_at=now, time_zone="Europe/Berlin", now=now)
        journey.file(removal, alice, removal.version)
        decide(removal, bob)
        journey.advance(removal.pk)
        journey.advance(removal.pk)
        if measured:
            measure_before(removal)
        segment.control.journal.clear()
        removal.refresh_from_db()
        return removal

    return make


def keys_of(removal: Any, place: Any, taken: Callable[[Any], bool]) -> tuple[str, ...]:
    from offboarding.discovery.holdings import holdings
    from offboarding.discovery.queries import newest_snapshots

    seen = newest_snapshots(removal.person, [place.pk])[place.pk].sighting
    return tuple(each.key for each in holdings(seen) if taken(each))


def measure_before(removal: Any) -> None:
    """What the work waits for, so that its own steps are next."""
    from offboarding.execution.models import Run
    from offboarding.journey import actions as journey
    from offboarding.work import desks

    for run in Run.objects.filter(item__plan__removal=removal, item__code="measure-before"):
        desks.DESKS["execution.Run"].look(run.pk)
    journey.advance(removal.pk)


@pytest.fixture
def run_of() -> Callable[..., Any]:
    """The run of one line: `run_of(removal, "remove-member")`, with `where` if there are several."""
    from offboarding.execution.models import Run

    def find(removal: Any, code: str, where: str = "") -> Any:
        found = Run.objects.filter(item__plan__removal=removal, item__code=code)
        if where:
            found = found.filter(item__workspace__name=where)
        return found.select_related("item__workspace").get()

    return find


@pytest.fixture
def turn() -> Callable[..., Any]:
    """One turn of a run, now: whatever it waits for is over, and a lease that somebody left behind has run out.

    An open circuit may be tried; a pause that Segment asked for stays.
    """
    from offboarding.connections.models import Workspace
    from offboarding.execution.models import Run
    from offboarding.work import desks

    def make(run: Any) -> Any:
        past = datetime.now(UTC) - timedelta(seconds=1)
        Run.objects.filter(pk=run.pk).exclude(not_before=None).update(not_before=past)
        Run.objects.filter(pk=run.pk).exclude(lease_until=None).update(lease_until=past)
        Workspace.objects.exclude(open_until=None).update(open_until=past)
        desks.DESKS["execution.Run"].look(run.pk)
        run.refresh_from_db()
        return run

    return make


@pytest.fixture
def turns(turn: Make) -> Callable[..., Any]:
    """Turns until the run rests for good: done, ended otherwise, or with a person."""

    def make(run: Any, at_most: int = 60) -> Any:
        for _ in range(at_most):
            turn(run)
            if run.state in ("done", "needs_person", "failed", "cancelled"):
                return run
        raise AssertionError(f"still {run.state} after {at_most} turns: {run.sentence} {run.waiting_for}")

    return make


@pytest.fixture
def sent(segment: Simulator) -> Callable[..., list[dict[str, Any]]]:
    """The calls that came to the simulator and change something: `sent("DELETE")`; with `path`, only those."""

    def find(method: str, path: str = "") -> list[dict[str, Any]]:
        calls = segment.control.journal.calls({"method": method})
        return [call for call in calls if not path or call["path"] == path]

    return find


@pytest.fixture
def member(segment: Simulator) -> Callable[[str], bool]:
    """Whether Dan is a member of the workspace with this slug, as the simulator knows it."""

    def find(slug: str, email: str = DAN) -> bool:
        return segment.control.person(slug, email)["member"] is not None

    return find
