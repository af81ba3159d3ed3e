"""Beside what Segment answered stands how many pages and entries of each list came."""

from __future__ import annotations

from typing import Any

import pytest

from offboarding.discovery.pages import MOST, pages_told
from offboarding.gateways.segment import Exchange

BEFORE = "What Segment answered"


def answer(path: str, entries: int = 0, method: str = "GET", page: bool = True) -> Exchange:
    data: dict[str, Any] = {"things": [{}] * entries, **({"pagination": {"current": "MA=="}} if page else {})}
    url = f"https://api.segmentapis.com{path}?pagination.count=200"
    return Exchange(method, url, {}, None, 200, {}, {"data": data}, "2026-03-31T10:00:00Z", 20, None)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([answer("/users", 200), answer("/users", 12)], " (users 2 pages, 212 entries)"),
        ([answer("/users", 1), answer("/invites")], " (users 1 page, 1 entry; invites 1 page, 0 entries)"),
        (
            [answer("/groups/a1/users", 3), answer("/groups/b2/users", 4)],
            " (groups/users 2 pages, 7 entries)",
        ),
        ([answer("/users/u1", page=False), answer("/users", 1, "DELETE")], ""),
        ([], ""),
    ],
    ids=["two pages", "nobody is invited", "the members of two groups", "no list at all", "no answer"],
)
def test_the_pages_of_each_list_are_counted(answers: list[Exchange], told: str) -> None:
    assert pages_told(answers, BEFORE) == BEFORE + told


def test_what_is_too_long_to_be_told_is_counted() -> None:
    told = pages_told([answer(f"/list-{number}") for number in range(20)], BEFORE)
    assert len(told) <= MOST
    shown = told.count(" page, ")
    assert told.endswith(f"; {20 - shown} lists more)") and shown > 3


def test_a_long_beginning_leaves_the_pages_out() -> None:
    assert pages_told([answer("/users")], "x" * MOST) == "x" * MOST
