"""A plan that merges accounts: what is missing is given first, and nothing goes before it is read."""

from __future__ import annotations

from typing import Any

from offboarding.checklist.lines import lines
from offboarding.checklist.queries import playbook_of
from offboarding.checklist.risks import may_break
from offboarding.checklist.rules import Found, Giving, Line, Phase, Subject, before, planned
from offboarding.discovery.rules import Outcome, Owners, Reach, Sighting, SourceKeys, unknown
from offboarding.removals.rules import MERGING, Choice
from tests.checklist.test_lines import found
from tests.discovery.test_merging import (
    ANALYSTS,
    BARE,
    GOES,
    NOBODY,
    ON_1,
    ON_2,
    OWNER,
    STAYS,
    account,
    member,
    role,
)

SUBJECT = Subject("R-1001", "Dan Reyes", (GOES,), stays=STAYS)
ADMIN = role("Source Admin", ON_1, ON_2)
IN_GROUP = member(
    account(GOES, ADMIN, role("Function Admin", *OWNER.resources, group="Analysts"), groups=ANALYSTS)
)
INVITED = Sighting(Outcome.INVITED, invitations=(GOES,))


def merging(going: Sighting = IN_GROUP, staying: Sighting = NOBODY, **fields: Any) -> Found:
    return found(seen=going, stays=STAYS, staying=staying, **fields)


def plan(*places: Found) -> list[Line]:
    return lines(playbook_of(MERGING), SUBJECT, places)


def gives(*places: Found) -> list[str]:
    return [line.code for line in plan(*places) if line.phase is Phase.GIVE]


def line(code: str, *places: Found) -> Line:
    return next(each for each in plan(*places) if each.code == code)


def test_a_member_gets_the_missing_roles_and_groups_and_is_read() -> None:
    here = merging(staying=member(account(STAYS, role("Source Admin", ON_1))))
    assert gives(here) == ["give-missing", "join-group", "read-given"]
    given = line("give-missing", here)
    assert (
        given.title
        == f"Give {STAYS} in Acme Production what it lacks: Source Admin on the source s2, the group Analysts"
    )
    assert given.target["addresses"] == [STAYS] and given.target["accounts"][0]["email"] == STAYS
    assert given.target["permissions"] == [
        {"roleId": "id-Source Admin", "resources": [{"type": "SOURCE", "id": "s2"}]}
    ]
    assert line("join-group", here).target["accounts"][0]["email"] == STAYS
    assert [each["name"] for each in line("read-given", here).target["lacks"]] == [
        "Source Admin",
        "Source Admin",
        "Analysts",
    ]
    assert planned(here) == f"Give {STAYS} Source Admin on the source s2, the group Analysts, then remove"
    assert before(here).endswith(f"; {STAYS}: Source Admin, 1 source")


def test_what_goes_is_only_the_other_account() -> None:
    here = merging(staying=member(account(STAYS, BARE)))
    for code in ("remove-member", "leave-group", "read-again"):
        assert line(code, here).target["addresses"] == [GOES]
        assert [each["email"] for each in line(code, here).target["accounts"]] == [GOES]


def test_who_is_no_member_is_invited_and_read_when_it_has_accepted() -> None:
    given = line("give-missing", merging())
    assert given.target["accounts"] == [] and len(given.target["permissions"][0]["resources"]) == 2
    assert any("has to accept" in text for text in may_break([merging()]))
    only_groups = member(account(GOES, groups=ANALYSTS))
    assert gives(merging(only_groups)) == ["give-missing", "join-group", "read-given"]
    assert line("give-missing", merging(only_groups)).target["permissions"] == []


def test_where_nothing_is_missing_it_is_read_all_the_same() -> None:
    here = merging(member(account(GOES, ADMIN)), member(account(STAYS, OWNER)))
    assert here.giving is Giving.NOTHING and gives(here) == ["read-given"] and planned(here) == "Remove"


def test_where_nobody_knows_what_to_give_a_person_gives_it() -> None:
    assert gives(merging(unknown("Refused."), unknown("Refused."))) == ["give-by-hand"]
    assert gives(merging(INVITED)) == ["give-by-hand"]
    assert gives(merging(INVITED, member(account(STAYS, BARE)))) == []
    assert planned(merging(INVITED)) == "Cancel the invitation"
    assert any(
        "nobody can see exactly" in text
        for text in may_break([merging(unknown("Refused."), unknown("Refused."))])
    )


def test_where_the_provider_manages_members_it_brings_the_account_in() -> None:
    here = merging(managed_by="scim", provider_group="seg-acme")
    assert gives(here) == ["provision-first", "read-given"]
    there = merging(staying=member(account(STAYS, BARE)), managed_by="scim", provider_group="seg-acme")
    assert gives(there) == ["give-missing", "join-group", "read-given"]
    assert any("may undo what is given" in text for text in may_break([there]))


def test_every_way_in_which_access_goes_waits_for_the_read() -> None:
    here = merging(managed_by="scim", provider_group="seg-acme")
    for code in ("provider-group", "leave-group", "remove-member"):
        assert {"confirm-account", "read-given", "give-by-hand"} <= set(line(code, here).waits_for), code
    assert {"confirm-account", "give-missing", "join-group", "provision-first"} == set(
        line("read-given", here).waits_for
    )


def test_keys_and_logins_stay_as_the_person_does() -> None:
    keys = (SourceKeys("s1", "Web", ("f1",)),)
    reach = Reach(write_keys=1, keys=keys, functions=())
    here = merging(member(account(GOES, OWNER), owners=Owners.LAST, reach=reach))
    assert (
        not {each.phase for each in plan(here)} & {Phase.HAND_OVER} - {Phase.HAND_OVER}
        and here.reach == Reach()
    )
    assert [each.code for each in plan(here) if each.phase is Phase.ROTATE] == ["remove-tokens"]
    told = may_break([here])
    assert f"Acme Production: {STAYS} becomes Workspace Owner." in told
    assert not any("only Owner" in text or "write key" in text for text in told)


def test_what_is_kept_gives_nothing() -> None:
    assert gives(merging(choice=Choice.KEEP, reason="both are used")) == []
