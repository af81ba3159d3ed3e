"""Rate limits are kept by us before Segment has to keep them: together with Redis, each by its share without."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from offboarding.connections import limits
from offboarding.connections.rules import MINUTE, Pace, allowed
from tests import servers
from tests.work.test_at_once import together

CLASS = "computed-traits"  # 25 a minute: 20 for ordinary work, 5 kept


@pytest.fixture
def pk() -> int:
    """A connection that nobody has called through."""
    return random.randrange(10**6, 10**9)


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    with servers.redis() as server:
        yield server.url


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "away", limits.Away())
    limits.client.cache_clear()


@pytest.fixture
def shared(settings: Any, broker: str) -> None:
    settings.REDIS_URL, settings.PROCESSES = broker, 4


@pytest.fixture
def nobody(settings: Any) -> None:
    """An address at which no Redis answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
    settings.PROCESSES = 4


def count(pk: int, pace: Pace = Pace.GO_ON) -> int:
    """How many calls may go out at once."""
    granted = 0
    while not limits.take(pk, CLASS, pace):
        granted += 1
    return granted


@pytest.mark.usefixtures("shared")
def test_all_processes_share_one_count(pk: int) -> None:
    assert count(pk) == 20
    limits.own.clear()  # as another process would find it
    assert limits.take(pk, CLASS, Pace.GO_ON) > MINUTE - 5


@pytest.mark.usefixtures("shared")
def test_a_part_is_kept_for_emergencies(pk: int) -> None:
    assert count(pk) == 20
    assert count(pk, Pace.URGENT) == 5


@pytest.mark.usefixtures("shared")
def test_a_turn_that_has_begun_goes_on_longer_than_a_new_one_begins(pk: int) -> None:
    assert count(pk, Pace.BEGIN) == 17
    assert count(pk, Pace.GO_ON) == 3


@pytest.mark.usefixtures("shared")
def test_ordinary_work_waits_until_its_own_part_is_free_again(pk: int) -> None:
    assert count(pk, Pace.URGENT) == 25
    assert 0 < limits.take(pk, CLASS, Pace.GO_ON) <= MINUTE


@pytest.mark.usefixtures("shared")
def test_many_at_once_get_the_limit_and_not_one_more(pk: int) -> None:
    assert sum(together(lambda _: sum(not limits.take(pk, CLASS, Pace.GO_ON) for _ in range(10)))) == 20


@pytest.mark.usefixtures("shared")
def test_each_connection_and_each_class_has_its_own_count(pk: int) -> None:
    count(pk)
    assert limits.take(pk + 1, CLASS, Pace.GO_ON) == 0.0
    assert limits.take(pk, "iam-write", Pace.GO_ON) == 0.0


@pytest.mark.usefixtures("shared")
def test_what_was_called_a_minute_ago_no_longer_counts(pk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    count(pk)
    monkeypatch.setattr(limits, "MINUTE", 0.001)
    assert limits.take(pk, CLASS, Pace.GO_ON) == 0.0


@pytest.mark.usefixtures("nobody")
def test_without_redis_each_process_keeps_to_its_share(pk: int) -> None:
    assert count(pk) == allowed(25, Pace.GO_ON, 4) == 5


@pytest.mark.usefixtures("nobody")
def test_a_redis_that_does_not_answer_is_left_alone_for_a_while(
    pk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits.take(pk, CLASS, Pace.GO_ON)
    asked: list[int] = []
    monkeypatch.setattr(limits, "client", lambda: asked.append(1))
    limits.take(pk, CLASS, Pace.GO_ON)
    assert asked == []


@pytest.mark.usefixtures("shared")
def test_after_redis_came_back_both_counts_hold_for_a_minute(pk: int, broker: str, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert count(pk) == 5
    settings.REDIS_URL = broker
    limits.client.cache_clear()
    limits.away.until = 0.0  # it may be asked again
    assert limits.take(pk, CLASS, Pace.GO_ON) > 0, (
        "the shared count is empty, but this process has used its share"
    )
    limits.away.since = -MINUTE  # the minute is over
    assert limits.take(pk, CLASS, Pace.GO_ON) == 0.0


def test_alone_and_without_redis_a_process_has_the_whole_limit(pk: int, settings: Any) -> None:
    settings.REDIS_URL, settings.PROCESSES = "", 1
    assert count(pk) == 20


@pytest.mark.usefixtures("shared")
def test_what_is_left_is_told_by_class(pk: int) -> None:
    limits.take(pk, CLASS, Pace.GO_ON)
    assert limits.left(pk)[CLASS] == limits.Left(19, 20, shared=True)


@pytest.mark.usefixtures("nobody")
def test_what_is_left_of_the_own_share_is_told_while_redis_is_away(pk: int) -> None:
    limits.take(pk, CLASS, Pace.GO_ON)
    assert limits.left(pk)[CLASS] == limits.Left(4, 5, shared=False)


SHARES = [
    (60, Pace.BEGIN, 1, 42, "a new turn leaves room for those that have begun"),
    (60, Pace.GO_ON, 1, 48, "ordinary work leaves a fifth"),
    (60, Pace.URGENT, 1, 60, "what is urgent may use all"),
    (60, Pace.GO_ON, 4, 12, "one of four processes"),
    (25, Pace.BEGIN, 500, 1, "never nothing"),
]


@pytest.mark.parametrize(("limit", "pace", "share", "calls", "because"), SHARES)
def test_how_many_calls_a_minute_are_allowed(
    limit: int, pace: Pace, share: int, calls: int, because: str
) -> None:
    assert allowed(limit, pace, share) == calls, because
