"""Drafting, choosing, describing, sending, changing, withdrawing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.directory.models import Membership
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import Place, RemovalRequest
from offboarding.removals.rules import Choice
from offboarding.users.rules import Role
from tests.conftest import DAN, DAN_ELSEWHERE
from tests.work.test_at_once import together

Make = Callable[..., Any]


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def told(removal: Any) -> list[str]:
    return list(Entry.objects.filter(about=removal.reference).values_list("event", flat=True))


# ---------------------------------------------------------------- drafting


def test_a_draft_is_numbered_and_recorded(alice: Any, today: date) -> None:
    first = removals.draft(alice, [f" {DAN.upper()} ", DAN, DAN_ELSEWHERE], "Dan Reyes", today)
    second = removals.draft(alice, [DAN], "Dan Reyes", today)
    assert (first.reference, second.reference) == ("R-1001", "R-1002")
    assert first.addresses == [DAN.upper(), DAN_ELSEWHERE]
    assert told(first) == ["removal.drafted"]


ADDRESSES = [
    ([], "bad-address", "nobody"),
    (["dan"], "bad-address", "no address"),
    (["dan@northwind.example", "two@at@x.example"], "bad-address", "one of them is none"),
    (["dan@northwind.example\u202e"], "bad-address", "a sign that cannot be seen"),
    ([f"dan{number}@northwind.example" for number in range(11)], "too-many-addresses", "no one person's"),
    (["Alice@northwind.example"], "own-access", "her own"),
]


@pytest.mark.parametrize(("addresses", "code", "because"), ADDRESSES)
def test_an_address_that_cannot_be_is_refused(
    alice: Any, today: date, addresses: list[str], code: str, because: str
) -> None:
    assert refusal(lambda: removals.draft(alice, addresses, "", today)) == code, because
    assert not RemovalRequest.objects.exists()


FILERS = [
    (Role.REQUESTER, True),
    (Role.SECURITY, True),
    (Role.ADMINISTRATOR, True),
    (Role.APPROVER, False),
    (Role.OPERATOR, False),
    (Role.AUDITOR, False),
]


@pytest.mark.parametrize(("role", "may"), FILERS)
def test_who_may_file(person: Make, today: date, role: Role, may: bool) -> None:
    user = person("zoe", role)
    if may:
        assert removals.draft(user, [DAN], "", today).stage == "draft"
    else:
        assert refusal(lambda: removals.draft(user, [DAN], "", today)) == "not-a-requester"


@pytest.mark.django_db(transaction=True)
def test_drafts_that_begin_at_the_same_time_get_different_numbers(alice: Any, today: date) -> None:
    together(lambda number: removals.draft(alice, [f"dan{number}@northwind.example"], "", today))
    numbers = RemovalRequest.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1001, 1009))


# ---------------------------------------------------------------- choosing and describing


@pytest.mark.django_db(transaction=True)
def test_pressing_find_many_times_begins_one_draft(alice: Any, today: date) -> None:
    together(lambda _: removals.draft(alice, [DAN], "", today))
    assert RemovalRequest.objects.count() == 1


def test_only_the_author_changes_a_draft(drafted: Make, bob: Any, today: date) -> None:
    removal = drafted()
    wishes = [removals.Wish(place.workspace, Choice.REMOVE) for place in removal.places.all()]
    assert refusal(lambda: removals.choose(removal, bob, wishes, today)) in ("not-yours", "foreign-place")
    assert refusal(lambda: removals.readdress(removal, bob, [DAN_ELSEWHERE], "")) == "not-yours"


def test_another_clients_workspace_is_not_yours_to_ask_for(
    drafted: Make, workspace: Make, alice: Any, today: date
) -> None:
    removal = drafted()
    wish = removals.Wish(workspace("Hooli Production", "Hooli"), Choice.REMOVE)
    assert refusal(lambda: removals.choose(removal, alice, [wish], today)) == "foreign-place"


@pytest.mark.parametrize("until", [date.max, date(2066, 1, 1)])
def test_read_only_access_ends_at_a_date_that_a_clock_can_be_set_for(
    drafted: Make, alice: Any, today: date, until: date
) -> None:
    removal = drafted("Acme Production")
    place = removal.places.get()
    wish = removals.Wish(place.workspace, Choice.DOWNGRADE, until)
    assert refusal(lambda: removals.choose(removal, alice, [wish], today)) == "places-incomplete"
    assert removal.places.get().choice == "remove"


def test_keeping_everything_is_no_request(drafted: Make, alice: Any, today: date) -> None:
    removal = drafted()
    wishes = [removals.Wish(place.workspace, Choice.KEEP, reason="x") for place in removal.places.all()]
    assert refusal(lambda: removals.choose(removal, alice, wishes, today)) == "nothing-to-do"
    assert removal.places.get().choice == "remove", "nothing was half written"


def test_each_incomplete_place_is_named(drafted: Make, alice: Any, today: date) -> None:
    removal = drafted("Acme Production", "Acme Staging")
    wishes = [removals.Wish(place.workspace, Choice.DOWNGRADE, today) for place in removal.places.all()]
    with pytest.raises(Refused) as refused:
        removals.choose(removal, alice, wishes, today)
    assert set(refused.value.facts["faults"]) == {place.workspace_id for place in removal.places.all()}


DESCRIBED = [
    ({"reason": "bored"}, "no-reason"),
    ({"time_zone": "Mars/Base"}, "no-zone"),
    ({"time_zone": ""}, "no-zone"),
    ({"starts_at": datetime.now(UTC) - timedelta(minutes=5)}, "in-the-past"),
    ({"starts_at": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)}, "too-far"),
]


@pytest.mark.parametrize(("change", "code"), DESCRIBED)
def test_what_cannot_be_is_not_written(drafted: Make, alice: Any, change: dict[str, Any], code: str) -> None:
    removal = drafted()
    now = datetime.now(UTC)
    good: dict[str, Any] = {"reason": "handed-over", "starts_at": now, "time_zone": "UTC", "now": now}
    removals.describe(removal, alice, **good)
    assert refusal(lambda: removals.describe(removal, alice, **{**good, **change})) == code


# ---------------------------------------------------------------- sending


def test_sending_freezes_the_plan_with_it(drafted: Make, alice: Any) -> None:
    removal = drafted()
    plan = journey.file(removal, alice, removal.version)
    removal.refresh_from_db()
    assert (removal.stage, plan.version) == ("planned", 1)
    assert told(removal) == [
        "removal.drafted",
        "removal.moved",
        "removal.filed",
        "plan.frozen",
        "plan.approval_asked",
    ]


def test_a_request_is_sent_once(drafted: Make, alice: Any) -> None:
    removal = drafted()
    journey.file(removal, alice, removal.version)
    assert refusal(lambda: journey.file(removal, alice, removal.version)) == "already-filed"


def test_somebody_else_does_not_send_it(drafted: Make, bob: Any) -> None:
    removal = drafted()
    assert refusal(lambda: journey.file(removal, bob, removal.version)) == "not-yours"


def test_a_form_that_was_overtaken_is_refused(drafted: Make, alice: Any) -> None:
    removal = drafted()
    version = removal.version
    removals.readdress(removal, alice, [DAN_ELSEWHERE], "Dan")
    assert refusal(lambda: journey.file(removal, alice, version)) == "stale"


def test_an_unfinished_draft_is_not_sent(alice: Any, today: date) -> None:
    removal = removals.draft(alice, [DAN], "", today)
    assert refusal(lambda: journey.file(removal, alice, removal.version)) == "incomplete"


def test_an_author_who_lost_the_role_meanwhile_does_not_send(drafted: Make, alice: Any) -> None:
    removal = drafted()
    Membership.objects.filter(user=alice).delete()
    assert refusal(lambda: journey.file(removal, alice, removal.version)) == "foreign-place"
    removal.refresh_from_db()
    assert removal.stage == "draft"


def test_an_end_that_passed_while_the_draft_lay_there_is_asked_for_again(
    drafted: Make, alice: Any, today: date
) -> None:
    removal = drafted()
    Place.objects.update(choice="downgrade", until=today - timedelta(days=1))
    assert refusal(lambda: journey.file(removal, alice, removal.version)) == "places-incomplete"


def test_a_start_that_passed_meanwhile_means_at_once(drafted: Make, alice: Any) -> None:
    removal = drafted()
    long_ago = datetime.now(UTC) - timedelta(days=3)
    RemovalRequest.objects.update(starts_at=long_ago, due_at=long_ago + timedelta(days=1))
    journey.file(removal, alice, removal.version)
    removal.refresh_from_db()
    assert datetime.now(UTC) - removal.starts_at < timedelta(minutes=1)
    assert removal.due_at - removal.starts_at == timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_pressing_send_many_times_sends_once(drafted: Make, alice: Any) -> None:
    removal = drafted()

    def send(_number: int) -> bool:
        try:
            journey.file(RemovalRequest.objects.get(pk=removal.pk), alice, removal.version)
        except Refused:
            return False
        return True

    assert sum(together(send)) == 1
    assert removal.plans.count() == 1


def test_the_database_keeps_an_incomplete_request_from_being_filed(alice: Any, today: date) -> None:
    removal = removals.draft(alice, [DAN], "", today)
    with pytest.raises(IntegrityError, match="a_filed_removal_is_complete"), transaction.atomic():
        RemovalRequest.objects.filter(pk=removal.pk).update(stage="planned")


# ---------------------------------------------------------------- changing and withdrawing


def wishes_of(removal: Any) -> list[removals.Wish]:
    return [removals.Wish(place.workspace, Choice.REMOVE) for place in removal.places.all()]


def test_a_change_makes_a_new_plan_that_nobody_approved(
    filed: Make, decide: Make, alice: Any, bob: Any, today: date
) -> None:
    removal = filed()
    decide(removal, bob)
    removal.refresh_from_db()
    plan = journey.change(removal, alice, wishes_of(removal), removal.version, today)
    removal.refresh_from_db()
    assert (removal.stage, plan.version, removal.approved_at) == ("planned", 2, None)
    assert not plan.approvals.exists()


CHANGERS = [("bob", "not-yours"), ("carol", "foreign-place")]


@pytest.mark.parametrize(("who", "code"), CHANGERS)
def test_only_the_requester_changes_a_filed_request(
    filed: Make, person: Make, clients: Any, today: date, who: str, code: str
) -> None:
    removal = filed()
    user = person(who, Role.REQUESTER, clients_=("Acme",) if who == "bob" else ("Hooli",))
    act = lambda: journey.change(removal, user, wishes_of(removal), removal.version, today)  # noqa: E731
    assert refusal(act) == code
    assert removal.plans.count() == 1


def test_a_stale_change_is_refused_and_nothing_is_written(filed: Make, alice: Any, today: date) -> None:
    removal = filed()
    act = lambda: journey.change(removal, alice, wishes_of(removal), removal.version - 1, today)  # noqa: E731
    assert refusal(act) == "stale"
    assert removal.plans.count() == 1


def test_what_has_begun_is_not_changed(running: Make, alice: Any, today: date) -> None:
    removal = running()
    act = lambda: journey.change(removal, alice, wishes_of(removal), removal.version, today)  # noqa: E731
    assert refusal(act) == "too-late"


@pytest.mark.parametrize("stage", ["planned", "approved"])
def test_a_request_is_withdrawn_with_a_reason_before_work_begins(
    filed: Make, decide: Make, alice: Any, bob: Any, stage: str
) -> None:
    removal = filed()
    if stage == "approved":
        decide(removal, bob)
    assert refusal(lambda: removals.withdraw(removal, alice, " ")) == "no-reason"
    removals.withdraw(removal, alice, "Wrong person")
    assert removal.stage == "withdrawn"
    assert told(removal)[-1] == "removal.withdrawn"
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "withdrawn"


def test_what_has_begun_is_not_withdrawn(running: Make, alice: Any) -> None:
    assert refusal(lambda: removals.withdraw(running(), alice, "x")) == "too-late"


def test_somebody_else_does_not_withdraw_it(filed: Make, bob: Any) -> None:
    assert refusal(lambda: removals.withdraw(filed(), bob, "x")) == "not-yours"


@pytest.mark.parametrize("gone", ["disabled", "without the role"])
def test_where_the_requester_left_security_or_an_administrator_withdraws_it(
    filed: Make, decide: Make, person: Make, alice: Any, bob: Any, sam: Any, gone: str
) -> None:
    removal = filed("Acme Production", "Globex Production")
    half = person("half", Role.ADMINISTRATOR, clients_=("Acme",))
    decide(removal, bob)
    assert refusal(lambda: removals.withdraw(removal, sam, "x")) == "not-yours", "its requester can"
    if gone == "disabled":
        type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    else:
        Membership.objects.filter(user=alice).update(role=Role.AUDITOR.value)
    removal.refresh_from_db()
    for other in (bob, half):
        assert refusal(lambda other=other: removals.withdraw(removal, other, "x")) == "not-yours"  # type: ignore[misc]
    assert refusal(lambda: removals.withdraw(removal, sam, "")) == "no-reason"
    removals.withdraw(removal, sam, "Its lead left")
    assert removal.stage == "withdrawn"


def test_a_draft_of_somebody_who_left_is_ended_by_nobody_else(drafted: Make, alice: Any, sam: Any) -> None:
    removal = drafted()
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    assert refusal(lambda: removals.withdraw(removal, sam, "x")) == "not-yours"


def test_it_is_withdrawn_once(filed: Make, alice: Any) -> None:
    removal = filed()
    removals.withdraw(removal, alice, "x")
    assert refusal(lambda: removals.withdraw(removal, alice, "x")) == "withdrawn-already"


def test_an_open_request_for_one_of_the_addresses_is_pointed_out(
    filed: Make, alice: Any, today: date
) -> None:
    from offboarding.directory.queries import scope_of
    from offboarding.lib.addresses import key
    from offboarding.removals.queries import open_for_person

    removal = filed()
    both = [DAN_ELSEWHERE, DAN.upper()]
    assert open_for_person(scope_of(alice, today), key(both), both) == [removal]
    assert open_for_person(scope_of(alice, today), key([DAN_ELSEWHERE]), [DAN_ELSEWHERE]) == []
