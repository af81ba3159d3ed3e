"""Writing what is news, and letting the mails go, without an engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def news() -> Callable[[], list[Any]]:
    """Follows the ledger to its end; every message there is, oldest first."""

    def read() -> list[Any]:
        from offboarding.notifications.follow import follow
        from offboarding.notifications.models import Message

        follow()
        return list(Message.objects.select_related("recipient").order_by("pk"))

    return read


@pytest.fixture
def turn() -> Callable[[Any], Any]:
    """One turn of the engine for this message, as soon as its time has come."""

    def look(message: Any) -> Any:
        from offboarding.work import desks

        type(message).objects.filter(pk=message.pk, not_before__isnull=False).update(not_before=LONG_AGO)
        desks.DESKS["notifications.Message"].look(message.pk)
        message.refresh_from_db()
        return message

    return look


@pytest.fixture
def dead() -> Callable[[Any], None]:
    """Whoever worked on this message has died, and the lease ran out."""

    def make(message: Any, **changes: Any) -> None:
        type(message).objects.filter(pk=message.pk).update(state="running", lease_until=LONG_AGO, **changes)

    return make


@pytest.fixture
def decision_notice(filed: Callable[..., Any], bob: Any, news: Callable[[], list[Any]]) -> Any:
    """Bob is asked to decide."""
    filed()
    (message,) = news()
    return message
