"""Who may decide, and how many it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offboarding.approvals.rules import Policy, Standing, may_not_decide, needed

POLICY = Policy(owner_approvers=2, many=3, many_approvers=3)


def place(choice: str = "remove", owner: bool = False) -> dict[str, Any]:
    return {"choice": choice, "owner": owner}


NEEDED = [
    ([place()], 1, "one place"),
    ([place(), place(), place()], 1, "as many as still count as few"),
    ([place()] * 4, 3, "many"),
    ([place()] * 3 + [place("keep")] * 9, 1, "what is kept does not count"),
    ([place(owner=True)], 2, "an owner goes"),
    ([place("downgrade", owner=True)], 2, "an owner is made read-only"),
    ([place(), place("keep", owner=True)], 1, "an owner who stays"),
    ([place(owner=True)] * 4, 3, "both: the larger number"),
]


@pytest.mark.parametrize(("places", "count", "because"), NEEDED)
def test_how_many_it_takes(places: list[dict[str, Any]], count: int, because: str) -> None:
    assert needed(POLICY, places) == count, because


def test_a_policy_never_asks_for_fewer_than_one() -> None:
    assert needed(Policy(1, 100, 1), []) == 1


MAY = Standing(
    user_id=2, email="bob@x.example", is_approver_for_all=True, requester_id=1, editor_ids=frozenset({1}),
    addresses=["dan@x.example"], decided_already=False,
)  # fmt: skip

MAY_NOT = [
    ({"requester_id": 2}, "You filed this"),
    ({"editor_ids": frozenset({1, 2})}, "You changed this plan"),
    ({"addresses": ["dan@x.example", "BOB@x.example"]}, "your own access"),
    ({"is_approver_for_all": False}, "Only an approver"),
    ({"decided_already": True}, "decided on this plan already"),
]


def test_an_approver_who_has_no_part_in_it_may_decide() -> None:
    assert may_not_decide(MAY) == ""


@pytest.mark.parametrize(("change", "says"), MAY_NOT)
def test_everybody_else_is_told_why_not(change: dict[str, Any], says: str) -> None:
    assert says in may_not_decide(replace(MAY, **change))
