"""Who may decide, whose turn it is, and how many have to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from offboarding.approvals.policies.rules import KINDS, Terms, Turn, Who, in_turn
from offboarding.approvals.policies.rules import needed as people_needed
from offboarding.directory.rules import Scope
from offboarding.users.rules import Role


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A policy as one plan is decided under it: frozen with the plan, whatever becomes of the policy later.

    `version` 0 is what the installation says where no policy is in force. `needed` counts distinct people.
    """

    name: str
    version: int
    clients: frozenset[int]
    terms: Terms
    needed: int = 1


@dataclass(frozen=True, slots=True)
class Voter:
    """Somebody as far as turns go. `named_for`: the clients that their role of approver names, for all of the request."""

    user_id: int
    approves: bool
    named_for: frozenset[int]
    secures: bool

    @classmethod
    def of(cls, scope: Scope, clients: frozenset[int]) -> Voter:
        """`clients` are all of the request: a role that leaves one out does not count."""
        return cls(
            scope.user_id,
            scope.covers(clients, Role.APPROVER),
            scope.named(clients, Role.APPROVER),
            scope.covers(clients, Role.SECURITY),
        )


def rulings_in(body: Mapping[str, Any]) -> tuple[Ruling, ...]:
    """From the body of a plan; none for plans of before there were policies."""
    changed = [place for place in body["places"] if place["choice"] != "keep"]
    return tuple(
        Ruling(
            each["name"],
            each["version"],
            frozenset(each["clients"]),
            terms := Terms.from_json(each["terms"]),
            people_needed(
                terms, [p for p in changed if p["workspace_id"] in each["workspaces"]], len(changed)
            ),
        )
        for each in body.get("decided_under", ())
    )


def with_at_least(rulings: Sequence[Ruling], people: int) -> tuple[Ruling, ...]:
    """The same where a brake asks for more people: fewer are not enough under any of them."""
    return tuple(replace(ruling, needed=max(ruling.needed, people)) for ruling in rulings)


# ---------------------------------------------------------------- turns


def fits(turn: Turn, voter: Voter, clients: frozenset[int]) -> bool:
    if turn.people and voter.user_id not in turn.people:
        return False
    if turn.who is Who.SECURITY:
        return voter.secures
    return voter.approves and (turn.who is Who.APPROVER or clients <= voter.named_for)


def asked_at_all(ruling: Ruling, voter: Voter) -> bool:
    return any(fits(turn, voter, ruling.clients) for turn in ruling.terms.turns)


def asked_as(rulings: Iterable[Ruling], voter: Voter) -> list[str]:
    """As what this person is asked, in words that are kept with their decision."""
    kinds = {
        turn.who.value
        for ruling in rulings
        for turn in ruling.terms.turns
        if fits(turn, voter, ruling.clients)
    }
    return sorted(kinds)


def still_holds(held: Iterable[str], voter: Voter, clients: frozenset[int]) -> bool:
    """True if one of these is still theirs, for every client of the request."""
    holds = {
        Who.APPROVER: voter.approves,
        Who.CLIENT: voter.approves and bool(voter.named_for & clients),
        Who.SECURITY: voter.secures,
    }
    return any(holds[Who(each)] for each in held)


def seated(ruling: Ruling, voters: Sequence[Voter]) -> dict[int, int]:
    """Whose yes takes which seat: seat to voter, both by number. Nobody sits twice; earlier seats are filled first.

    Somebody who could sit in several places makes room where that seats one more (augmenting paths).
    """
    seats = [turn for turn in ruling.terms.turns for _ in range(turn.count)]
    taken: dict[int, int] = {}

    def seat(number: int, tried: set[int]) -> bool:
        for each, voter in enumerate(voters):
            if each in tried or not fits(seats[number], voter, ruling.clients):
                continue
            tried.add(each)
            before = next((other for other, held in taken.items() if held == each), None)
            if before is None or (before != number and seat(before, tried)):
                taken[number] = each
                return True
        return False

    for number in range(len(seats)):
        seat(number, set())
    return taken


@dataclass(frozen=True, slots=True)
class Count:
    """How far one ruling is met. `turn`: the first that is not filled; the number of turns, if all are."""

    have: int
    seats: int
    filled: int
    turn: int
    filled_to_turn: int

    def met(self, needed: int) -> bool:
        return self.filled == self.seats and self.have >= needed


def count(ruling: Ruling, voters: Sequence[Voter], turn: int | None = None) -> Count:
    """`turn`: count the seats up to this one, not up to the first that is not filled."""
    taken, start, open_turn = seated(ruling, voters), 0, len(ruling.terms.turns)
    ends = []
    for number, each in enumerate(ruling.terms.turns):
        start += each.count
        ends.append(start)
        if open_turn == len(ruling.terms.turns) and any(
            n not in taken for n in range(start - each.count, start)
        ):
            open_turn = number
    looked = open_turn if turn is None else turn
    reach = ends[looked] if looked < len(ends) else start
    have = sum(asked_at_all(ruling, voter) for voter in voters)
    return Count(have, start, len(taken), open_turn, sum(seat < reach for seat in taken))


