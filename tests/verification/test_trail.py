"""Which events of an audit trail are the removal's own, and which of several is named. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from offboarding.trail.rules import Told
from offboarding.verification.trail import Wanted, as_facts, found

AT = datetime(2026, 3, 31, 10, tzinfo=UTC)
DAN = "dan@x.example"
TYPES = [
    ("User Removed", "remove", True, "the plain one"),
    ("Policy Deleted", "remove", True, "the roles go with the membership, and nothing else may be told"),
    ("User Policy Updated", "remove", False, "other roles are no removal"),
    ("Policy Created", "remove", False, "a role was given"),
    ("Policy Deleted", "downgrade", True, "roles were taken"),
    ("Policy Created", "downgrade", True, "and others given"),
    ("Source Modified", "remove", False, "not about somebody's access"),
]


@pytest.mark.parametrize(("type", "choice", "traces", "because"), TYPES, ids=[row[3] for row in TYPES])
def test_what_is_the_trace_of_what_was_planned(type: str, choice: str, traces: bool, because: str) -> None:
    wanted = Wanted(frozenset({"u1"}), frozenset({DAN}), choice)
    assert wanted.traces(Told("events/1", AT, type, resource_name=DAN)) is traces
    assert not wanted.traces(Told("events/1", AT, type, resource_name="eve@x.example")), "of somebody else"


def test_the_plainest_of_several_is_named_though_it_came_last() -> None:
    types = ("Policy Deleted", "Group Memberships Deleted", "User Removed")
    pairs = [
        (Told(f"events/{n}", AT + timedelta(seconds=n), type, resource_name=DAN), {})
        for n, type in enumerate(types)
    ]
    assert found(as_facts(pairs, (), ())).startswith("“User Removed” ")
    assert found(as_facts(pairs, (), ())).endswith(", and 2 events more")
