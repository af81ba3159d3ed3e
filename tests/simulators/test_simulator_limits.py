"""Rate limits: the bucket by itself, and what a throttled caller reads."""

from email.utils import parsedate_to_datetime

import pytest

from offboarding.simulators.segment.limits import Limits
from tests.simulators.conftest import Small, Start


def test_a_bucket_lets_its_limit_pass_and_fills_with_time() -> None:
    limits = Limits({"default": 60})
    assert all(limits.take("a", "default", "GET /", 0.0).allowed for _ in range(60))
    refused = limits.take("a", "default", "GET /", 0.0)
    assert (refused.allowed, refused.wait, refused.data()["msBeforeNext"]) == (False, 1.0, 1000)
    assert limits.take("a", "default", "GET /", 1.0).allowed
    assert not limits.take("a", "default", "GET /", 1.5).allowed


def test_tokens_and_classes_have_buckets_of_their_own() -> None:
    limits = Limits({"default": 1, "iam_write": 1})
    places = [("a", "default"), ("b", "default"), ("a", "iam_write")]
    assert all(limits.take(token, kind, "x", 0.0).allowed for token, kind in places)
    assert not any(limits.take(token, kind, "x", 0.0).allowed for token, kind in places)


@pytest.mark.parametrize(("separate", "allowed"), [(False, False), (True, True)])
def test_people_writes_share_one_pool_unless_the_world_says_otherwise(separate: bool, allowed: bool) -> None:
    limits = Limits({"iam_write": 1}, separate_iam=separate)
    assert limits.take("a", "iam_write", "DELETE /users", 0.0).allowed
    assert limits.take("a", "iam_write", "DELETE /invites", 0.0).allowed is allowed


def test_no_limit_is_written_as_zero() -> None:
    limits = Limits({"default": 0})
    assert all(limits.take("a", "default", "x", 0.0).allowed for _ in range(10_000))


def test_a_throttled_caller_reads_when_to_come_back(start: Start) -> None:
    small = start(world={"limits": {"iam_write": 2}})
    first = small.api.call("POST", "/groups", {"name": "one"})
    assert (first.headers["x-ratelimit-remaining"], first.headers["x-ratelimit-consumed"]) == ("1", "1")
    small.api.call("POST", "/groups", {"name": "two"})
    throttled = small.api.call("POST", "/groups", {"name": "three"})
    assert (throttled.status, throttled.headers["retry-after"]) == (429, "30")
    assert 29_000 < throttled.error["data"]["msBeforeNext"] <= 30_000
    assert (
        parsedate_to_datetime(throttled.headers["x-ratelimit-reset"]).timestamp()
        > small.simulator.clock.now()
    )
    assert small.api.get("/users").status == 200
    small.later(30)
    assert small.api.call("POST", "/groups", {"name": "three"}).status == 200


def test_syncs_are_limited_to_two_a_minute(small: Small) -> None:
    path = f"/warehouses/{small.id('warehouses', 'Lake')}/syncs"
    assert [small.api.get(path).status for _ in range(3)] == [200, 200, 429]
