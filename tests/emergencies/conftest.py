"""Emergencies of Sam's, about Dan, in workspaces of the simulator or in ones that nobody speaks to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import DAN
from tests.execution.conftest import member, run_of, sent, turn, turns  # noqa: F401

Make = Callable[..., Any]


@pytest.fixture
def release(sam: Any, workspace: Make) -> Make:
    """`release()` in one workspace of Acme; `release(connected=[…])` in these; `by=` somebody else.

    The request at the first client; `of_press(removal)` has those at the others.
    """
    from offboarding.emergencies.actions import Word
    from offboarding.journey import emergency
    from offboarding.removals.urgent import Urgent

    def make(*names: str, connected: Any = (), by: Any = None, second: Any = None, **change: Any) -> Any:
        places = [*connected, *(workspace(name) for name in names)]
        now = datetime.now(UTC)
        given = {
            "addresses": [DAN],
            "name": "Dan Reyes",
            "reason": "credentials-compromised",
            "ticket": "INC-774",
            "time_zone": "Europe/Berlin",
            **change,
        }
        since = given.pop("known_since", now - timedelta(minutes=20))
        method = given.pop("method", "code")
        word = Word(by or sam, "Remove access now", method, "127.0.0.1")
        made = emergency.release(Urgent(**given), since, places, word, now)
        made.refresh_from_db()
        return made.removal

    return make


@pytest.fixture
def of_press() -> Make:
    """All requests of the press that this one belongs to."""
    from offboarding.emergencies.models import Emergency
    from offboarding.emergencies.queries import of_one_press

    def found(removal: Any) -> list[Any]:
        return [each.removal for each in of_one_press(Emergency.objects.get(removal=removal))]

    return found


@pytest.fixture
def drive(of_press: Make) -> Make:
    """Let an engine's work be done for one press, with all waiting over, until nothing more comes."""
    from offboarding.execution.models import Run
    from offboarding.journey import actions as journey
    from offboarding.work import desks
    from offboarding.work.models import Order

    def make(removal: Any, rounds: int = 40) -> Any:
        together = of_press(removal)
        for _ in range(rounds):
            for each in together:
                journey.advance(each.pk)
            own = Run.objects.filter(item__plan__removal__in=together, item__at="")
            past = datetime.now(UTC) - timedelta(seconds=1)
            own.exclude(not_before=None).exclude(state__in=["done", "cancelled"]).update(not_before=past)
            due = list(own.filter(Order.due(datetime.now(UTC))).order_by("-urgent", "pk"))
            if not due:
                break
            for run in due:
                desks.DESKS["execution.Run"].look(run.pk)
        removal.refresh_from_db()
        return removal

    return make
