"""A hundred presses at the same moment, by everybody who may not decide and by those who may: nobody gets past the rules.

On the database that the tests run on: both are tried. With threads, and connections of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from offboarding.approvals.delegations import actions as delegations
from offboarding.approvals.models import Approval
from offboarding.checklist.queries import newest_plan
from offboarding.directory.models import Membership
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.users.rules import Role
from offboarding.work import clock
from tests.conftest import DAN
from tests.work.test_at_once import together

Make = Callable[..., Any]
PRESSES = 100
AT_ONCE = 20


def approver_too(user: Any, removal: Any) -> Any:
    """So that nothing but the rule under trial keeps this person out."""
    for client in {place.workspace.client for place in removal.places.all()}:
        Membership.objects.get_or_create(user=user, role=Role.APPROVER.value, client=client)
    return user


@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_presses_at_once_none_gets_past_the_rules(
    filed: Make, decide: Make, alice: Any, bob: Any, sam: Any, person: Make, settings: Any, today: date
) -> None:
    settings.MANY_PLACES, settings.MANY_PLACES_APPROVERS = 1, 3
    removal = filed("Acme Production", "Acme Staging")
    first = newest_plan(removal)
    assert first
    editor = person("edith", Role.APPROVER)
    first.pk, first.version, first.made_by = None, 2, editor
    first.save(force_insert=True)
    dan, hands, zoe = (
        person("dan", Role.APPROVER),
        person("dev", Role.ADMINISTRATOR),
        person("zoe", Role.APPROVER),
    )
    assert dan.email == DAN
    approver_too(alice, removal)
    now = clock.now()
    for giver in (bob, alice, dan, editor):
        delegations.delegate(
            giver,
            hands,
            starts_at=now,
            ends_at=now + timedelta(days=1),
            why="w",
            method="code",
            now=now,
            today=today,
        )
    delegations.delegate(
        zoe,
        alice,
        starts_at=now,
        ends_at=now + timedelta(days=1),
        why="w",
        method="code",
        now=now,
        today=today,
    )
    # Two rights may decide, Bob's and Zoe's, and it takes three: so it can never be approved, however often they press.
    people = [alice, editor, dan, hands, bob, zoe, sam]
    outcomes = Counter[str]()

    def press(number: int) -> str:
        user = people[number % len(people)]
        try:
            decide(RemovalRequest.objects.get(pk=removal.pk), user)
        except Refused as refused:
            return f"{user.name}: {refused.code}"
        return f"{user.name}: yes"

    for start in range(0, PRESSES, AT_ONCE):
        outcomes.update(together(lambda number, start=start: press(start + number), AT_ONCE))  # type: ignore[misc]
    given = list(Approval.objects.select_related("approver", "right_of"))
    assert outcomes.total() == PRESSES
    assert {each.right_of.name for each in given} == {"Bob", "Zoe"} and len(given) == 2
    assert {each.approver.name for each in given} <= {"Bob", "Dev", "Zoe"}
    assert sum(count for says, count in outcomes.items() if says.endswith("yes")) == 2
    for name in ("Alice", "Edith", "Dan", "Sam"):
        assert outcomes[f"{name}: yes"] == 0
    removal.refresh_from_db()
    assert removal.stage == "planned"
    assert Entry.objects.filter(event="plan.approved").count() == 2
    assert Entry.objects.filter(event="plan.decision_refused").count() == PRESSES - 2


@pytest.mark.django_db(transaction=True)
def test_the_last_two_approvals_at_the_same_moment_approve_once(
    filed: Make, decide: Make, bob: Any, person: Make, settings: Any
) -> None:
    settings.MANY_PLACES, settings.MANY_PLACES_APPROVERS = 1, 2
    removal = filed("Acme Production", "Acme Staging")
    people = [bob, *(person(f"p{n}", Role.APPROVER) for n in range(9))]

    def press(number: int) -> bool:
        try:
            decide(RemovalRequest.objects.get(pk=removal.pk), people[number])
        except Refused:
            return False
        return True

    assert sum(together(press, 10)) == 2
    removal.refresh_from_db()
    assert removal.stage == "approved"
    assert (
        Entry.objects.filter(event="removal.moved", about=removal.reference).count() == 2
    )  # sent, and approved
