"""Lists: as many requests as pages, and never a short list that looks whole."""

import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from offboarding.gateways.segment import Doubtful, Exchange, SegmentGateway
from offboarding.gateways.segment import caller as caller_module

On = Callable[..., SegmentGateway]


def users(numbers: range) -> list[dict[str, str]]:
    return [{"id": f"u{number}", "name": "", "email": f"u{number}@example.com"} for number in numbers]


def workspace_of(members: int) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("pagination.cursor", "0"))
        end = min(members, start + int(request.url.params["pagination.count"]))
        pagination: dict[str, Any] = {"current": str(start), "totalEntries": members}
        if end < members:
            pagination["next"] = str(end)
        return httpx.Response(
            200, json={"data": {"users": users(range(start, end)), "pagination": pagination}}
        )

    return answer


def pages(*given: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    """The given pages one after the other, the last one for ever."""
    rest = itertools.chain(given, itertools.repeat(given[-1]))
    return lambda _: httpx.Response(200, json={"data": next(rest)})


def test_ten_thousand_members_cost_exactly_fifty_requests(on: On, exchanges: list[Exchange]) -> None:
    found = list(on(workspace_of(10_000)).members())
    assert len({member.id for member in found}) == 10_000
    assert len(exchanges) == 50


def test_a_page_is_asked_for_only_when_it_is_needed(on: On, exchanges: list[Exchange]) -> None:
    members = on(workspace_of(1_000)).members()
    assert exchanges == []
    assert [member.id for member in itertools.islice(members, 3)] == ["u0", "u1", "u2"]
    assert len(exchanges) == 1


def test_a_workspace_without_members_is_an_empty_list(on: On) -> None:
    assert list(on(workspace_of(0)).members()) == []


REPEATS = {
    "the same cursor again and again": [
        {"users": users(range(2)), "pagination": {"current": "a", "next": "b"}},
        {"users": users(range(2)), "pagination": {"current": "b", "next": "b"}},
    ],
    "back to an earlier page": [
        {"users": users(range(2)), "pagination": {"current": "a", "next": "b"}},
        {"users": users(range(2, 4)), "pagination": {"current": "b", "next": "a"}},
    ],
    "a page that names itself as the next": [
        {"users": users(range(2)), "pagination": {"current": "a", "next": "a"}}
    ],
    "a server that forgets the cursor": [{"users": users(range(2)), "pagination": {"next": "b"}}],
}
SHORT = {
    "fewer than the total": {"users": users(range(2)), "pagination": {"current": "a", "totalEntries": 3}},
    "no list at all": {"pagination": {"current": "a"}},
    "a list that is none": {"users": None, "pagination": {"current": "a"}},
    "a member without an address": {"users": [{"id": "u1", "name": "Dan"}], "pagination": {"current": "a"}},
    "a member without an id": {"users": [{"email": "a@b.c"}], "pagination": {"current": "a"}},
    "a full page that says nothing of the next": {"users": users(range(200))},
    "a cursor that is no text": {"users": users(range(2)), "pagination": {"next": ["b"]}},
}


@pytest.mark.parametrize("given", REPEATS.values(), ids=REPEATS)
def test_a_list_that_repeats_itself_is_doubtful(on: On, given: list[dict[str, Any]]) -> None:
    with pytest.raises(Doubtful, match="the list repeats itself") as caught:
        list(on(pages(*given)).members())
    assert caught.value.exchange is not None


@pytest.mark.parametrize("given", SHORT.values(), ids=SHORT)
def test_a_short_list_never_looks_like_absence(on: On, given: dict[str, Any]) -> None:
    with pytest.raises(Doubtful):
        list(on(pages(given)).members())


def test_a_list_that_shrinks_while_it_is_read_is_doubtful_because_an_entry_may_be_skipped(on: On) -> None:
    first = {"users": users(range(200)), "pagination": {"current": "a", "next": "b", "totalEntries": 250}}
    second = {"users": users(range(201, 250)), "pagination": {"current": "b", "totalEntries": 249}}
    with pytest.raises(Doubtful, match="became shorter"):
        list(on(pages(first, second)).members())


def test_a_list_that_never_ends_is_left(on: On, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller_module, "MOST_PAGES", 4)
    cursors = (str(number) for number in itertools.count())
    endless = on(
        lambda _: httpx.Response(200, json={"data": {"users": [], "pagination": {"next": next(cursors)}}})
    )
    with pytest.raises(Doubtful, match="no end after 4 pages"):
        list(endless.members())


@pytest.mark.parametrize("last", [{}, {"next": None}, {"next": ""}])
def test_the_last_page_is_known_by_an_absent_or_empty_next(on: On, last: dict[str, Any]) -> None:
    given = {"users": users(range(2)), "pagination": {"current": "a"} | last}
    assert len(list(on(pages(given)).members())) == 2


def test_one_member_whose_permissions_are_not_told_is_doubtful_not_without_permissions(on: On) -> None:
    answer = {"user": {"id": "u1", "name": "Dan", "email": "dan@example.com"}}
    with pytest.raises(Doubtful, match="permissions"):
        on(pages(answer)).member("u1")
