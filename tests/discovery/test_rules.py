"""What was seen of one person, in words and as data."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from offboarding.discovery.rules import (
    OWNER_ROLE_ID,
    Account,
    Held,
    Outcome,
    Owners,
    Reach,
    Sighting,
    Thing,
    keys_in_reach,
    reads_warehouses,
    sighting,
    unknown,
)

WHOLE = (("WORKSPACE", "w1"),)
SAYS = [
    (Held("r", "Source Admin", WHOLE), "Source Admin, whole workspace", "everything"),
    (Held("r", "Source Admin", (("SOURCE", "a"),)), "Source Admin, 1 source", "one"),
    (
        Held("r", "Source Admin", (("SOURCE", "a"), ("SOURCE", "b"), ("SPACE", "c"))),
        "Source Admin, 2 sources, 1 space",
        "two kinds",
    ),
    (Held("r", "Source Admin", WHOLE, ("env:prod",)), "Source Admin, labelled env:prod", "narrowed by label"),
    (Held("r", "Journeys Curator", (("JOURNEY", "j"),)), "Journeys Curator, 1 JOURNEY", "as it came"),
    (Held("r", "Workspace Owner", WHOLE), "Workspace Owner", "an owner reaches everything anyway"),
    (Held("r", "Odd", ()), "Odd", "nothing known about its reach"),
]


@pytest.mark.parametrize(("held", "says", "because"), SAYS)
def test_a_role_in_words(held: Held, says: str, because: str) -> None:
    assert held.says() == says, because


OWNERS = [
    (Held("x", "Workspace Owner"), True, "by name"),
    (Held(OWNER_ROLE_ID, "Renamed"), True, "by the id that Segment documents"),
    (Held("x", "Workspace Owner (old)"), False, "another role"),
]


@pytest.mark.parametrize(("held", "owner", "because"), OWNERS)
def test_an_owner_is_known_by_id_or_name(held: Held, owner: bool, because: str) -> None:
    assert held.owner is owner, because


def test_a_kind_of_resource_that_nobody_documents_is_not_known() -> None:
    assert not Held("x", "Journeys Curator", (("JOURNEY", "j"),)).known
    assert Held("x", "Source Admin", (("SOURCE", "s"),)).known


FULL = Sighting(
    Outcome.MEMBER,
    (
        Account(
            "u1",
            "dan@northwind.example",
            "Dan",
            (Held("r", "Source Admin", (("SOURCE", "a"),), ("env:prod",), "Admins"),),
            (("g1", "Admins"),),
        ),
    ),
    ("dan.reyes@mail.example",),
    Owners.OTHERS,
    58,
    Reach((Thing("a", "Checkout"),), 3, (Thing("w", "Snowflake", "etl"),), unread=("functions",)),
)


@pytest.mark.parametrize(
    "seen", [FULL, Sighting(Outcome.ABSENT), unknown("The token was refused.", "New one")]
)
def test_a_sighting_survives_a_database(seen: Sighting) -> None:
    assert sighting(json.loads(json.dumps(seen.as_json()))) == seen


LINES = [
    (FULL, "Source Admin, 1 source (through Admins)", "the group is named"),
    (Sighting(Outcome.MEMBER, (Account("u", "e", "n"),)), "Member without a role", "nothing held"),
    (Sighting(Outcome.INVITED, invitations=("a@x.example",)), "Invitation to a@x.example", "pending"),
    (Sighting(Outcome.ABSENT), "None found", "nobody"),
    (unknown("The token was refused."), "The token was refused.", "why we could not look"),
]


@pytest.mark.parametrize(("seen", "says", "because"), LINES)
def test_a_sighting_in_one_line(seen: Sighting, says: str, because: str) -> None:
    assert seen.says() == says, because


SOURCES = {"a": ("Checkout", 2), "b": ("Website", 1)}
KEYS = [
    ((Held("r", "Workspace Owner", WHOLE),), 3, "owners read all keys"),
    ((Held("r", "Source Admin", WHOLE),), 3, "so do admins of all sources"),
    ((Held("r", "Source Admin", (("SOURCE", "a"),)),), 2, "an admin of one source reads its keys"),
    ((Held("r", "Source Read-only", WHOLE),), 0, "readers see no keys"),
    ((Held("r", "Source Admin", (("SOURCE", "gone"),)),), 0, "a source that is not there any more"),
    ((), 0, "no role"),
]


@pytest.mark.parametrize(("roles", "count", "because"), KEYS)
def test_whose_write_keys_a_role_reads(roles: tuple[Held, ...], count: int, because: str) -> None:
    things, keys = keys_in_reach(roles, SOURCES)
    assert keys == count, because
    assert (len(things) == 0) is (count == 0)


@pytest.mark.parametrize(
    ("name", "reads"),
    [("Warehouse Destination Admin", True), ("Warehouse Admin", True), ("Workspace Owner", True),
     ("Warehouse Destination Read-only", False)],
)  # fmt: skip
def test_who_reads_warehouse_logins(name: str, reads: bool) -> None:
    assert reads_warehouses([Held("r", name)]) is reads


def test_a_snapshot_from_before_fingerprints_were_kept_still_loads() -> None:
    data = FULL.as_json()
    del data["reach"]["keys"], data["reach"]["unseen_keys"]
    assert sighting(data) == replace(FULL, reach=replace(FULL.reach, keys=(), unseen_keys=()))
