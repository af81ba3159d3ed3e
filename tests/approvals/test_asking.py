"""While nobody decides: a reminder, others are told, it ends, and its requester asks again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from offboarding.approvals import asking
from offboarding.approvals.models import Approval, Asking
from offboarding.approvals.policies import actions as verbs
from offboarding.approvals.policies.actions import Proposal
from offboarding.approvals.policies.rules import Selector, Terms, Turn, Who
from offboarding.checklist.queries import newest_plan
from offboarding.directory.models import Membership
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.notifications.follow import follow
from offboarding.notifications.models import Message
from offboarding.removals import actions as removals
from offboarding.removals.rules import Choice
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work import clock
from tests.work.test_at_once import together

Make = Callable[..., Any]


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def later(**span: float) -> datetime:
    return clock.now() + timedelta(**span)


def turn(now: datetime) -> None:
    """What the engine does when its clock shows this."""
    for verb, found in asking.due(now):
        for pk in found:
            verb(pk, now)


def told(kind: str) -> set[str]:
    follow()
    return set(Message.objects.filter(kind=kind).values_list("recipient__name", flat=True))


def events(*names: str) -> list[str]:
    found = Entry.objects.filter(event__in=[f"plan.approval_{name}" for name in names])
    return list(found.order_by("seq").values_list("event", flat=True))


@pytest.fixture
def policy(db: None, today: date) -> Callable[[Terms], None]:
    def put(terms: Terms) -> None:
        people = []
        for key in ("ada", "lin"):
            people.append(User.objects.create_user(f"{key}@northwind.example", key.capitalize(), "x"))
            Membership.objects.create(user=people[-1], role=Role.ADMINISTRATOR.value)
        made = verbs.propose(people[0], Proposal(Selector(), terms, "w"), "code", today)
        verbs.approve(made, people[1], "code", today)

    return put


def test_a_request_says_when_it_ends(filed: Make, policy: Any) -> None:
    policy(Terms(valid_days=3, remind_hours=4, escalate_hours=30))
    filed()
    asked = Asking.objects.get()
    assert asked.expires_at - asked.asked_at == timedelta(days=3)
    assert asked.remind_at and asked.remind_at - asked.asked_at == timedelta(hours=4)
    assert asked.escalate_at and asked.escalate_at - asked.asked_at == timedelta(hours=30)


def test_of_several_policies_the_strictest_time_holds(filed: Make, policy: Any) -> None:
    policy(Terms(valid_days=3, remind_hours=0, escalate_hours=0))
    filed()
    asked = Asking.objects.get()
    assert (asked.remind_at, asked.escalate_at) == (None, None)


def test_nothing_comes_before_its_time(filed: Make) -> None:
    filed()
    turn(later(hours=23))
    assert events("reminded", "escalated", "expired") == []


def test_whose_turn_it_is_is_reminded_once(filed: Make, bob: Any, person: Make) -> None:
    filed()
    turn(later(hours=25))
    turn(later(hours=26))
    assert events("reminded") == ["plan.approval_reminded"]
    assert told("reminder") == {"Bob"}


def test_others_are_told_then_and_the_reminder_is_saved(filed: Make, bob: Any, person: Make) -> None:
    person("ada", Role.ADMINISTRATOR)
    person("half", Role.ADMINISTRATOR, clients_=("Globex",))
    filed()
    turn(later(hours=80))
    turn(later(hours=81))
    assert events("reminded", "escalated") == ["plan.approval_escalated"]
    assert told("nobody decided") == {"Ada", "Alice", "Bob"}


def test_whom_the_policy_names_is_told_instead_of_administrators(
    filed: Make, policy: Any, sam: Any, bob: Any
) -> None:
    policy(Terms(escalate_to=(sam.pk,)))
    filed()
    turn(later(hours=80))
    assert told("nobody decided") == {"Sam", "Alice", "Bob"}


def test_only_those_whose_turn_it_is_are_asked_and_the_next_when_it_is_theirs(
    filed: Make, decide: Make, policy: Any, bob: Any, sam: Any
) -> None:
    policy(Terms((Turn(Who.APPROVER), Turn(Who.SECURITY)), ordered=True))
    removal = filed()
    assert told("decide") == {"Bob"}
    turn(later(hours=25))
    assert told("reminder") == {"Bob"}
    decide(removal, bob)
    assert told("your turn") == {"Sam"}


def test_what_nobody_decided_ends_and_says_so(filed: Make, decide: Make, alice: Any, bob: Any) -> None:
    removal = filed()
    turn(later(days=8))
    removal.refresh_from_db()
    assert removal.stage == "expired"
    assert events("expired") == ["plan.approval_expired"]
    assert told("expired") == {"Alice", "Bob"}
    assert refusal(lambda: decide(removal, bob)) == "expired"


def test_its_end_holds_before_the_engine_has_said_so(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    long_ago = later(days=-9)
    Asking.objects.update(asked_at=long_ago, expires_at=long_ago + timedelta(days=7))
    assert refusal(lambda: decide(removal, bob)) == "expired"
    assert not Approval.objects.exists()
    journey.deadlines()
    removal.refresh_from_db()
    assert removal.stage == "expired"


def test_nothing_ends_while_the_engine_stands_still(filed: Make) -> None:
    from offboarding.journey.standstill import stand_still
    from offboarding.ledger.actions import APP

    removal = filed()
    long_ago = later(days=-9)
    Asking.objects.update(asked_at=long_ago, expires_at=long_ago + timedelta(days=7))
    stand_still("It was restored.", APP)
    journey.deadlines()
    removal.refresh_from_db()
    assert removal.stage == "planned"


def test_its_requester_asks_again_and_earlier_yeses_have_ended(
    filed: Make, decide: Make, policy: Any, alice: Any, bob: Any, person: Make
) -> None:
    policy(Terms((Turn(Who.APPROVER, 2),)))
    removal = filed()
    decide(removal, bob)
    turn(later(days=8))
    assert refusal(lambda: journey.ask_again(removal, bob)) == "not-yours"
    plan = journey.ask_again(removal, alice)
    assert (plan.version, removal.stage) == (2, "planned")
    assert refusal(lambda: journey.ask_again(removal, alice)) == "not-expired"
    zoe = person("zoe", Role.APPROVER)
    decide(removal, zoe)
    removal.refresh_from_db()
    assert removal.stage == "planned", "Bob's yes was for the version before"
    decide(removal, bob)
    removal.refresh_from_db()
    assert removal.stage == "approved"


def test_what_expired_is_changed_or_withdrawn_too(filed: Make, alice: Any, today: date) -> None:
    removal = filed()
    turn(later(days=8))
    removal.refresh_from_db()
    wishes = [removals.Wish(place.workspace, Choice.REMOVE) for place in removal.places.all()]
    journey.change(removal, alice, wishes, removal.version, today)
    assert removal.stage == "planned" and Asking.objects.filter(over_at=None).count() == 1
    turn(later(days=8))
    removals.withdraw(removal, alice, "Not needed")
    assert removal.stage == "withdrawn"


def test_who_lost_the_right_to_file_does_not_ask_again(filed: Make, alice: Any) -> None:
    removal = filed()
    turn(later(days=8))
    Membership.objects.filter(user=alice).delete()
    assert refusal(lambda: journey.ask_again(removal, alice)) == "foreign-place"
    removal.refresh_from_db()
    assert removal.stage == "expired"


def test_a_plan_that_took_the_place_of_another_ends_at_its_own_time(
    filed: Make, alice: Any, today: date
) -> None:
    removal = filed()
    first = newest_plan(removal)
    wishes = [removals.Wish(place.workspace, Choice.REMOVE) for place in removal.places.all()]
    journey.change(removal, alice, wishes, removal.version, today)
    long_ago = later(days=-9)
    Asking.objects.filter(plan=first).update(asked_at=long_ago, expires_at=long_ago + timedelta(days=7))
    journey.deadlines()
    removal.refresh_from_db()
    assert removal.stage == "planned"


@pytest.mark.django_db(transaction=True)
def test_a_decision_at_the_moment_of_its_end_is_one_or_the_other(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    asked, end = Asking.objects.get(), later(days=8)

    def one(number: int) -> str:
        try:
            if number % 2:
                asking.expire(asked.pk, end)
            else:
                decide(type(removal).objects.get(pk=removal.pk), bob)
        except Refused as refused:
            return refused.code
        return ""

    together(one, 6)
    removal.refresh_from_db()
    assert (removal.stage, Approval.objects.count()) in (("approved", 1), ("expired", 0))
