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
    """`release()` in one workspace of Acme; `release(connected=[…])` in these; `by=` somebody else."""
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
def drive() -> Make:
    """Let an engine's work be done for one request, with all waiting over, until nothing more comes."""
    from offboarding.execution.models import Run
    from offboarding.journey import actions as journey
    from offboarding.work import desks
    from offboarding.work.models import Order

    def make(removal: Any, rounds: int = 40) -> Any:
        for _ in range(rounds):
            journey.advance(removal.pk)
            own = Run.objects.filter(item__plan__removal=removal, item__at="")
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
