"""Scripted trouble, over real connections: what the caller sees, and whether the effect took place."""

import http.client
import json
import time
from typing import Any

import pytest

from offboarding.simulators.trouble import Subject, TroubleBook
from tests.simulators.conftest import Answer, Small, Start

BROKEN = (http.client.HTTPException, OSError, ValueError)
DAN = "dan@northwind.example"


def remove_dan(small: Small, timeout: float = 10) -> Answer:
    return small.api.call("DELETE", f"/users?userIds.0={small.dan}", timeout=timeout)


def trouble(small: Small, do: str, **more: Any) -> None:
    small.control.add_trouble({"do": do, "match": {"method": "DELETE", "path": "/users"}, "count": 1, **more})


@pytest.mark.parametrize(
    ("rule", "gone"),
    [
        ({"do": "reset_before"}, False),
        ({"do": "reset_after"}, True),
        ({"do": "timeout_before", "seconds": 0.05}, False),
        ({"do": "timeout_after", "seconds": 0.05}, True),
        ({"do": "cut"}, True),
        ({"do": "truncated"}, True),
        ({"do": "html"}, True),
        ({"do": "html", "effect": False}, False),
    ],
    ids=str,
)
def test_an_answer_that_is_lost_or_unreadable_leaves_the_effect_as_scripted(
    small: Small, rule: dict[str, Any], gone: bool
) -> None:
    trouble(small, **rule)
    with pytest.raises(BROKEN):
        _ = remove_dan(small).json
    assert (DAN not in small.emails()) is gone


@pytest.mark.parametrize(
    ("rule", "status", "gone"),
    [
        ({"do": "error_before"}, 500, False),
        ({"do": "error_after", "status": 502}, 502, True),
        ({"do": "limit", "retry_after": 8}, 429, False),
        ({"do": "redirect", "location": "http://elsewhere.example/"}, 302, False),
        ({"do": "answer", "status": 418, "body": {"errors": []}}, 418, False),
        ({"do": "answer", "status": 204, "effect": True}, 204, True),
        ({"do": "no_effect"}, 200, False),
        ({"do": "drip", "seconds": 0.001}, 200, True),
        ({"do": "huge", "bytes": 100_000}, 200, True),
        ({"do": "latency", "seconds": 0.01}, 200, True),
        ({"do": "meanwhile", "leave": [DAN]}, 404, True),
    ],
    ids=str,
)
def test_an_answer_and_its_effect_are_as_scripted(
    small: Small, rule: dict[str, Any], status: int, gone: bool
) -> None:
    trouble(small, **rule)
    assert remove_dan(small).status == status
    assert (DAN not in small.emails()) is gone


def test_trouble_ends_when_its_count_is_used_up(small: Small) -> None:
    trouble(small, "error_before", count=2, skip=1)
    small.control.put_invite("small", "x@small.example")
    answers = [small.api.call("DELETE", "/users?userIds.0=nobody").status for _ in range(5)]
    assert answers == [404, 500, 500, 404, 404]


def test_a_limit_holds_for_all_matching_calls_until_it_is_over(small: Small) -> None:
    small.control.add_trouble({"do": "limit", "retry_after": 6, "count": 1})
    first, second = small.api.get("/users"), small.api.get("/sources")
    assert (first.status, first.headers["retry-after"], second.status) == (429, "6", 429)
    small.later(4)
    third = small.api.get("/users")
    assert third.headers["retry-after"] == "2"
    assert third.error["data"]["msBeforeNext"] <= 2000
    small.later(2)
    assert small.api.get("/users").status == 200


def test_latency_adds_up_with_other_trouble(small: Small) -> None:
    trouble(small, "latency", seconds=0.1)
    trouble(small, "error_before")
    began = time.monotonic()
    assert remove_dan(small).status == 500
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("then", ["success", "error", "reset", "timeout"])
def test_an_effect_can_land_late_whatever_was_answered(small: Small, then: str) -> None:
    trouble(small, "late", seconds=30, then=then, silence=0.05)
    if then in ("reset", "timeout"):
        with pytest.raises(BROKEN):
            remove_dan(small)
    else:
        assert remove_dan(small).status == (200 if then == "success" else 500)
    assert DAN in small.emails()
    small.later(31)
    assert DAN not in small.emails()


def test_a_write_key_can_land_late(small: Small) -> None:
    source = small.id("sources", "website")
    small.control.add_trouble({"do": "late", "seconds": 30, "match": {"path": "/sources/*/writekey"}})
    answered = small.api.call("POST", f"/sources/{source}/writekey").data["source"]["writeKeys"]
    assert len(small.control.state("small", ("keys",))["keys"][source]) == 1
    small.later(31)
    assert small.control.state("small", ("keys",))["keys"][source] == answered


def test_a_late_effect_that_has_become_impossible_changes_nothing(small: Small) -> None:
    trouble(small, "late", seconds=30)
    remove_dan(small)
    remove_dan(small)
    small.control.put_member("small", {"email": "other@small.example"})
    small.later(31)
    assert small.emails()[-1] == "other@small.example"


def test_a_success_without_effect_leaves_no_event_either(small: Small) -> None:
    before = small.control.state("small", ("members", "audit"))
    trouble(small, "no_effect")
    assert remove_dan(small).data == {"status": "SUCCESS"}
    assert small.control.state("small", ("members", "audit")) == before


def test_a_removed_person_can_come_back_as_they_were(small: Small) -> None:
    row = small.workspace.members.by_email(DAN)
    trouble(small, "comes_back", seconds=30)
    assert remove_dan(small).status == 200
    assert DAN not in small.emails()
    small.later(31)
    assert small.control.person("small", DAN)["member"] == row


def test_trouble_by_chance_is_the_same_for_the_same_seed() -> None:
    def met(seed: int) -> list[str]:
        book = TroubleBook([{"do": "error_before", "chance": 0.5, "seed": seed}])
        subject = Subject("1", "small", "GET", "/", "US", "t")
        return [book.decide(subject, 0.0).kind for _ in range(64)]

    assert met(7) == met(7) != met(8)
    assert 16 < met(7).count("error_before") < 48


@pytest.mark.parametrize(
    ("match", "meets"),
    [
        ({}, True),
        ({"workspace": "small"}, True),
        ({"workspace": "id1"}, True),
        ({"workspace": "other"}, False),
        ({"method": "GET"}, False),
        ({"path": "/sources/*/writekey"}, True),
        ({"path": "/users*"}, False),
        ({"region": "EU"}, False),
    ],
)
def test_a_rule_meets_what_it_names(match: dict[str, str], meets: bool) -> None:
    book = TroubleBook([{"do": "html", "match": match}])
    subject = Subject("id1", "small", "POST", "/sources/s/writekey", "US", "t")
    assert (book.decide(subject, 0.0).kind == "html") is meets


@pytest.mark.parametrize("rule", [{}, {"do": "explode"}, {"do": "html", "match": {"who": "me"}}])
def test_a_rule_that_could_never_work_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"do must|match knows"):
        TroubleBook([rule])


def test_a_huge_answer_has_the_size_that_was_asked_for(small: Small) -> None:
    trouble(small, "huge")
    assert len(json.loads(remove_dan(small).raw)["data"]["padding"]) == 10 * 1024 * 1024


def test_waiting_callers_are_let_go_when_the_simulator_stops(start: Start) -> None:
    small = start()
    trouble(small, "timeout_before", seconds=60)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        remove_dan(small, timeout=0.1)
    small.simulator.stop()
    assert time.monotonic() - began < 5
