"""Whoever approved has to be able to approve at the moment when something is done; once it is done it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from offboarding.approvals.models import Approval, Asking
from offboarding.directory.models import Membership
from offboarding.execution import actions
from offboarding.execution.models import Attempt, Run
from offboarding.execution.notes import Notes
from offboarding.execution.rules import Act, Cause
from offboarding.execution.steering import Halted
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.notifications.follow import follow
from offboarding.notifications.models import Message
from offboarding.removals.models import RemovalRequest
from offboarding.simulators.simulator import Simulator
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work.actions import claim
from tests.conftest import DAN

Make = Callable[..., Any]


def disable(user: Any) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def lose_the_role(user: Any) -> None:
    Membership.objects.filter(user=user).delete()


def lose_one_client(user: Any) -> None:
    Membership.objects.filter(user=user, client__name="Acme").delete()


GONE = [disable, lose_the_role, lose_one_client]


def entries(event: str) -> int:
    return Entry.objects.filter(event=event).count()


@pytest.mark.parametrize("gone", GONE)
def test_nothing_is_called_once_the_approver_may_not_approve_any_more(
    started: Make, run_of: Make, turn: Make, turns: Make, sent: Make, member: Make, decide: Make, bob: Any,
    person: Make, gone: Callable[[Any], None],
) -> None:  # fmt: skip
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    gone(bob)
    assert (turn(run).state, run.cause) == ("needs_person", Cause.APPROVAL_FELL)
    assert "Bob approved this and may not approve it any more" in run.sentence
    assert sent("DELETE") == [] and member("acme-staging")
    assert entries("plan.approval_fell") == 1
    journey.tick()
    actions.retry(run, person("opal", Role.OPERATOR))
    assert (turn(run).state, run.cause) == ("needs_person", Cause.APPROVAL_FELL)
    assert entries("plan.approval_fell") == 1, "said once"
    decide(RemovalRequest.objects.get(pk=removal.pk), person("zoe", Role.APPROVER))
    journey.tick()
    assert turns(run).ended == "changed"
    assert not member("acme-staging") and len(sent("DELETE")) == 1
    assert entries("plan.approval_stands_again") == 1


def test_between_the_look_and_the_call_it_is_asked_once_more(started: Make, run_of: Make, bob: Any) -> None:
    removal = started("Acme Staging")
    run = claim(Run, run_of(removal, "remove-member").pk)
    assert run
    notes = Notes(run)
    disable(bob)
    with pytest.raises(Halted):
        notes.begin(Act.CALL, "Remove Dan")
    assert not Attempt.objects.filter(act=Act.CALL).exists()


def test_what_was_called_is_looked_at_to_its_end(
    started: Make, run_of: Make, turn: Make, turns: Make, segment: Simulator, bob: Any
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    segment.control.add_trouble(
        {"do": "reset_after", "match": {"method": "DELETE", "path": "/users"}, "count": 1}
    )
    assert turn(run).state == "unknown"
    disable(bob)
    assert turns(run).ended == "changed"
    assert entries("plan.approval_fell") == 0


def test_what_only_reads_goes_on(started: Make, run_of: Make, turns: Make, bob: Any) -> None:
    removal = started("Acme Staging")
    turns(run_of(removal, "remove-member"))
    journey.advance(removal.pk)
    disable(bob)
    assert turns(run_of(removal, "read-again")).state == "done"


def test_work_by_hand_waits_too(running: Make, olga: Any, bob: Any, decide: Make, person: Make) -> None:
    removal = running("Acme Production")
    run = Run.objects.filter(item__plan__removal=removal, manual=True, state="needs_person", item__proof="")[
        0
    ]
    disable(bob)
    with pytest.raises(Refused) as refused:
        actions.sign_off(run, olga, attested=True, note="")
    assert refused.value.code == "approval-fell" and "Bob approved this" in refused.value.sentence
    assert entries("plan.approval_fell") == 1
    decide(RemovalRequest.objects.get(pk=removal.pk), person("zoe", Role.APPROVER))
    actions.sign_off(Run.objects.get(pk=run.pk), olga, attested=True, note="")


def test_before_it_begins_it_waits_for_a_decision_again(
    filed: Make, decide: Make, bob: Any, person: Make
) -> None:
    removal = filed()
    decide(removal, bob)
    disable(bob)
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert (removal.stage, removal.approved_at) == ("planned", None)
    assert not Run.objects.exists()
    asked = Asking.objects.get()
    assert asked.fell_at is None and asked.over_at is None
    decide(removal, person("zoe", Role.APPROVER))
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "running"


def test_a_yes_that_fell_never_counts_again(filed: Make, decide: Make, bob: Any, person: Make) -> None:
    removal = filed()
    decide(removal, bob)
    disable(bob)
    journey.advance(removal.pk)
    User.objects.filter(pk=bob.pk).update(is_active=True)
    removal.refresh_from_db()
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "planned"
    decide(removal, bob)
    assert [each.fell_at is None for each in Approval.objects.order_by("pk")] == [False, True]
    removal.refresh_from_db()
    assert removal.stage == "approved"


def test_of_two_the_one_that_stands_still_counts(
    filed: Make, decide: Make, bob: Any, person: Make, settings: Any
) -> None:
    settings.MANY_PLACES, settings.MANY_PLACES_APPROVERS = 1, 2
    removal = filed("Acme Production", "Acme Staging")
    decide(removal, bob)
    decide(removal, person("zoe", Role.APPROVER))
    disable(bob)
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "planned"
    decide(removal, person("dev", Role.APPROVER))
    removal.refresh_from_db()
    assert removal.stage == "approved"


def test_while_it_runs_there_is_only_a_yes_to_give(
    running: Make, decide: Make, bob: Any, olga: Any, person: Make
) -> None:
    removal, zoe = running("Acme Production"), person("zoe", Role.APPROVER)
    with pytest.raises(Refused) as refused:
        decide(removal, zoe)
    assert refused.value.code == "decided-meanwhile"
    run = Run.objects.filter(item__plan__removal=removal, manual=True, state="needs_person", item__proof="")[
        0
    ]
    disable(bob)
    with pytest.raises(Refused):
        actions.sign_off(run, olga, attested=True, note="")
    for decision in ("reject", "ask"):
        with pytest.raises(Refused) as refused:
            decide(removal, zoe, decision, "Why?")
        assert refused.value.code == "under-way"
    decide(removal, zoe)


def test_who_approves_instead_is_told(running: Make, bob: Any, olga: Any, person: Make) -> None:
    removal = running("Acme Production")
    person("zoe", Role.APPROVER)
    run = Run.objects.filter(item__plan__removal=removal, manual=True, state="needs_person", item__proof="")[
        0
    ]
    disable(bob)
    with pytest.raises(Refused):
        actions.sign_off(run, olga, attested=True, note="")
    follow()
    told = Message.objects.filter(kind="approval fell").values_list("recipient__name", flat=True)
    assert set(told) == {"Alice", "Zoe"}


def test_once_the_work_is_done_it_stays_approved(running: Make, bob: Any) -> None:
    removal = running("Acme Production")
    Run.objects.filter(item__plan__removal=removal).update(state="done", ended="already")
    disable(bob)
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "closed"
    assert entries("plan.approval_fell") == 0


def test_after_closing_what_was_approved_with_a_date_comes(
    started: Make, run_of: Make, turns: Make, turn: Make, bob: Any, member: Make, today: Any
) -> None:
    from datetime import timedelta

    removal = started("Acme Staging", choice="downgrade", until=today + timedelta(days=1))
    turns(run_of(removal, "downgrade"))
    Run.objects.filter(item__plan__removal=removal, item__at="").update(state="done", ended="already")
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "closed"
    disable(bob)
    later = Run.objects.filter(
        item__plan__removal=removal, item__at="until", item__step="segment.remove_member"
    ).get()
    assert turns(later).ended == "changed"
    assert not member("acme-staging")


def test_who_became_an_owner_after_the_approval_does_not_go_on_one_yes(
    started: Make, run_of: Make, turn: Make, turns: Make, sent: Make, member: Make, decide: Make, segment: Simulator,
    person: Make, settings: Any, client: Browser,
) -> None:  # fmt: skip
    settings.OWNER_APPROVERS = 2
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    segment.control.set_permissions("acme-staging", DAN, ["Workspace Owner"])
    for _again in range(2):
        assert (turn(run).state, run.cause) == ("needs_person", Cause.APPROVAL_FELL)
        assert "is Workspace Owner of Acme Staging now, and was not when this was approved" in run.sentence
        actions.retry(run, person(f"opal{_again}", Role.OPERATOR))
    assert sent("DELETE") == [] and member("acme-staging")
    assert entries("plan.approval_fell") == 1, "said once"
    zoe = person("zoe", Role.APPROVER)
    client.force_login(zoe)
    for path in ("", "approve/"):
        shown = client.get(f"/requests/{removal.reference}/{path}").content.decode()
        assert "is Workspace Owner of Acme Staging now" in shown, path
    decide(RemovalRequest.objects.get(pk=removal.pk), zoe)
    journey.tick()
    assert turns(run).ended == "changed"
    assert not member("acme-staging") and len(sent("DELETE")) == 1


def test_an_owner_that_the_plan_showed_needs_no_more_than_it_was_given(
    started: Make, run_of: Make, turns: Make, segment: Simulator
) -> None:
    segment.control.set_permissions("acme-staging", DAN, ["Workspace Owner"])
    assert turns(run_of(started("Acme Staging"), "remove-member")).ended == "changed"
    assert entries("plan.approval_fell") == 0


def test_by_hand_too_an_owner_of_now_takes_as_many_people(
    started: Make, run_of: Make, turn: Make, decide: Make, segment: Simulator, olga: Any, person: Make, settings: Any
) -> None:  # fmt: skip
    """The last Owner is not removed through the API, so the step stops for another reason, and a person takes it."""
    settings.OWNER_APPROVERS = 2
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    segment.control.set_permissions("acme-staging", DAN, ["Workspace Owner"])
    for owner in segment.control.state("acme-staging")["owners"]:
        if owner != DAN:
            segment.control.take_member("acme-staging", owner)
    assert (turn(run).state, run.cause) == ("needs_person", Cause.LAST_OWNER)
    with pytest.raises(Refused) as refused:
        actions.take_over(run, olga)
    assert refused.value.code == "approval-fell"
    assert "is Workspace Owner of Acme Staging now" in refused.value.sentence
    assert entries("plan.approval_fell") == 1
    decide(RemovalRequest.objects.get(pk=removal.pk), person("zoe", Role.APPROVER))
    run = Run.objects.get(pk=run.pk)
    actions.take_over(run, olga)
    assert run.manual


def test_what_is_signed_off_by_hand_asks_for_more_if_a_later_look_saw_an_owner(
    started: Make, run_of: Make, seen: Make, decide: Make, segment: Simulator, olga: Any, person: Make, settings: Any
) -> None:  # fmt: skip
    from offboarding.discovery.rules import Owners

    settings.OWNER_APPROVERS = 2
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    Run.objects.filter(pk=run.pk).update(manual=True, state="needs_person", not_before=None)
    seen(run.item.workspace, list(removal.addresses), roles=("Workspace Owner",), owners=Owners.OTHERS)
    with pytest.raises(Refused) as refused:
        actions.sign_off(Run.objects.get(pk=run.pk), olga, attested=True, note="")
    assert refused.value.code == "approval-fell" and entries("item.signed_off") == 0
    decide(RemovalRequest.objects.get(pk=removal.pk), person("zoe", Role.APPROVER))
    with pytest.raises(Refused) as refused:
        actions.sign_off(Run.objects.get(pk=run.pk), olga, attested=True, note="")
    assert refused.value.code == "no-proof", "what it takes now is the proof alone"
