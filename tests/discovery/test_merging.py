"""One person's accounts in a workspace: what goes, the one that stays, and exactly what it lacks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from offboarding.discovery.merging import lacks, split, still_lacked, to_give
from offboarding.discovery.rules import Account, Held, Outcome, Owners, Sighting, unknown

GOES, STAYS = "dan@northwind.example", "dan.reyes@northwind.example"
WHOLE = (("WORKSPACE", "w1"),)


def role(name: str, *resources: tuple[str, str], group: str = "", labels: tuple[str, ...] = ()) -> Held:
    given = {"roleId": f"id-{name}", "resources": [{"type": kind, "id": key} for kind, key in resources]}
    return Held(f"id-{name}", name, resources, labels, group, json.dumps(given))


OWNER, BARE = role("Workspace Owner", *WHOLE), role("Minimal Workspace Access", *WHOLE)
ON_1, ON_2 = ("SOURCE", "s1"), ("SOURCE", "s2")
ANALYSTS = (("g1", "Analysts"),)


def account(email: str, *roles: Held, groups: tuple[tuple[str, str], ...] = ()) -> Account:
    return Account(f"u-{email}", email, "Dan", roles, groups)


def member(*accounts: Account, **fields: Any) -> Sighting:
    return Sighting(Outcome.MEMBER, accounts, **fields)


NOBODY = Sighting(Outcome.ABSENT)


def words(going: Sighting, staying: Sighting) -> list[str]:
    return [each.says() for each in lacks(going, staying)]


def test_accounts_and_invitations_are_told_apart_by_the_address_without_case() -> None:
    seen = member(account(GOES, OWNER), account("Dan.Reyes@Northwind.example", BARE), invitations=(STAYS,))
    going, staying = split(seen, STAYS)
    assert [each.email for each in going.accounts] == [GOES] and going.invitations == ()
    assert [each.email for each in staying.accounts] == ["Dan.Reyes@Northwind.example"]
    assert split(member(account(GOES)), STAYS)[1].outcome is Outcome.ABSENT
    assert split(Sighting(Outcome.INVITED, invitations=(GOES,)), STAYS)[0].outcome is Outcome.INVITED


def test_what_nobody_saw_stays_unseen_on_both_sides() -> None:
    seen = unknown("The token was refused.")
    assert split(seen, STAYS) == (seen, seen)


def test_an_owner_who_stays_is_another_owner() -> None:
    both = member(account(GOES, OWNER), account(STAYS, OWNER), owners=Owners.LAST)
    assert split(both, STAYS)[0].owners is Owners.OTHERS
    alone = member(account(GOES, OWNER), account(STAYS, BARE), owners=Owners.LAST)
    assert split(alone, STAYS)[0].owners is Owners.LAST


@pytest.mark.parametrize(
    ("going", "staying", "lacking", "because"),
    [
        ((role("Source Admin", ON_1, ON_2),), (role("Source Admin", ON_1),), ["Source Admin on the source s2"], "only the rest"),
        ((role("Source Admin", ON_1),), (role("Source Admin", *WHOLE),), [], "the same role is wider already"),
        ((role("Source Admin", ON_1),), (OWNER,), [], "owners have everything"),
        ((role("Source Admin", ON_1),), (role("Source Admin", ON_1, group="Team"),), [], "a group gives it already"),
        ((role("Source Admin", *WHOLE),), (role("Source Admin", ON_1),), ["Source Admin on the whole workspace"], "wider"),
        ((BARE,), (role("Source Admin", ON_1),), [], "a member is a member"),
        ((OWNER,), (BARE,), ["Workspace Owner"], "ownership goes over too"),
    ],
)  # fmt: skip
def test_what_the_account_that_stays_lacks(
    going: tuple[Held, ...], staying: tuple[Held, ...], lacking: list[str], because: str
) -> None:
    assert words(member(account(GOES, *going)), member(account(STAYS, *staying))) == lacking, because


def test_who_is_no_member_lacks_all_of_it_groups_too() -> None:
    going = member(account(GOES, BARE, role("Function Admin", *WHOLE, group="Analysts"), groups=ANALYSTS))
    assert words(going, NOBODY) == ["Minimal Workspace Access on the whole workspace", "the group Analysts"]
    assert words(going, member(account(STAYS, groups=ANALYSTS))) == []


def test_exactly_the_lacking_part_is_given_and_once() -> None:
    both = role("Source Admin", ON_1, ON_2)
    going = member(account(GOES, both), account("old@northwind.example", both))
    staying = member(account(STAYS, role("Source Admin", ON_1)))
    given = to_give(going, lacks(going, staying))
    assert given == [{"roleId": "id-Source Admin", "resources": [{"type": "SOURCE", "id": "s2"}]}]


def test_what_an_older_look_did_not_keep_exactly_is_not_given() -> None:
    labelled = replace(role("Source Admin", *WHOLE, labels=("team:web",)), given="")
    going = member(account(GOES, labelled))
    assert to_give(going, lacks(going, NOBODY)) is None


def test_what_is_there_by_now_is_no_longer_lacked() -> None:
    going = member(account(GOES, role("Source Admin", ON_1, ON_2)))
    wanted = lacks(going, NOBODY)
    assert [
        each.says() for each in still_lacked(wanted, member(account(STAYS, role("Source Admin", ON_2))))
    ] == ["Source Admin on the source s1"]
    assert not still_lacked(wanted, member(account(STAYS, OWNER)))
