"""Slow work that cannot say how far it is keeps its row; work that ended, died or lost it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from offboarding.discovery.models import Look
from offboarding.work import actions
from offboarding.work.actions import claim
from offboarding.work.beating import beating

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def held(order: Make, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A row with a lease of half a second."""
    monkeypatch.setattr(actions, "LEASE", timedelta(seconds=0.5))
    found = claim(Look, order().pk)
    assert found
    return found


def lease(row: Any) -> Any:
    return Look.objects.get(pk=row.pk).lease_until


def until(true: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(true() or pause.wait(0.02) for _ in range(500))


def beats_of(row: Any) -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == f"holds discovery.Look {row.pk}"]


def test_the_lease_is_renewed_again_and_again_while_it_lasts(held: Any) -> None:
    with beating(held):
        for _ in range(3):
            before = lease(held)
            assert until(lambda before=before: lease(held) > before)  # type: ignore[misc]
    ended = lease(held)
    assert not beats_of(held)
    assert lease(held) == ended


def test_it_ends_with_an_error_too(held: Any) -> None:
    with pytest.raises(ValueError, match="broken"), beating(held):
        raise ValueError("broken")
    assert not beats_of(held)


def test_a_row_that_is_lost_is_not_held(held: Any) -> None:
    with beating(held):
        Look.objects.filter(pk=held.pk).update(fence=held.fence + 1)
        assert until(lambda: not beats_of(held))
        kept = lease(held)
    assert lease(held) == kept
