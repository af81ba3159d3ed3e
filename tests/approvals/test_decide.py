"""Deciding: works, wrong person, wrong client, wrong state, twice, at the same time, what the ledger says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.approvals import actions as approvals
from offboarding.approvals import queries
from offboarding.approvals.models import Approval
from offboarding.directory.queries import scope_of
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Choice
from offboarding.users.rules import Role
from tests.work.test_at_once import together

Make = Callable[..., Any]


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_an_approver_approves_and_the_removal_moves_on(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    approval = decide(removal, bob)
    removal.refresh_from_db()
    assert removal.stage == "approved"
    assert approval.fingerprint == approval.plan.fingerprint


def test_the_requester_never_decides(filed: Make, decide: Make, alice: Any) -> None:
    removal = filed()
    with pytest.raises(Refused) as refusal:
        decide(removal, alice)
    assert refusal.value.code == "may-not-decide"
    removal.refresh_from_db()
    assert removal.stage == "planned"
    assert not Approval.objects.exists()


def write(
    plan: Any,
    approver: Any,
    requester: Any,
    editor: Any,
    decision: str = "approve",
    note: str = "",
    right_of: Any = None,
) -> None:
    with transaction.atomic():
        Approval.objects.create(
            plan=plan, fingerprint=plan.fingerprint, approver=approver, requester=requester,
            plan_made_by=editor, decision=decision, note=note, text="", method="", right_of=right_of or approver,
        )  # fmt: skip


def test_the_database_itself_keeps_them_apart(filed: Make, alice: Any, bob: Any, sam: Any) -> None:
    plan = filed().plans.get()
    with pytest.raises(IntegrityError, match="the_requester_does_not_decide"):
        write(plan, alice, alice, bob, right_of=sam)
    with pytest.raises(IntegrityError, match="the_editor_does_not_decide"):
        write(plan, bob, alice, bob, right_of=sam)
    with pytest.raises(IntegrityError, match="no_and_questions_say_why"):
        write(plan, bob, alice, alice, "reject")
    for right_of in (alice, sam):  # of the requester, of whoever made the plan
        with pytest.raises(IntegrityError, match="nobody_decides_for_requester_or_editor"):
            write(plan, bob, alice, sam, "reject", "no", right_of=right_of)
    write(plan, bob, alice, alice)
    with pytest.raises(IntegrityError):
        write(plan, bob, alice, alice, "reject", "twice")
    with pytest.raises(IntegrityError):
        write(plan, sam, alice, alice, right_of=bob)  # one right is used once, whoever uses it


def test_somebody_who_may_not_decide_for_every_client_is_refused(
    filed: Make, decide: Make, person: Make
) -> None:
    removal = filed("Acme Production", "Globex Production")
    half = person("half", Role.APPROVER, clients_=("Acme",))
    assert refusal(lambda: decide(removal, half)) == "may-not-decide"


def test_nobody_decides_on_their_own_access(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    RemovalRequest.objects.update(addresses=[bob.email.upper()])
    assert refusal(lambda: decide(removal, bob)) == "may-not-decide"


def test_nobody_decides_on_their_own_access_under_another_address(
    filed: Make, decide: Make, known_as: Make, bob: Any, today: date
) -> None:
    removal = filed()
    RemovalRequest.objects.update(addresses=["Bob@home.example"])
    assert bob in queries.approvers_for(RemovalRequest.objects.get(), today)
    known_as(bob, "bob@HOME.example")
    for answer in ("approve", "reject"):
        assert refusal(lambda answer=answer: decide(removal, bob, answer, note="No")) == "may-not-decide"  # type: ignore[misc]
    assert bob not in queries.approvers_for(RemovalRequest.objects.get(), today)


def test_an_editor_of_any_version_does_not_decide(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    first = removal.plans.get()
    first.pk, first.version, first.made_by = None, 2, bob
    first.save(force_insert=True)
    assert refusal(lambda: decide(removal, bob)) == "may-not-decide"


def test_a_plan_that_changed_meanwhile_is_not_decided_on(
    filed: Make, decide: Make, alice: Any, bob: Any, today: date
) -> None:
    removal = filed()
    read = removal.plans.get().fingerprint
    wishes = [removals.Wish(place.workspace, Choice.REMOVE) for place in removal.places.all()]
    journey.change(removal, alice, wishes, removal.version, today)
    assert refusal(lambda: decide(removal, bob, fingerprint=read)) == "plan-changed"
    assert not Approval.objects.exists()
    decide(removal, bob)
    removal.refresh_from_db()
    assert removal.stage == "approved"


def test_a_draft_has_nothing_to_decide_on(drafted: Make, bob: Any, today: date) -> None:
    removal = drafted()
    said = approvals.Statement(approvals.Decision.APPROVE, "", "", "Approve removal", "password", None)
    assert refusal(lambda: approvals.decide(removal, bob, said, today)) == "not-filed"
    removal.refresh_from_db()
    assert removal.stage == "draft" and not Approval.objects.exists()


def test_a_no_ends_it_and_says_why(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    assert refusal(lambda: decide(removal, bob, "reject")) == "no-note"
    decide(removal, bob, "reject", "Not before the hand-over")
    removal.refresh_from_db()
    assert removal.stage == "rejected"
    assert refusal(lambda: decide(removal, bob)) == "decided-meanwhile"


def test_a_question_waits_for_an_answer_and_decides_nothing(
    filed: Make, decide: Make, alice: Any, bob: Any
) -> None:
    removal = filed()
    asked = decide(removal, bob, "ask", "Who takes the audiences?")
    assert refusal(lambda: approvals.answer(removal, bob, asked.pk, "I")) == "not-yours"
    assert refusal(lambda: approvals.answer(removal, alice, asked.pk, " ")) == "no-answer"
    approvals.answer(removal, alice, asked.pk, "Priya")
    assert refusal(lambda: approvals.answer(removal, alice, asked.pk, "Tomasz")) == "answered-already"
    asked.refresh_from_db()
    assert asked.answer == "Priya"
    removal.refresh_from_db()
    assert removal.stage == "planned"
    decide(removal, bob)


def test_two_approvers_are_two_people(
    filed: Make, decide: Make, bob: Any, person: Make, settings: Any
) -> None:
    settings.MANY_PLACES, settings.MANY_PLACES_APPROVERS = 1, 2
    removal = filed("Acme Production", "Acme Staging")
    decide(removal, bob)
    removal.refresh_from_db()
    assert removal.stage == "planned"
    assert refusal(lambda: decide(removal, bob)) == "may-not-decide"
    decide(removal, person("zoe", Role.APPROVER))
    removal.refresh_from_db()
    assert removal.stage == "approved"


@pytest.mark.django_db(transaction=True)
def test_two_people_deciding_at_once_leave_one_outcome(
    filed: Make, decide: Make, bob: Any, person: Make
) -> None:
    removal = filed()
    people = [bob, person("zoe", Role.APPROVER)]

    def one(number: int) -> bool:
        try:
            decide(
                RemovalRequest.objects.get(pk=removal.pk), people[number], ("approve", "reject")[number], "x"
            )
        except Refused:
            return False
        return True

    assert sum(together(one, 2)) == 1
    removal.refresh_from_db()
    decision = Approval.objects.get().decision
    assert (removal.stage, decision) in (("approved", "approve"), ("rejected", "reject"))


@pytest.mark.django_db(transaction=True)
def test_pressing_approve_many_times_approves_once(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()

    def one(_number: int) -> bool:
        try:
            decide(RemovalRequest.objects.get(pk=removal.pk), bob)
        except Refused:
            return False
        return True

    assert sum(together(one)) == 1
    assert Approval.objects.count() == 1


def test_what_was_decided_is_in_the_ledger_with_the_fingerprint(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    approval = decide(removal, bob)
    entry = Entry.objects.get(event="plan.approved")
    facts = canonical.loads(bytes(entry.body))["facts"]
    assert (entry.actor_id, entry.about) == (str(bob.pk), removal.reference)
    assert (facts["fingerprint"], facts["text"], facts["method"]) == (
        approval.fingerprint, "Approve removal", "password"
    )  # fmt: skip


def test_the_queue_shows_what_waits_for_this_approver(
    filed: Make, decide: Make, alice: Any, bob: Any, carol: Any, person: Make, today: date
) -> None:
    removal = filed("Acme Production", "Globex Production")
    half = person("half", Role.APPROVER, clients_=("Acme",))
    queue = lambda user: queries.to_decide(scope_of(user, today), today)  # noqa: E731
    assert [queue(user) for user in (bob, alice, carol, half)] == [[removal], [], [], []]
    assert queries.approvers_for(removal, today) == [bob]
    decide(removal, bob)
    assert queue(bob) == []


def test_a_refused_decision_is_in_the_ledger(filed: Make, decide: Make, alice: Any) -> None:
    removal = filed()
    with pytest.raises(Refused):
        decide(removal, alice)
    assert Entry.objects.filter(about=removal.reference, event="plan.decision_refused").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_question_pressed_many_times_is_asked_once(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()

    def ask(_: int) -> str:
        try:
            decide(removal, bob, "ask", "Who takes the audiences?")
        except Refused as refused:
            return refused.code
        return ""

    assert sorted(set(together(ask))) == ["", "decided-meanwhile"]
    assert Approval.objects.count() == 1
    decide(removal, bob, "ask", "And the functions?")
    assert Approval.objects.count() == 2
