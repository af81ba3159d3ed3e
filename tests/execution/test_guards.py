"""The database keeps approving and doing apart where the code does not: each guard is asked directly."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from offboarding.approvals.models import Approval
from offboarding.checklist.models import ChecklistItem
from offboarding.connections.models import Coverage
from offboarding.directory.models import Engagement, Membership
from offboarding.emergencies.models import Emergency
from offboarding.execution.models import Attempt, Run
from offboarding.users.rules import Role
from offboarding.work import guards
from tests.rewriting import rewriting

Make = Callable[..., Any]
BY_HAND = {"state": "done", "ended": "by hand"}


def refused(name: str) -> Any:
    return pytest.raises(IntegrityError, match=name)


def approves(removal: Any, user: Any, **change: Any) -> Approval:
    plan = removal.plans.get()
    given = {"plan": plan, "fingerprint": plan.fingerprint, "approver": user, "right_of": user, "requester": removal.requester,
             "plan_made_by": plan.made_by, "decision": "approve", "text": "Approve", "method": "code"}  # fmt: skip
    with transaction.atomic():
        return Approval.objects.create(**{**given, **change})


def signs(removal: Any, user: Any, **where: Any) -> int:
    found = Run.objects.filter(item__plan__removal=removal, **where).order_by("pk")[:1]
    with transaction.atomic():
        return Run.objects.filter(pk__in=found.values("pk")).update(ended_by=user, **BY_HAND)


@pytest.mark.django_db
def test_all_of_them_stand() -> None:
    assert {guard.name for guard in guards.needed(connection)} <= guards.standing(connection)


def test_who_approved_apart_ends_no_step(running: Make, bob: Any, olga: Any) -> None:
    removal = running("Acme Production")
    with rewriting():
        assert Approval.objects.update(apart=True) == 1
    with refused("who_approved_apart_does_not_work_on_it"):
        signs(removal, bob)
    assert signs(removal, olga) == 1


def test_who_ended_a_step_does_not_approve_apart(running: Make, olga: Any, person: Make) -> None:
    removal = running("Acme Production")
    for client in {place.workspace.client for place in removal.places.all()}:
        Membership.objects.create(user=olga, role=Role.APPROVER.value, client=client)
    signs(removal, olga)
    with refused("who_works_on_it_does_not_approve_apart"):
        approves(removal, olga, apart=True)
    assert approves(removal, olga)
    assert approves(removal, person("zoe", Role.APPROVER), apart=True)


def test_who_removed_by_hand_verifies_nothing_there(running: Make, olga: Any, sam: Any) -> None:
    removal = running("Acme Production")
    signs(removal, olga, item__phase="remove", item__workspace__isnull=False)
    verifying = {"item__kind": "verification", "item__workspace__isnull": False}
    with refused("who_removed_by_hand_does_not_verify"):
        signs(removal, olga, **verifying)
    assert signs(removal, sam, **verifying) == 1


def test_who_lost_the_role_or_is_disabled_approves_nothing(filed: Make, bob: Any, person: Make) -> None:
    removal = filed("Acme Production", "Globex Production")
    name = "who_approves_holds_the_role_at_every_client"
    with refused(name):
        approves(removal, person("zoe", Role.APPROVER, clients_=("Acme",)))
    with refused(name):
        approves(removal, person("kim", Role.OPERATOR))
    with refused(name):
        approves(removal, bob, right_of=person("ivy", Role.AUDITOR))
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    with refused(name):
        approves(removal, bob)
    assert approves(removal, person("eve", Role.APPROVER))


def test_who_approves_within_an_engagement_does_so_where_it_works(
    filed: Make, alice: Any, person: Make
) -> None:
    removal = filed("Acme Production", "Acme Staging")
    first, second = (place.workspace for place in removal.places.all())
    build = Engagement.objects.create(client=first.client, name="Build", lead=alice)
    eve = person("eve")
    Membership.objects.create(user=eve, role=Role.APPROVER, client=first.client, engagement=build)
    Coverage.objects.create(engagement=build, workspace=first)
    with refused("who_approves_holds_the_role_at_every_client"):
        approves(removal, eve)
    Coverage.objects.create(engagement=build, workspace=second)
    assert approves(removal, eve)


def test_no_call_begins_without_an_approval_of_its_plan(filed: Make, running: Make, bob: Any) -> None:
    removal = running("Acme Production")
    run, numbers = Run.objects.filter(item__plan__removal=removal).order_by("pk")[0], count(90)

    def call() -> Attempt:
        with transaction.atomic():
            return Attempt.objects.create(run=run, number=next(numbers), act="call", intent="remove")

    assert call()
    with rewriting():
        Approval.objects.update(decision="ask", note="n")
    with refused("a_call_needs_an_approval_of_its_plan"):
        call()
    assert Attempt.objects.create(run=run, number=next(numbers), act="look", intent="look")


def test_the_word_of_an_emergency_stands_for_its_plan_alone(filed: Make, running: Make, sam: Any) -> None:
    from datetime import UTC, datetime

    removal = running("Acme Production")
    with rewriting():
        Approval.objects.update(decision="ask", note="n")
    plan, now = removal.plans.get(), datetime.now(UTC)
    made = Emergency.objects.create(
        removal=removal, fingerprint=plan.fingerprint, incident="I", known_since=now, released_by=sam, text="t",
        method="code", places=1, review_due_at=now,
    )  # fmt: skip
    run = Run.objects.filter(item__plan=plan).order_by("pk")[0]
    assert Attempt.objects.create(run=run, number=90, act="call", intent="remove")
    Emergency.objects.filter(pk=made.pk).update(fingerprint="0" * 64)
    with refused("a_call_needs_an_approval_of_its_plan"), transaction.atomic():
        Attempt.objects.create(run=run, number=91, act="call", intent="remove")


@pytest.mark.django_db
def test_they_are_out_of_the_way_of_a_migration_and_back_after_it() -> None:
    names = {guard.name for guard in guards.needed(connection)}
    guards.take_away("default")
    assert not names & guards.standing(connection)
    guards.put_back("default")
    guards.put_back("default")
    assert names <= guards.standing(connection)
    assert not ChecklistItem.objects.filter(pk=0).update(phase=F("phase"))