def helps(ruling: Ruling, voters: Sequence[Voter], one: Voter) -> bool:
    """True if this person's yes would bring the ruling nearer now."""
    before = count(ruling, voters)
    if before.met(ruling.needed) or not asked_at_all(ruling, one):
        return False
    after = count(ruling, [*voters, one], before.turn)
    if before.filled == before.seats:
        return True
    if ruling.terms.ordered:
        return after.filled_to_turn > before.filled_to_turn
    spare = ruling.needed - before.seats - (before.have - before.filled)
    return after.filled > before.filled or spare > 0


def enough(rulings: Iterable[Ruling], voters: Sequence[Voter]) -> bool:
    """True if every ruling is met. One person's yes counts for each of them."""
    return all(count(ruling, voters).met(ruling.needed) for ruling in rulings)


def in_all(rulings: Sequence[Ruling]) -> int:
    """How many distinct people it takes at least."""
    return max((ruling.needed for ruling in rulings), default=1)


def missing(rulings: Sequence[Ruling], voters: Sequence[Voter]) -> int:
    """How many more have to say yes, at least."""
    counts = [(ruling, count(ruling, voters)) for ruling in rulings]
    return max(
        (max(ruling.needed - each.have, each.seats - each.filled, 0) for ruling, each in counts), default=0
    )


# ---------------------------------------------------------------- who may not


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rule needs to know of somebody who wants to decide.

    `voter` is whose right it is: their own, or that of the person who delegated it to them, who is then `acts_for`.
    `about_them`, `about_giver`: it is their access, or that of the person they act for.
    `works`: they do the steps of this request, or hold the role that does.
    """

    user_id: int
    voter: Voter
    requester_id: int
    editor_ids: frozenset[int]
    decided_already: bool
    about_them: bool = False
    works: bool = False
    acts_for: str = ""
    about_giver: bool = False


def may_not_decide(who: Standing, rulings: Sequence[Ruling]) -> str:
    """Why this person may not decide on this plan, in a sentence; empty if they may."""
    if why := part_in_it(who.user_id, who.about_them, who):
        return why
    if who.acts_for and (why := part_in_it(who.voter.user_id, who.about_giver, who)):
        return f"You act for {who.acts_for}, who has a part in it, so someone else decides."
    if not any(asked_at_all(ruling, who.voter) for ruling in rulings):
        return not_asked(rulings)
    if who.works and any(ruling.terms.apart for ruling in rulings):
        return (
            "You work on the steps of this request, so someone else decides: its policy keeps the two apart."
        )
    if who.decided_already:
        return "You have decided on this plan already."
    return ""


def best(standings: Sequence[Standing], rulings: Sequence[Ruling], said: Sequence[Voter]) -> Standing:
    """The right with which a yes would count now; else one with which this person may decide; else the first, their own."""
    may = [each for each in standings if not may_not_decide(each, rulings)]
    now = (each for each in may if not not_their_turn(rulings, said, each.voter))
    return next(now, None) or next(iter(may), standings[0])


def part_in_it(user_id: int, about_them: bool, who: Standing) -> str:
    if user_id == who.requester_id:
        return "You filed this, so someone else decides."
    if user_id in who.editor_ids:
        return "You changed this plan, so someone else decides."
    if about_them:
        return "This is about your own access, so someone else decides."
    return ""


def not_asked(rulings: Sequence[Ruling]) -> str:
    """The plain sentence where the policy is plain, else what the policy says."""
    turns = {(turn.who, turn.people) for ruling in rulings for turn in ruling.terms.turns}
    if turns <= {(Who.APPROVER, ())}:
        return "Only an approver for every client in this request decides."
    asked = ", ".join(dict.fromkeys(in_turn(ruling.terms, {}) for ruling in rulings if not named(ruling)))
    return (
        f"The approval policy says who decides: {asked}."
        if asked
        else "The approval policy names who decides."
    )


def named(ruling: Ruling) -> bool:
    return any(turn.people for turn in ruling.terms.turns)


def not_their_turn(rulings: Sequence[Ruling], voters: Sequence[Voter], one: Voter) -> str:
    """Why this person's yes would not count now; empty if it would."""
    if any(helps(ruling, voters, one) for ruling in rulings):
        return ""
    waiting = dict.fromkeys(next_turn(ruling, voters) for ruling in rulings)
    first = ", ".join(says for says in waiting if says)
    return f"It is not your turn yet: first {first} decides." if first else "Your yes is not needed any more."


def next_turn(ruling: Ruling, voters: Sequence[Voter]) -> str:
    """Who is asked next, in words; empty if nobody is."""
    here = count(ruling, voters)
    if here.met(ruling.needed):
        return ""
    turns = ruling.terms.turns
    if here.turn < len(turns):
        return f"{'an ' if turns[here.turn].who is not Who.SECURITY else 'somebody '}{KINDS[turns[here.turn].who]}"
    return "one more of those who decide"
