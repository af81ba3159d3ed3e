"""A nudge is a kindness: nothing depends on it, and a broker that is away costs next to nothing."""

from __future__ import annotations

from typing import Any

import pytest

from offboarding import pulse
from offboarding.celery import app


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[tuple[str, int]]:
    """What reached the broker."""
    made: list[tuple[str, int]] = []
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(pulse, "quiet_until", 0.0)
    monkeypatch.setattr(app, "send_task", lambda _name, given, **_options: made.append(tuple(given)))
    return made


def test_a_nudge_carries_kind_and_row_and_wakes_the_engine_here(sent: list[tuple[str, int]]) -> None:
    pulse.woken.clear()
    pulse.send("execution.Run", 7)
    assert sent == [("execution.Run", 7)]
    assert pulse.woken.is_set()


def test_without_redis_only_the_engine_here_is_woken(sent: list[tuple[str, int]], settings: Any) -> None:
    settings.REDIS_URL = ""
    pulse.woken.clear()
    pulse.send("execution.Run", 7)
    assert sent == [] and pulse.woken.is_set()


def test_a_broker_that_is_away_is_swallowed_and_not_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def away(*_args: Any, **_options: Any) -> None:
        asked.append(1)
        raise OSError

    monkeypatch.setattr(app, "send_task", away)
    for pk in range(20):
        pulse.send("execution.Run", pk)
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_a_nudge_goes_out_after_the_commit_and_not_after_a_rollback(
    sent: list[tuple[str, int]], alice: Any
) -> None:
    from django.db import transaction

    with transaction.atomic():
        pulse.nudge(alice)
        assert sent == []
    assert sent == [("users.User", alice.pk)]
    with transaction.atomic():
        pulse.nudge(alice)
        transaction.set_rollback(True)
    assert len(sent) == 1
