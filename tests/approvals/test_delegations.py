"""Somebody decides in another's place: for a time, where both reach, and never where either has a part in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding.approvals import queries
from offboarding.approvals.delegations import actions as verbs
from offboarding.approvals.delegations.queries import candidates
from offboarding.approvals.delegations.rules import may_not_delegate, wrong_with_times
from offboarding.approvals.models import Approval, Delegation
from offboarding.directory.models import Membership
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Scope
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.notifications.follow import follow
from offboarding.notifications.models import Message
from offboarding.removals.models import RemovalRequest
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work import clock

Make = Callable[..., Any]
ACME, GLOBEX = 1, 2
NOW = datetime.fromisoformat("2026-03-31T12:00:00+02:00")


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def scope(user: int, *grants: tuple[Role, int | None]) -> Scope:
    return Scope(user, f"{user}@x.example", frozenset(grants))


BOB = scope(1, (Role.APPROVER, ACME))
MAY_DELEGATE = [
    (BOB, scope(2, (Role.OPERATOR, ACME)), True, "a role for the client"),
    (BOB, scope(2, (Role.ADMINISTRATOR, None)), True, "a role for all clients"),
    (BOB, scope(2, (Role.REQUESTER, ACME)), True, "who files for the client, too"),
    (BOB, scope(2, (Role.AUDITOR, ACME)), False, "auditors only read"),
    (BOB, scope(2, (Role.AUDITOR, ACME), (Role.OPERATOR, GLOBEX)), False, "the other role is elsewhere"),
    (scope(1, (Role.APPROVER, None)), scope(2, (Role.OPERATOR, GLOBEX)), True, "all clients reach one"),
    (BOB, scope(2, (Role.APPROVER, GLOBEX)), False, "another client"),
    (BOB, scope(2), False, "no role at all"),
    (BOB, BOB, False, "themself"),
    (scope(1, (Role.OPERATOR, ACME)), scope(2, (Role.AUDITOR, ACME)), False, "who decides nothing delegates nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("giver", "to", "may", "because"), MAY_DELEGATE)
def test_to_whom_one_can_delegate(giver: Scope, to: Scope, may: bool, because: str) -> None:
    assert (may_not_delegate(giver, to) == "") is may, because


TIMES = [
    (timedelta(0), timedelta(days=14), "", "two weeks from now"),
    (timedelta(days=30), timedelta(days=120), "", "90 days, later"),
    (timedelta(0), timedelta(days=91), "until_day", "too long"),
    (timedelta(days=2), timedelta(days=1), "until_day", "the wrong way round"),
    (timedelta(days=-3), timedelta(days=-1), "until_day", "over already"),
    (timedelta(days=400), timedelta(days=410), "from_day", "too far"),
]


@pytest.mark.parametrize(("starts", "ends", "field", "because"), TIMES)
def test_from_when_until_when(starts: timedelta, ends: timedelta, field: str, because: str) -> None:
    assert wrong_with_times(NOW + starts, NOW + ends, NOW)[0] == field, because


# ---------------------------------------------------------------- deciding


@pytest.fixture
def delegate(today: date) -> Make:
    def make(giver: Any, to: Any, starts: float = -1, ends: float = 24, why: str = "Holidays") -> Delegation:
        now = clock.now()
        hour = timedelta(hours=1)
        return verbs.delegate(
            giver,
            to,
            starts_at=now + starts * hour,
            ends_at=now + ends * hour,
            why=why,
            method="code",
            now=now,
            today=today,
        )

    return make


@pytest.fixture
def dev(person: Make) -> Any:
    return person("dev", Role.ADMINISTRATOR)


def test_the_delegate_decides_and_it_says_for_whom(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any, today: date
) -> None:
    removal = filed()
    assert refusal(lambda: decide(removal, dev)) == "may-not-decide"
    delegate(bob, dev)
    assert queries.to_decide(scope_of(dev, today), today) == [removal]
    assert {user.name for user in queries.approvers_for(removal, today)} == {"Bob", "Dev"}
    made = decide(removal, dev)
    assert (made.approver, made.right_of) == (dev, bob)
    removal.refresh_from_db()
    assert removal.stage == "approved"
    entry = Entry.objects.get(event="plan.approved")
    assert canonical.loads(bytes(entry.body))["facts"]["for"] == bob.pk
    assert entry.personal.get(name="for").value == "Bob"


@pytest.mark.parametrize(("starts", "ends"), [(1, 24), (-48, 0)])
def test_only_in_its_time(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any, today: date, starts: float, ends: float
) -> None:
    removal, made = filed(), delegate(bob, dev)
    now = clock.now()
    at = {"starts_at": now + timedelta(hours=starts), "ends_at": now + timedelta(hours=ends)}
    Delegation.objects.filter(pk=made.pk).update(**at)
    assert queries.to_decide(scope_of(dev, today), today) == []
    assert refusal(lambda: decide(removal, dev)) == "may-not-decide"


def test_ended_by_either_of_the_two_it_holds_no_longer(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any, sam: Any
) -> None:
    removal, made = filed(), delegate(bob, dev)
    assert refusal(lambda: verbs.cancel(made, sam)) == "not-yours"
    verbs.cancel(made, dev)
    assert refusal(lambda: verbs.cancel(made, bob)) == "ended-already"
    assert refusal(lambda: decide(removal, dev)) == "may-not-decide"
    follow()
    told = set(Message.objects.values_list("kind", "recipient__name"))
    assert {("delegated", "Dev"), ("delegation ended", "Bob")} <= told


def test_an_administrator_of_either_ends_it_and_both_are_told_why(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any, ada: Any, today: date
) -> None:
    removal, made = filed(), delegate(bob, dev)
    reach = scope_of(ada, today)
    assert refusal(lambda: verbs.end_for_them(made, ada, reach, bob, " ")) == "no-reason"
    verbs.end_for_them(made, ada, reach, bob, "Dev left the project.")
    assert refusal(lambda: verbs.end_for_them(made, ada, reach, dev, "Again.")) == "ended-already"
    assert refusal(lambda: decide(removal, dev)) == "may-not-decide"
    entry = Entry.objects.get(event="delegation.cancelled")
    assert canonical.loads(bytes(entry.body))["facts"]["why"] == "Dev left the project."
    follow()
    told = Message.objects.filter(kind="delegation ended")
    assert set(told.values_list("recipient__name", flat=True)) == {"Bob", "Dev"}
    assert all("Dev left the project." in each.text for each in told)


def test_nobody_else_ends_it_for_them(
    delegate: Make, bob: Any, dev: Any, sam: Any, ada: Any, person: Make, today: date
) -> None:
    made = delegate(bob, dev)

    def ends(who: Any, person: Any) -> str:
        return refusal(lambda: verbs.end_for_them(made, who, scope_of(who, today), person, "Why."))

    assert ends(sam, bob) == "may-not-change", "security changes nothing here"
    local = person("local", Role.ADMINISTRATOR, clients_=("Acme",))
    assert ends(local, bob) == "out-of-reach", "they work for another client too"
    assert ends(ada, sam) == "not-theirs", "the person has no part in it"
    mine = delegate(ada_decides(ada), dev)
    assert refusal(lambda: verbs.end_for_them(mine, ada, scope_of(ada, today), ada, "W.")) == "may-not-change"
    assert not Delegation.objects.exclude(cancelled_at=None).exists()


def ada_decides(ada: Any) -> Any:
    Membership.objects.create(user=ada, role=Role.APPROVER.value)
    return ada


def test_it_is_never_wider_than_what_both_reach(
    filed: Make, decide: Make, delegate: Make, bob: Any, person: Make, today: date
) -> None:
    both = filed("Acme Production", "Globex Production")
    half = person("half", Role.APPROVER, clients_=("Acme",))
    everywhere = person("wide", Role.ADMINISTRATOR)
    delegate(half, everywhere)
    assert refusal(lambda: decide(both, everywhere)) == "may-not-decide", "the giver may not"
    blind = person("blind", Role.ADMINISTRATOR, clients_=("Acme",))
    delegate(bob, blind)
    assert refusal(lambda: decide(both, blind)) == "may-not-decide", "the delegate may not see it"
    assert queries.to_decide(scope_of(blind, today), today) == []


def test_who_has_a_part_in_it_decides_through_nobody(
    filed: Make, decide: Make, delegate: Make, alice: Any, bob: Any, dev: Any, person: Make
) -> None:
    removal = filed()
    for client in {place.workspace.client for place in removal.places.all()}:
        Membership.objects.create(user=alice, role=Role.APPROVER.value, client=client)
    delegate(bob, alice)
    assert refusal(lambda: decide(removal, alice)) == "may-not-decide", "the delegate is the requester"
    delegate(alice, dev)
    with pytest.raises(Refused):
        decide(removal, dev)  # the requester's right, in other hands
    delegate(bob, dev)
    for address in (dev.email, bob.email):
        RemovalRequest.objects.update(addresses=[address.upper()])
        assert refusal(lambda: decide(removal, dev)) == "may-not-decide", "it is about one of the two"
    assert not Approval.objects.exists()
    told = Entry.objects.filter(event="plan.decision_refused", about=removal.reference).order_by("seq")
    assert [each.actor_id for each in told] == [str(user.pk) for user in (alice, dev, dev, dev)]


def test_an_editor_decides_through_nobody(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any
) -> None:
    removal = filed()
    first = removal.plans.get()
    for editor in (bob, dev):
        first.pk, first.version, first.made_by = None, first.version + 1, editor
        first.save(force_insert=True)
        delegations = Delegation.objects.count() or delegate(bob, dev)
        assert delegations and refusal(lambda: decide(removal, dev)) == "may-not-decide"


def test_one_right_counts_once(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any, person: Make, settings: Any
) -> None:
    settings.MANY_PLACES, settings.MANY_PLACES_APPROVERS = 1, 2
    removal = filed("Acme Production", "Acme Staging")
    delegate(bob, dev)
    decide(removal, dev)
    assert refusal(lambda: decide(removal, bob)) == "may-not-decide"
    assert refusal(lambda: decide(removal, dev)) == "may-not-decide"
    removal.refresh_from_db()
    assert removal.stage == "planned"
    decide(removal, person("zoe", Role.APPROVER))
    removal.refresh_from_db()
    assert removal.stage == "approved"


def test_who_only_reads_decides_for_nobody(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any, today: date
) -> None:
    removal = filed()
    delegate(bob, dev)
    assert dev in queries.approvers_for(removal, today)
    Membership.objects.filter(user=dev).update(role=Role.AUDITOR.value)
    assert dev not in queries.approvers_for(removal, today)
    assert queries.to_decide(scope_of(dev, today), today) == []
    assert refusal(lambda: decide(removal, dev)) == "may-not-decide"
    Delegation.objects.all().delete()
    assert refusal(lambda: delegate(bob, dev)) == "may-not-delegate"
    assert dev not in candidates(scope_of(bob, today))


def test_a_right_is_not_passed_on(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any, sam: Any
) -> None:
    removal = filed()
    delegate(bob, dev)
    assert refusal(lambda: delegate(dev, sam)) == "may-not-delegate"
    delegate(sam, person_of(dev))
    assert refusal(lambda: decide(removal, sam)) == "may-not-decide"


def person_of(user: Any) -> Any:
    return User.objects.get(pk=user.pk)


def test_whose_giver_left_or_lost_the_role_decides_nothing(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any
) -> None:
    removal = filed()
    delegate(bob, dev)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert refusal(lambda: decide(removal, dev)) == "may-not-decide"
    User.objects.filter(pk=bob.pk).update(is_active=True)
    Membership.objects.filter(user=bob).delete()
    assert refusal(lambda: decide(removal, dev)) == "may-not-decide"


def test_ones_own_right_comes_first(
    filed: Make, decide: Make, delegate: Make, bob: Any, person: Make
) -> None:
    zoe = person("zoe", Role.APPROVER)
    delegate(bob, zoe)
    assert decide(filed(), zoe).right_of == zoe


def test_what_was_decided_for_somebody_falls_with_them(
    filed: Make, decide: Make, delegate: Make, bob: Any, dev: Any
) -> None:
    from offboarding.approvals.falling import fall

    removal = filed()
    delegate(bob, dev)
    decide(removal, dev)
    plan = removal.plans.get()
    assert fall(plan) == ""
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert "Dev approved this" in fall(plan)


def test_what_is_mistyped_is_refused(delegate: Make, bob: Any, dev: Any, carol: Any, today: date) -> None:
    assert refusal(lambda: delegate(bob, carol)) == "may-not-delegate"
    assert refusal(lambda: delegate(bob, dev, ends=24 * 100)) == "wrong-times"
    assert refusal(lambda: delegate(bob, dev, why=" ")) == "no-reason"
    delegate(bob, dev)
    assert refusal(lambda: delegate(bob, dev, starts=5, ends=10)) == "delegated-already"
    names = {user.name for user in candidates(scope_of(bob, today))}
    assert "Dev" in names and not names & {"Bob", "Carol"}


def test_the_database_itself_keeps_delegations_sound(bob: Any, dev: Any) -> None:
    now = clock.now()
    good = {
        "giver": bob,
        "to": dev,
        "starts_at": now,
        "ends_at": now + timedelta(days=1),
        "why": "w",
        "method": "c",
    }
    for change in ({"to": bob}, {"ends_at": now}, {"cancelled_at": Now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Delegation.objects.create(**{**good, **change})
