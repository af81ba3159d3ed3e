"""Who may decide, whose turn it is, and how many it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from offboarding.approvals.policies.rules import Terms, Turn, Who, needed
from offboarding.approvals.rules import (
    Ruling,
    Standing,
    Voter,
    enough,
    in_all,
    may_not_decide,
    missing,
    not_their_turn,
    rulings_in,
)

TERMS = Terms(owner=2, production=1, many=3, many_needed=3)


def place(
    choice: str = "remove", owner: bool = False, production: bool = False, outcome: str = "member"
) -> dict[str, Any]:
    environment = "production" if production else "staging"
    return {"choice": choice, "owner": owner, "environment": environment, "outcome": outcome}


NEEDED = [
    (TERMS, [place()], 1, "one place"),
    (TERMS, [place(), place(), place()], 1, "as many as still count as few"),
    (TERMS, [place()] * 4, 3, "many"),
    (TERMS, [place()] * 3 + [place("keep")] * 9, 1, "what is kept does not count"),
    (TERMS, [place(owner=True)], 2, "an owner goes"),
    (TERMS, [place("downgrade", owner=True)], 2, "an owner is made read-only"),
    (TERMS, [place(outcome="unknown")], 2, "nobody could look, so it may be an owner"),
    (TERMS, [place(outcome="invited"), place(outcome="absent")], 1, "what was looked at is known"),
    (TERMS, [place(), place("keep", outcome="unknown")], 1, "what stays, whatever it is"),
    (TERMS, [place(), place("keep", owner=True)], 1, "an owner who stays"),
    (TERMS, [place(owner=True)] * 4, 3, "both: the larger number"),
    (replace(TERMS, production=2), [place(production=True)], 2, "production"),
    (replace(TERMS, production=2), [place(), place("keep", production=True)], 1, "production that stays"),
    (replace(TERMS, turns=(Turn(Who.APPROVER, 2), Turn(Who.SECURITY))), [place()], 3, "every turn"),
]


@pytest.mark.parametrize(("terms", "places", "count", "because"), NEEDED)
def test_how_many_it_takes(terms: Terms, places: list[dict[str, Any]], count: int, because: str) -> None:
    changed = [each for each in places if each["choice"] != "keep"]
    assert needed(terms, changed, len(changed)) == count, because


def test_a_policy_never_asks_for_fewer_than_one() -> None:
    assert needed(Terms(owner=1), [], 0) == 1


def test_many_is_counted_over_the_whole_request_and_owners_where_the_policy_is_for() -> None:
    under = {"name": "a", "version": 1, "clients": [1], "terms": TERMS.as_json()}
    body = {
        "places": [{**place(owner=n == 4), "workspace_id": n} for n in range(5)],
        "decided_under": [{**under, "workspaces": [0]}, {**under, "workspaces": [1, 2, 3, 4]}],
    }
    assert [ruling.needed for ruling in rulings_in(body)] == [3, 3]
    body["places"] = body["places"][3:]
    assert [ruling.needed for ruling in rulings_in(body)] == [1, 2]


# ---------------------------------------------------------------- turns

ACME, GLOBEX = 1, 2
APPROVER = Voter(10, True, frozenset(), False)
OF_ACME = Voter(11, True, frozenset({ACME}), False)
SECURITY = Voter(12, False, frozenset(), True)
BOTH = Voter(13, True, frozenset({ACME}), True)
NOBODY = Voter(14, False, frozenset(), False)
ANY = Turn(Who.APPROVER)
CLIENTS, THEN_SECURITY = Turn(Who.CLIENT), Turn(Who.SECURITY)


def ruling(
    *turns: Turn, ordered: bool = False, needed: int = 0, clients: frozenset[int] = frozenset({ACME})
) -> Ruling:
    terms = Terms(turns=turns, ordered=ordered)
    return Ruling("Acme", 1, clients, terms, max(needed, sum(turn.count for turn in turns)))


TURNS = [
    (ruling(ANY), [], APPROVER, True, "the only turn"),
    (ruling(ANY), [], SECURITY, False, "not asked at all"),
    (ruling(ANY), [APPROVER], OF_ACME, False, "met already"),
    (ruling(ANY, needed=2), [APPROVER], OF_ACME, True, "one more than the turns ask"),
    (ruling(CLIENTS), [], APPROVER, False, "an approver of all clients is none of this client"),
    (ruling(CLIENTS), [], OF_ACME, True, "an approver of the client"),
    (ruling(CLIENTS, clients=frozenset({ACME, GLOBEX})), [], OF_ACME, False, "of one client of two"),
    (ruling(CLIENTS, THEN_SECURITY, ordered=True), [], SECURITY, False, "too early"),
    (ruling(CLIENTS, THEN_SECURITY, ordered=True), [OF_ACME], SECURITY, True, "in turn"),
    (ruling(CLIENTS, THEN_SECURITY, ordered=True), [OF_ACME], BOTH, True, "who could both, in the second turn"),
    (ruling(CLIENTS, THEN_SECURITY), [], SECURITY, True, "without an order"),
    (ruling(CLIENTS, THEN_SECURITY), [BOTH], SECURITY, True, "room is made: the first moves over"),
    (ruling(CLIENTS, THEN_SECURITY), [BOTH], OF_ACME, True, "room is made the other way"),
    (ruling(CLIENTS, THEN_SECURITY), [OF_ACME], OF_ACME, False, "the seat is taken, and nothing is to spare"),
    (ruling(CLIENTS, THEN_SECURITY, needed=3), [OF_ACME], BOTH, True, "one to spare"),
    (ruling(Turn(Who.APPROVER, 1, (10,))), [], OF_ACME, False, "somebody else is named"),
    (ruling(Turn(Who.APPROVER, 1, (10,))), [], APPROVER, True, "named"),
    (ruling(Turn(Who.SECURITY, 1, (14,))), [], NOBODY, False, "named, and the role is gone"),
    (ruling(Turn(Who.APPROVER, 2)), [APPROVER], BOTH, True, "two of one kind"),
]  # fmt: skip


@pytest.mark.parametrize(("under", "said", "one", "counts", "because"), TURNS)
def test_whose_yes_counts_now(
    under: Ruling, said: list[Voter], one: Voter, counts: bool, because: str
) -> None:
    assert (not_their_turn([under], said, one) == "") is counts, because


def test_it_is_said_who_comes_first() -> None:
    under = ruling(CLIENTS, THEN_SECURITY, ordered=True)
    says = not_their_turn([under], [], SECURITY)
    assert says == "It is not your turn yet: first an approver of the client decides."
    assert "not needed any more" in not_their_turn([ruling(ANY)], [APPROVER], OF_ACME)


ENOUGH = [
    ([ruling(ANY)], [APPROVER], True, 0, "one"),
    ([ruling(ANY, needed=2)], [APPROVER], False, 1, "one of two"),
    ([ruling(CLIENTS, THEN_SECURITY)], [OF_ACME, APPROVER], False, 1, "two people, and nobody of security"),
    ([ruling(CLIENTS, THEN_SECURITY)], [BOTH], False, 1, "nobody sits twice"),
    ([ruling(CLIENTS, THEN_SECURITY)], [BOTH, OF_ACME], True, 0, "each has a seat"),
    ([ruling(ANY), ruling(THEN_SECURITY)], [BOTH], True, 0, "one yes counts for each policy"),
    ([ruling(ANY), ruling(THEN_SECURITY)], [APPROVER], False, 1, "each policy has to be met"),
    ([ruling(ANY)], [NOBODY], False, 1, "a role that was lost does not count"),
    ([ruling(ANY, needed=2)], [APPROVER, NOBODY], False, 1, "and brings nobody nearer"),
]  # fmt: skip


@pytest.mark.parametrize(("rulings", "said", "met", "left", "because"), ENOUGH)
def test_when_it_is_enough(
    rulings: list[Ruling], said: list[Voter], met: bool, left: int, because: str
) -> None:
    assert enough(rulings, said) is met, because
    assert missing(rulings, said) == left, because


def test_the_strictest_policy_says_how_many() -> None:
    assert in_all([ruling(ANY), ruling(ANY, needed=3)]) == 3


# ---------------------------------------------------------------- who may not

MAY = Standing(
    user_id=2, voter=Voter(2, True, frozenset({ACME}), False), requester_id=1,
    editor_ids=frozenset({1}), decided_already=False,
)  # fmt: skip
UNDER = [ruling(ANY)]
APART = [replace(ruling(ANY), terms=Terms(apart=True))]
RIGHT_OF_ZOE = Voter(3, True, frozenset(), False)
FOR_ZOE = {"voter": RIGHT_OF_ZOE, "acts_for": "Zoe"}

MAY_NOT: list[tuple[dict[str, Any], list[Ruling], str]] = [
    ({"requester_id": 2}, UNDER, "You filed this"),
    ({"editor_ids": frozenset({1, 2})}, UNDER, "You changed this plan"),
    ({"about_them": True}, UNDER, "your own access"),
    ({"voter": NOBODY}, UNDER, "Only an approver for every client"),
    ({"voter": APPROVER}, [ruling(CLIENTS)], "1 approver of the client"),
    ({}, [ruling(Turn(Who.APPROVER, 1, (99,)))], "names who decides"),
    ({"decided_already": True}, UNDER, "decided on this plan already"),
    ({"works": True}, APART, "You work on the steps"),
    ({**FOR_ZOE, "requester_id": 3}, UNDER, "You act for Zoe, who has a part in it"),
    ({**FOR_ZOE, "editor_ids": frozenset({3})}, UNDER, "You act for Zoe"),
    ({**FOR_ZOE, "about_giver": True}, UNDER, "You act for Zoe"),
    ({**FOR_ZOE, "requester_id": 2}, UNDER, "You filed this"),
]


def test_an_approver_who_has_no_part_in_it_may_decide() -> None:
    assert may_not_decide(MAY, UNDER) == ""
    assert may_not_decide(replace(MAY, works=True), UNDER) == ""
    assert may_not_decide(replace(MAY, **FOR_ZOE), UNDER) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(("change", "under", "says"), MAY_NOT)
def test_everybody_else_is_told_why_not(change: dict[str, Any], under: list[Ruling], says: str) -> None:
    assert says in may_not_decide(replace(MAY, **change), under)
