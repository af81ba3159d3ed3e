"""Scopes: what a user's memberships add up to, on a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from offboarding.directory import queries
from offboarding.directory.models import Address, Collaborator, Engagement, Membership
from offboarding.directory.rules import Scope
from offboarding.users.rules import Role
from tests.conftest import DAN, DAN_ELSEWHERE

Make = Callable[..., Any]
A, B, C = 1, 2, 3
LEAD, APPROVER = Role.REQUESTER, Role.APPROVER


def scope(*grants: tuple[Role, int | None]) -> Scope:
    return Scope(7, "zoe@northwind.example", frozenset(grants))


COVERS = [
    ((), {A}, (), False, "nobody without a membership"),
    (((LEAD, A),), {A}, (), True, "one client, any role"),
    (((LEAD, A),), {A, B}, (), False, "only one of the two clients"),
    (((LEAD, A), (APPROVER, B)), {A, B}, (), True, "both clients, in different roles"),
    (((LEAD, A), (APPROVER, B)), {A, B}, (APPROVER,), False, "not both in this role"),
    (((APPROVER, A), (APPROVER, B)), {A, B}, (APPROVER,), True, "both in this role"),
    (((LEAD, None),), {A, B, C}, (), True, "every client"),
    (((LEAD, None),), {A}, (APPROVER,), False, "every client, but in another role"),
    (((LEAD, None), (APPROVER, A)), {A}, (APPROVER,), True, "one of them in this role"),
    (((LEAD, A),), set(), (), False, "what belongs to no client is nobody's"),
]


@pytest.mark.parametrize(("grants", "clients", "roles", "covered", "because"), COVERS)
def test_a_scope_covers_all_or_nothing(
    grants: Any, clients: set[int], roles: Any, covered: bool, because: str
) -> None:
    assert scope(*grants).covers(frozenset(clients), *roles) is covered, because


PERIODS = [
    (None, None, True, "no period"),
    (-10, 10, True, "within it"),
    (0, 0, True, "both ends count"),
    (1, None, False, "it begins tomorrow"),
    (None, -1, False, "it ended yesterday"),
]


@pytest.mark.parametrize(("starts", "ends", "holds", "because"), PERIODS)
def test_a_membership_holds_within_its_period(
    person: Make, today: date, starts: int | None, ends: int | None, holds: bool, because: str
) -> None:
    user = person("zoe", Role.AUDITOR, clients_=("Acme",))
    days = [None if each is None else today + timedelta(days=each) for each in (starts, ends)]
    Membership.objects.update(starts_on=days[0], ends_on=days[1])
    assert queries.scope_of(user, today).has(Role.AUDITOR) is holds, because


def test_a_user_who_was_switched_off_sees_nothing(person: Make, today: date) -> None:
    user = person("zoe", Role.SECURITY)
    user.is_active = False
    assert queries.scope_of(user, today).grants == frozenset()


def test_clients_are_those_of_the_named_roles(person: Make, today: date) -> None:
    user = person("zoe", Role.REQUESTER, clients_=("Acme",))
    held = queries.scope_of(user, today)
    assert [str(client) for client in queries.clients_in(held)] == ["Acme"]
    assert not queries.clients_in(held, Role.APPROVER)


def test_other_addresses_of_a_person_stay_behind_the_clients_wall(
    clients: dict[str, Any], alice: Any, carol: Any, today: date
) -> None:
    known = Collaborator.objects.create(client=clients["Acme"], name="Dan Reyes")
    for email in (DAN, DAN_ELSEWHERE):
        Address.objects.create(collaborator=known, email=email)
    mine, theirs = queries.scope_of(alice, today), queries.scope_of(carol, today)
    assert queries.other_addresses(mine, DAN.upper()) == (DAN_ELSEWHERE,)
    assert queries.known_name(mine, DAN) == "Dan Reyes"
    assert queries.other_addresses(theirs, DAN) == ()
    assert queries.known_name(theirs, DAN) == ""


def test_people_with_a_role_hold_it_for_every_client(
    bob: Any, person: Make, clients: Any, today: date
) -> None:
    person("half", Role.APPROVER, clients_=("Acme",))
    both = frozenset({clients["Acme"].pk, clients["Globex"].pk})
    assert queries.people_with(Role.APPROVER, both, today) == [bob]


def test_who_leaves_soon_is_told_to_the_leads_of_that_client_only(
    clients: dict[str, Any], alice: Any, carol: Any, today: date
) -> None:
    made = Engagement.objects.create(
        client=clients["Acme"], name="Build", ends_on=today + timedelta(days=5), lead=alice
    )
    leaver = Collaborator.objects.create(client=clients["Acme"], name="Dan Reyes")
    leaver.engagements.add(made)
    Address.objects.create(collaborator=leaver, email=DAN)
    until = today + timedelta(days=14)
    (row,) = queries.leaving_soon(queries.scope_of(alice, today), until)
    assert (row["email"], row["client"]) == (DAN, "Acme")
    assert queries.leaving_soon(queries.scope_of(carol, today), until) == []
    assert queries.leaving_soon(queries.scope_of(alice, today), today) == []
