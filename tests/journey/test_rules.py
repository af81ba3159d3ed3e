"""Whose turn it is, and when a removal may close."""

from __future__ import annotations

from dataclasses import replace

import pytest

from offboarding.journey.rules import Standing, may_close, to_go_on, to_release, to_wake
from offboarding.work.rules import ENDED, State

ITEM = Standing(
    number=1, step="", at="", automatic=True, state=State.WAITING, cause="", has_time=False, waits_for=(),
    blocks_closing=True, token_works=True, answers_again=False,
)  # fmt: skip


def first(state: State) -> Standing:
    return replace(ITEM, number=1, state=state)


SECOND = replace(ITEM, number=2, waits_for=(1,))

FREED = [
    (State.DONE, True, "what it waited for is done"),
    (State.CANCELLED, True, "skipped on purpose: nobody will do it"),
    (State.FAILED, False, "a person decides first"),
    (State.WAITING, False, "not yet"),
    (State.READY, False, "not yet"),
    (State.RUNNING, False, "not yet"),
    (State.UNKNOWN, False, "nobody knows"),
    (State.VERIFYING, False, "not seen yet"),
    (State.NEEDS_PERSON, False, "a person has to act"),
]


@pytest.mark.parametrize(("state", "freed", "because"), FREED)
def test_a_line_waits_until_what_it_waits_for_is_settled(state: State, freed: bool, because: str) -> None:
    assert (2 in to_release([first(state), SECOND])) is freed, because


def test_a_line_waits_for_all_of_them() -> None:
    both = replace(ITEM, number=3, waits_for=(1, 2))
    assert 3 not in to_release([first(State.DONE), replace(SECOND, state=State.RUNNING), both])
    assert 3 in to_release([first(State.DONE), replace(SECOND, state=State.CANCELLED), both])


def test_of_a_long_checklist_the_engine_gets_its_own_lines_first() -> None:
    by_hand = [replace(ITEM, number=number, automatic=False) for number in range(1, 60)]
    lines = [*by_hand, replace(ITEM, number=60), replace(ITEM, number=61)]
    assert to_release(lines, at_most=4) == [60, 61, 1, 2]


RESTS = [
    ({"has_time": True}, "it waits for Segment, or for its time"),
    ({"at": "30 days"}, "closing gives it its date"),
    ({"at": "until"}, "it has its date"),
    ({"step": "packet.seal"}, "closing lets go of it"),
    *(({"state": state}, "it had its turn") for state in State if state is not State.WAITING),
]


@pytest.mark.parametrize(("change", "because"), RESTS)
def test_some_lines_are_not_let_go_by_the_route(change: dict[str, object], because: str) -> None:
    assert to_release([ITEM]) == [1]
    assert to_release([replace(ITEM, **change)]) == [], because  # type: ignore[arg-type]


STOPPED = replace(ITEM, state=State.NEEDS_PERSON, cause="token-refused")
WAKES = [
    ({}, True, "the token works again"),
    ({"token_works": False}, False, "it does not"),
    ({"cause": "last-owner"}, False, "another cause"),
    ({"state": State.DONE}, False, "done by hand meanwhile"),
    ({"cause": "not-reached", "answers_again": True}, True, "the connection answers again"),
    ({"cause": "not-reached"}, False, "nobody knows that it does"),
]


@pytest.mark.parametrize(("change", "wakes", "because"), WAKES)
def test_only_what_its_connection_stopped_wakes_by_itself(
    change: dict[str, object], wakes: bool, because: str
) -> None:
    assert bool(to_wake([replace(STOPPED, **change)])) is wakes, because  # type: ignore[arg-type]


RESTED = replace(ITEM, state=State.WAITING, cause="paused")


def test_what_rested_during_a_pause_is_not_let_go_of_twice() -> None:
    assert to_go_on([RESTED]) == [RESTED.number]
    assert to_release([RESTED]) == []


@pytest.mark.parametrize(
    "change", [{"cause": ""}, {"state": State.NEEDS_PERSON}, {"state": State.CANCELLED}], ids=str
)
def test_only_what_rested_goes_on_after_a_pause(change: dict[str, object]) -> None:
    assert to_go_on([replace(RESTED, **change)]) == []  # type: ignore[arg-type]


CLOSES = [
    ([State.DONE, State.CANCELLED], True, "done or skipped"),
    ([State.DONE, State.FAILED], False, "what failed is not done"),
    *(([State.DONE, state], False, "something is open") for state in State if state not in ENDED),
    ([], False, "a request without a single line has done nothing"),
]


@pytest.mark.parametrize(("states", "closes", "because"), CLOSES)
def test_a_removal_closes_when_everything_in_scope_ended_well(
    states: list[State], closes: bool, because: str
) -> None:
    items = [replace(ITEM, number=number, state=state) for number, state in enumerate(states, 1)]
    assert may_close(items) is closes, because


def test_what_comes_later_does_not_hold_the_closing() -> None:
    later = replace(ITEM, number=2, blocks_closing=False)
    assert may_close([first(State.DONE), later])
