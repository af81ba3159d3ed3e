"""Copies of the simulator's audit trails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

Make = Callable[..., Any]


@pytest.fixture
def turn() -> Make:
    """One turn of a harvest, whatever it waits for."""
    from offboarding.trail.models import Harvest
    from offboarding.work import desks

    def make(harvest: Any) -> Any:
        past = datetime.now(UTC) - timedelta(seconds=1)
        Harvest.objects.filter(pk=harvest.pk).exclude(not_before=None).update(not_before=past)
        Harvest.objects.filter(pk=harvest.pk).exclude(lease_until=None).update(lease_until=past)
        desks.DESKS["trail.Harvest"].look(harvest.pk)
        harvest.refresh_from_db()
        return harvest

    return make


@pytest.fixture
def ordered() -> Make:
    """A harvest of this workspace that waits for its turn."""
    from offboarding.trail import actions
    from offboarding.trail.models import Harvest

    def make(workspace: Any, by: Any = None) -> Any:
        assert actions.begin(workspace, by)
        return Harvest.objects.filter(workspace=workspace).latest("pk")

    return make


@pytest.fixture
def copied(ordered: Make, turn: Make) -> Make:
    """The workspace is copied to the end: `copied(workspace)`."""

    def make(workspace: Any) -> Any:
        harvest = ordered(workspace)
        for _ in range(20):
            if turn(harvest).ended_at:
                return harvest
        raise AssertionError(f"it does not end: {harvest.state}, {harvest.waiting_for}")

    return make
