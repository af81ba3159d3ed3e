"""What people do with steps: try again, do by hand, hand over, attach, sign off, take back, skip."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.directory.models import Client
from offboarding.evidence.actions import keep
from offboarding.execution import actions
from offboarding.execution.models import Proof, Run
from offboarding.execution.rules import UNDO_FOR
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.users.rules import Role
from offboarding.work.rules import State
from tests.work.test_at_once import together

Make = Callable[..., Any]
NOW = datetime.now(UTC)


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def told(run: Any) -> str:
    return str(Entry.objects.filter(about=run.item.plan.removal.reference).latest("seq").event)


def shot(text: str = "png") -> Any:
    return keep(
        BytesIO(text.encode()),
        name="tokens.png",
        media_type="image/png",
        shows="x",
        source="person",
        taken_by="Olga",
        client=Client.objects.get(name="Acme"),
    )


@pytest.fixture
def manual(running: Make, run_of: Make) -> Any:
    """A step that needs a person and asks for no proof."""
    return run_of(running(), "confirm-addresses")


@pytest.fixture
def stopped(running: Make, run_of: Make) -> Any:
    """The removal itself, stopped by something that only a person can solve."""
    run = run_of(running(), "remove-member")
    Run.objects.filter(pk=run.pk).update(state="needs_person", cause="declined", not_before=None)
    run.refresh_from_db()
    return run


VERBS: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("retry", lambda run, user: actions.retry(run, user)),
    ("take over", lambda run, user: actions.take_over(run, user)),
    ("assign", lambda run, user: actions.assign(run, user, user)),
    ("sign off", lambda run, user: actions.sign_off(run, user, attested=True, note="")),
    ("undo", lambda run, user: actions.undo_sign_off(run, user, NOW)),
    ("skip", lambda run, user: actions.skip(run, user, "not needed")),
    ("attach", lambda run, user: actions.add_proof(run, user, shot())),
    ("withdraw proof", lambda run, user: actions.withdraw_proof(run, user, 1, "A slip")),
]


@pytest.mark.parametrize(("verb", "act"), VERBS, ids=[row[0] for row in VERBS])
@pytest.mark.parametrize("who", ["requester", "approver", "auditor", "administrator", "half", "stranger"])
def test_only_operators_and_security_of_every_client_work_on_steps(
    running: Make, run_of: Make, person: Make, verb: str, act: Callable[[Any, Any], Any], who: str
) -> None:
    run = run_of(running("Acme Production", "Globex Production"), "confirm-addresses")
    user = {
        "half": lambda: person("half", Role.OPERATOR, clients_=("Acme",)),
        "stranger": lambda: person("stranger", Role.OPERATOR, clients_=("Hooli",)),
    }.get(who, lambda: person("zoe", Role(who)))()
    before, entries = Run.objects.filter(pk=run.pk).values().get(), Entry.objects.count()
    assert refusal(lambda: act(run, user)) == "not-a-worker"
    assert Run.objects.filter(pk=run.pk).values().get() == before
    assert Entry.objects.count() == entries


# ---------------------------------------------------------------- signing off

UNSIGNED = [state for state in State if state is not State.NEEDS_PERSON]


def test_a_step_is_signed_off_by_name(manual: Any, olga: Any) -> None:
    actions.sign_off(manual, olga, attested=True, note=" Asked the lead ")
    assert (manual.state, manual.ended, manual.ended_by, manual.note) == (
        "done",
        "by hand",
        olga,
        "Asked the lead",
    )
    assert told(manual) == "item.signed_off"


def test_without_the_tick_nothing_is_signed_off(manual: Any, olga: Any) -> None:
    assert refusal(lambda: actions.sign_off(manual, olga, attested=False, note="")) == "not-attested"


@pytest.mark.parametrize("state", UNSIGNED)
def test_a_step_is_signed_off_only_when_it_waits_for_a_person(manual: Any, olga: Any, state: State) -> None:
    Run.objects.filter(pk=manual.pk).update(state=state.value, ended="already" if state is State.DONE else "")
    manual.refresh_from_db()
    assert refusal(lambda: actions.sign_off(manual, olga, attested=True, note="")) == "not-its-turn"


def test_a_step_whose_turn_has_not_come_is_not_signed_off(manual: Any, run_of: Make, olga: Any) -> None:
    """Nobody tells the client that access is revoked before it is."""
    tell = run_of(manual.item.plan.removal, "tell")
    assert refusal(lambda: actions.sign_off(tell, olga, attested=True, note="")) == "not-its-turn"


def test_proof_that_is_asked_for_is_attached_first(manual: Any, run_of: Make, olga: Any) -> None:
    run = run_of(manual.item.plan.removal, "list-tokens")
    sign = lambda: actions.sign_off(run, olga, attested=True, note="")  # noqa: E731
    assert refusal(sign) == "no-proof"
    proof = actions.add_proof(run, olga, shot())
    actions.withdraw_proof(run, olga, proof.pk, "A slip")
    assert refusal(sign) == "no-proof"
    actions.add_proof(run, olga, shot("another"))
    sign()
    assert run.state == "done"


@pytest.mark.django_db(transaction=True)
def test_two_people_sign_off_once(manual: Any, olga: Any, sam: Any) -> None:
    def sign(number: int) -> bool:
        run = Run.objects.get(pk=manual.pk)
        try:
            actions.sign_off(run, (olga, sam)[number % 2], attested=True, note="")
        except Refused:
            return False
        return True

    assert sum(together(sign)) == 1
    assert Entry.objects.filter(event="item.signed_off").count() == 1


def test_the_database_itself_wants_to_know_whose_hand_it_was(manual: Any) -> None:
    with pytest.raises(IntegrityError, match="by_hand_names_the_hand"), transaction.atomic():
        Run.objects.filter(pk=manual.pk).update(state="done", ended="by hand")


# ---------------------------------------------------------------- taking back


def test_a_sign_off_is_taken_back_by_whoever_gave_it(manual: Any, olga: Any, sam: Any) -> None:
    actions.sign_off(manual, olga, attested=True, note="")
    assert refusal(lambda: actions.undo_sign_off(manual, sam, NOW)) == "not-yours"
    actions.undo_sign_off(manual, olga, datetime.now(UTC))
    assert (manual.state, manual.ended, manual.ended_by) == ("needs_person", "", None)
    assert told(manual) == "item.sign_off_undone"
    assert refusal(lambda: actions.undo_sign_off(manual, olga, NOW)) == "not-yours"


def test_after_a_while_a_sign_off_stays(manual: Any, olga: Any) -> None:
    actions.sign_off(manual, olga, attested=True, note="")
    late = datetime.now(UTC) + UNDO_FOR + timedelta(seconds=1)
    assert refusal(lambda: actions.undo_sign_off(manual, olga, late)) == "too-late"


def test_once_the_request_is_closed_a_sign_off_stays(manual: Any, olga: Any) -> None:
    actions.sign_off(manual, olga, attested=True, note="")
    type(manual.item.plan.removal).objects.update(stage="closed")
    assert refusal(lambda: actions.undo_sign_off(manual, olga, datetime.now(UTC))) == "too-late"


# ---------------------------------------------------------------- stopped steps


def test_a_stopped_step_is_tried_again(stopped: Any, olga: Any) -> None:
    actions.retry(stopped, olga)
    assert (stopped.state, stopped.cause, stopped.sentence) == ("ready", "", "")
    assert stopped.not_before and stopped.started_at
    assert told(stopped) == "item.retried"
    assert refusal(lambda: actions.retry(stopped, olga)) == "not-retryable"


def test_a_step_for_people_is_not_tried_again(manual: Any, olga: Any) -> None:
    assert refusal(lambda: actions.retry(manual, olga)) == "not-retryable"


def test_a_stopped_step_is_done_by_hand_with_proof(stopped: Any, olga: Any) -> None:
    assert refusal(lambda: actions.sign_off(stopped, olga, attested=True, note="")) == "not-manual"
    actions.take_over(stopped, olga)
    assert (stopped.state, stopped.manual, stopped.cause) == ("needs_person", True, "taken-over")
    assert told(stopped) == "item.taken_over"
    assert refusal(lambda: actions.sign_off(stopped, olga, attested=True, note="")) == "no-proof"
    actions.add_proof(stopped, olga, shot())
    actions.sign_off(stopped, olga, attested=True, note="")
    assert stopped.ended == "by hand"
    assert refusal(lambda: actions.take_over(stopped, olga)) == "not-takeable"


def test_a_failed_step_can_be_done_by_hand(stopped: Any, olga: Any) -> None:
    Run.objects.filter(pk=stopped.pk).update(state="failed")
    stopped.refresh_from_db()
    actions.take_over(stopped, olga)
    assert stopped.state == "needs_person"


def test_nobody_verifies_what_they_removed_by_hand(stopped: Any, run_of: Make, olga: Any, sam: Any) -> None:
    actions.take_over(stopped, olga)
    actions.add_proof(stopped, olga, shot())
    actions.sign_off(stopped, olga, attested=True, note="")
    check = run_of(stopped.item.plan.removal, "read-again")
    Run.objects.filter(pk=check.pk).update(state="needs_person", not_before=None)
    check.refresh_from_db()
    actions.take_over(check, olga)
    actions.add_proof(check, olga, shot())
    assert refusal(lambda: actions.sign_off(check, olga, attested=True, note="")) == "own-work"
    actions.sign_off(check, sam, attested=True, note="")
    assert check.ended_by == sam


# ---------------------------------------------------------------- skipping

SKIPS = {State.WAITING, State.READY, State.UNKNOWN, State.NEEDS_PERSON}


@pytest.mark.parametrize("state", list(State))
def test_what_has_neither_ended_nor_is_under_way_is_skipped_with_a_reason(
    manual: Any, olga: Any, state: State
) -> None:
    Run.objects.filter(pk=manual.pk).update(state=state.value, ended="already" if state is State.DONE else "")
    manual.refresh_from_db()
    if state not in SKIPS:
        assert refusal(lambda: actions.skip(manual, olga, "x")) == "moved-meanwhile"
        return
    assert refusal(lambda: actions.skip(manual, olga, "  ")) == "no-reason"
    actions.skip(manual, olga, "Not in the contract")
    assert (manual.state, manual.ended, manual.note) == ("cancelled", "waived", "Not in the contract")
    assert told(manual) == "item.skipped"


# ---------------------------------------------------------------- proof and hands


def test_the_same_file_is_attached_once(manual: Any, olga: Any) -> None:
    first = actions.add_proof(manual, olga, shot())
    assert actions.add_proof(manual, olga, shot()) == first
    assert Proof.objects.count() == 1
    assert Entry.objects.filter(event="proof.added").count() == 1


def test_a_file_that_was_taken_back_can_be_attached_again(manual: Any, olga: Any) -> None:
    proof = actions.add_proof(manual, olga, shot())
    actions.withdraw_proof(manual, olga, proof.pk, "A slip")
    assert refusal(lambda: actions.withdraw_proof(manual, olga, proof.pk, "A slip")) == "gone"
    entry = Entry.objects.get(event="proof.withdrawn")
    assert b"A slip" not in bytes(entry.body) and entry.personal.get(name="why").value == "A slip"
    actions.add_proof(manual, olga, shot())
    assert manual.proofs.filter(withdrawn_at=None).count() == 1
    assert Proof.objects.count() == 2, "the row that was taken back stays"


def test_a_corrected_file_is_a_new_one_that_names_the_old(manual: Any, olga: Any) -> None:
    old = actions.add_proof(manual, olga, shot())
    new = actions.add_proof(manual, olga, shot("better"), old.pk)
    assert new.replaces == old and Proof.objects.get(pk=old.pk).withdrawn_at is None
    told = Entry.objects.filter(event="proof.added").order_by("-seq")[0]
    assert old.evidence.sha256.encode() in bytes(told.body)
    assert refusal(lambda: actions.add_proof(manual, olga, shot("third"), old.pk)) == "not-attached"
    assert refusal(lambda: actions.withdraw_proof(manual, olga, new.pk, " ")) == "no-reason"
    actions.sign_off(manual, olga, attested=True, note="")
    signed = Entry.objects.filter(event="item.signed_off").get()
    assert old.evidence.sha256.encode() not in bytes(signed.body), (
        "what was corrected proves nothing any more"
    )


def test_after_the_end_proof_stays_as_it_is(manual: Any, olga: Any) -> None:
    proof = actions.add_proof(manual, olga, shot())
    actions.sign_off(manual, olga, attested=True, note="")
    assert refusal(lambda: actions.add_proof(manual, olga, shot("more"))) == "ended"
    assert refusal(lambda: actions.withdraw_proof(manual, olga, proof.pk, "A slip")) == "ended"


def test_another_steps_proof_is_not_withdrawn(manual: Any, run_of: Make, olga: Any) -> None:
    other = run_of(manual.item.plan.removal, "list-tokens")
    proof = actions.add_proof(other, olga, shot())
    assert refusal(lambda: actions.withdraw_proof(manual, olga, proof.pk, "A slip")) == "gone"


def test_a_step_is_handed_only_to_somebody_who_may_do_it(manual: Any, olga: Any, sam: Any, erin: Any) -> None:
    actions.assign(manual, olga, sam)
    manual.refresh_from_db()
    assert manual.assigned_to == sam
    assert refusal(lambda: actions.assign(manual, olga, erin)) == "not-a-worker"
    actions.assign(manual, olga, None)
    manual.refresh_from_db()
    assert manual.assigned_to is None


# ---------------------------------------------------------------- at the same time


@pytest.mark.django_db(transaction=True)
def test_of_retry_skip_and_take_over_at_once_each_row_moves_consistently(
    stopped: Any, olga: Any, sam: Any
) -> None:
    acts = [
        lambda run: actions.retry(run, olga),
        lambda run: actions.skip(run, sam, "x"),
    ]

    def one(number: int) -> bool:
        try:
            acts[number % 2](Run.objects.get(pk=stopped.pk))
        except Refused:
            return False
        return True

    outcomes = together(one)
    run = Run.objects.get(pk=stopped.pk)
    events = set(
        Entry.objects.filter(event__in=["item.retried", "item.skipped"]).values_list("event", flat=True)
    )
    assert any(outcomes)
    assert (run.state == "cancelled") is ("item.skipped" in events)


@pytest.mark.django_db(transaction=True)
def test_signing_off_and_going_on_at_once_lock_nobody_out(manual: Any, olga: Any) -> None:
    removal = manual.item.plan.removal
    waiting = list(Run.objects.filter(item__plan__removal=removal, state="needs_person", item__proof=""))

    def one(number: int) -> None:
        if number % 2:
            journey.advance(removal.pk)
        elif number // 2 < len(waiting):
            actions.sign_off(Run.objects.get(pk=waiting[number // 2].pk), olga, attested=True, note="")

    together(one)
    assert Run.objects.filter(ended="by hand").count() == min(4, len(waiting))
