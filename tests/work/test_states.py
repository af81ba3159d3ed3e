"""The states of everything slow: each allowed move is on purpose, every other is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offboarding.work.rules import DUE, ENDED, MOVES, State, back_off, may_move

W, R, RUN, U, V, P, D, F, C = State

ALLOWED = [
    (W, R, "its turn came"),
    (W, RUN, "its time came, and the engine took it"),
    (W, P, "its turn came, and it is for a person"),
    (W, D, "something else ended it: the packet is sealed"),
    (W, C, "skipped before its turn"),
    (R, W, "not yet after all"),
    (R, RUN, "the engine took it"),
    (R, P, "a person took it"),
    (R, C, "skipped"),
    (RUN, W, "asked to wait, or nobody reached"),
    (RUN, R, "again soon"),
    (RUN, RUN, "another worker takes it after the lease ran out"),
    (RUN, U, "a call went out and no clear answer came"),
    (RUN, V, "accepted, to be read again"),
    (RUN, P, "a person has to look"),
    (RUN, D, "seen, so done"),
    (RUN, F, "it cannot be done"),
    (RUN, C, "the approval no longer stands"),
    (U, RUN, "look what happened"),
    (U, P, "doubt goes to a person"),
    (U, C, "skipped"),
    (V, RUN, "the next look"),
    (V, P, "it never showed"),
    (P, R, "a new try"),
    (P, W, "back to waiting"),
    (P, D, "done by hand"),
    (P, C, "skipped"),
    (D, P, "a sign-off taken back"),
    (F, R, "a new try"),
    (F, P, "done by hand"),
]


@pytest.mark.parametrize(("here", "there", "because"), ALLOWED)
def test_an_allowed_move(here: State, there: State, because: str) -> None:
    assert may_move(here, there), because


@pytest.mark.parametrize(
    ("here", "there"),
    [(here, there) for here in State for there in State if (here, there) not in {row[:2] for row in ALLOWED}],
)
def test_every_other_move_is_refused(here: State, there: State) -> None:
    assert not may_move(here, there)


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(State)


def test_what_is_due_has_not_ended_and_nobody_holds_it() -> None:
    assert not set(DUE) & {*ENDED, State.RUNNING, State.NEEDS_PERSON}
    assert {*DUE, *ENDED, State.RUNNING, State.NEEDS_PERSON} == set(State)


@pytest.mark.parametrize("tries", range(40))
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
def test_backing_off_doubles_and_has_an_end(tries: int, spread: float) -> None:
    wait = back_off(tries, spread)
    assert timedelta(seconds=0.75) <= wait <= timedelta(seconds=375)
    assert wait >= back_off(tries - 1, spread) if tries else True


@given(tries=st.integers(0, 10_000), one=st.floats(0, 1), other=st.floats(0, 1))
def test_the_spread_moves_a_wait_by_at_most_a_quarter(tries: int, one: float, other: float) -> None:
    middle = back_off(tries, 0.5)
    for spread in (one, other):
        assert abs(back_off(tries, spread) - middle) <= middle / 4 + timedelta(microseconds=1)
