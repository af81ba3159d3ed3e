"""Asking for a restoration: who may, of what, until when; it is a request of its own that names the original."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.approvals.queries import approvals_needed
from offboarding.checklist.models import Plan
from offboarding.discovery.rules import Owners
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.journey.rules import Taken, why_not_restored
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import refuses_end
from offboarding.users.rules import Role
from tests.rewriting import rewriting
from tests.work.test_at_once import together

Make = Callable[..., Any]

OFFERS = [
    ((True, True, True), True, "what was taken is known and the work has ended"),
    ((False, True, True), False, "an invitation does not say what it grants"),
    ((True, False, True), False, "the removal would take it away again"),
    ((True, True, False), False, "nothing was taken away"),
]


@pytest.mark.parametrize(("facts", "offered", "because"), OFFERS)
def test_what_can_come_back(facts: tuple[bool, bool, bool], offered: bool, because: str) -> None:
    assert (not why_not_restored(Taken(*facts))) is offered, because


ENDS = [
    (timedelta(minutes=59), False),
    (timedelta(hours=1), True),
    (timedelta(days=30), True),
    (timedelta(days=30, seconds=1), False),
    (timedelta(days=-1), False),
]


@pytest.mark.parametrize(("ends_in", "stands"), ENDS, ids=str)
def test_it_ends_within_an_hour_and_thirty_days(ends_in: timedelta, stands: bool) -> None:
    assert (not refuses_end(ends_in)) is stands


def ask(original: Any, user: Any, **change: Any) -> Plan:
    now = datetime.now(UTC)
    given = {
        "ends_at": now + timedelta(days=2),
        "time_zone": "Europe/Berlin",
        "why": "The export stopped",
        "now": now,
    }
    places = change.pop("places", None) or [place.workspace for place in original.places.all()]
    return journey.restore(original, user, places, **{**given, **change})


@pytest.fixture
def taken(running: Make) -> Make:
    """A removal whose every step has ended: `taken("Acme Production")`."""

    def make(*names: str, **options: Any) -> Any:
        removal = running(*names, **options)
        Run.objects.filter(item__plan__removal=removal).update(state="done", ended="already")
        return removal

    return make


def refusal(act: Callable[[], Any]) -> str:
    before = RemovalRequest.objects.count(), Entry.objects.count()
    with pytest.raises(Refused) as refused:
        act()
    assert (RemovalRequest.objects.count(), Entry.objects.count()) == before
    return refused.value.code


def test_a_restoration_names_its_original_and_waits_for_approval(taken: Make, alice: Any) -> None:
    original = taken("Acme Production", "Acme Staging", groups=("Admins",))
    plan = ask(original, alice)
    made = plan.removal
    assert (made.stage, made.restores, made.person, made.addresses) == (
        "planned",
        original,
        original.person,
        original.addresses,
    )
    assert (made.notes, made.reason) == ("The export stopped", "something-broke")
    assert list(original.restorations.all()) == [made]
    entry = Entry.objects.filter(event="removal.filed").latest("seq")
    assert canonical.loads(bytes(entry.body))["facts"]["restores"] == original.reference


def test_its_plan_says_what_comes_back_until_when(taken: Make, alice: Any) -> None:
    original = taken("Acme Production", groups=("Admins",))
    plan = ask(original, alice)
    body = plan.data
    [place] = body["places"]
    assert plan.playbook == "Restore" and body["restores"] == original.reference
    assert place["choice"] == "restore" and place["until"] == body["due_at"]
    assert place["before"].startswith(f"Held before {original.reference}: Source Admin")
    assert place["planned"].startswith("Give back until")
    items = {item["code"]: item for item in body["items"]}
    assert {"give-back", "join-group", "read-restored", "end-restored", "read-ended", "seal"} <= set(items)
    assert items["give-back"]["target"]["permissions"] == [
        {
            "roleId": "role-Source Admin",
            "resources": [{"type": "WORKSPACE", "id": original.places.get().workspace.segment_id}],
        }
    ]
    assert items["join-group"]["target"]["group"] == "Admins"
    assert set(plan.snapshots.all()) == set(original.plans.get().snapshots.all())


def test_what_is_not_known_exactly_is_not_guessed(taken: Make, alice: Any) -> None:
    from offboarding.discovery.models import Snapshot

    original = taken("Acme Production")
    snapshot = Snapshot.objects.get()
    snapshot.data["accounts"][0]["roles"][0]["labels"] = ["team:web"]
    with rewriting():
        Snapshot.objects.filter(pk=snapshot.pk).update(data=snapshot.data)
    items = {item["code"]: item for item in ask(original, alice).data["items"]}
    assert items["give-back"]["target"]["permissions"] is None


def test_an_owner_who_comes_back_needs_as_many_approvals_as_one_who_goes(
    taken: Make, alice: Any, settings: Any
) -> None:
    original = taken("Acme Production", roles=("Workspace Owner",), owners=Owners.OTHERS)
    settings.OWNER_APPROVERS = 2
    plan = ask(original, alice)
    assert (approvals_needed(plan), approvals_needed(original.plans.get())) == (2, 1)
    assert any("becomes Workspace Owner again" in line for line in plan.data["may_break"])


def test_its_requester_does_not_approve_it(taken: Make, alice: Any, decide: Make) -> None:
    made = ask(taken(), alice).removal
    with pytest.raises(Refused):
        decide(made, alice)


@pytest.mark.parametrize("who", ["approver", "auditor", "operator", "half", "stranger", "the person"])
def test_only_who_may_file_asks_for_it(taken: Make, person: Make, who: str) -> None:
    original = taken("Acme Production", "Globex Production")
    user = {
        "half": lambda: person("zoe", Role.REQUESTER, clients_=("Acme",)),
        "stranger": lambda: person("zoe", Role.SECURITY, clients_=("Hooli",)),
        "the person": lambda: person("dan", Role.SECURITY),
    }.get(who, lambda: person("zoe", Role(who)))()
    assert refusal(lambda: ask(original, user)) in ("not-a-requester", "foreign-place", "own-access")


WRONG = [
    ({"ends_at": datetime.now(UTC)}, "bad-end"),
    ({"ends_at": datetime.now(UTC) + timedelta(days=31)}, "bad-end"),
    ({"time_zone": "Mars/Phobos"}, "no-zone"),
    ({"why": " "}, "no-reason"),
    ({"why": "x" * 2001}, "too-long"),
]


@pytest.mark.parametrize(("change", "code"), WRONG, ids=[row[1] for row in WRONG])
def test_what_is_missing_is_asked_for(taken: Make, alice: Any, change: dict[str, Any], code: str) -> None:
    original = taken()
    assert refusal(lambda: ask(original, alice, **change)) == code


def test_a_place_of_no_request_is_refused(taken: Make, alice: Any, workspace: Make) -> None:
    original, other = taken("Acme Production"), workspace("Acme Other")
    assert refusal(lambda: ask(original, alice, places=[other])) == "not-restorable"


def test_where_the_work_has_not_ended_nothing_comes_back(running: Make, alice: Any) -> None:
    original = running()
    assert refusal(lambda: ask(original, alice)) == "not-restorable"


@pytest.mark.parametrize("stage", ["planned", "approved", "rejected", "withdrawn"])
def test_what_took_nothing_is_not_restored(taken: Make, alice: Any, stage: str) -> None:
    original = taken()
    RemovalRequest.objects.filter(pk=original.pk).update(stage=stage)
    assert refusal(lambda: ask(original, alice)) == "wrong-stage"


def test_a_restoration_is_not_restored(taken: Make, alice: Any) -> None:
    made = ask(taken(), alice).removal
    RemovalRequest.objects.filter(pk=made.pk).update(stage="running")
    assert refusal(lambda: ask(made, alice)) == "wrong-stage"


def test_a_second_restoration_of_the_same_place_is_pointed_out(taken: Make, alice: Any) -> None:
    original = taken()
    first = ask(original, alice).removal
    with pytest.raises(Refused) as refused:
        ask(original, alice)
    assert refused.value.code == "restored-already" and first.reference in refused.value.sentence
    removals.withdraw(first, alice, "It works again")
    assert ask(original, alice).removal.reference != first.reference


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_made(taken: Make, alice: Any) -> None:
    original = taken()

    def once(_: int) -> bool:
        try:
            ask(RemovalRequest.objects.get(pk=original.pk), alice)
        except Refused:
            return False
        return True

    assert sum(together(once, 4)) == 1
    assert original.restorations.count() == 1


def test_a_restoration_is_withdrawn_not_changed(taken: Make, alice: Any, today: Any) -> None:
    from offboarding.removals.rules import Choice

    made = ask(taken(), alice).removal
    wishes = [removals.Wish(made.places.get().workspace, Choice.REMOVE)]
    assert refusal(lambda: journey.change(made, alice, wishes, made.version, today)) == "restoration"


def test_a_filing_form_cannot_ask_for_one(drafted: Make, alice: Any, today: Any) -> None:
    from offboarding.removals.rules import Choice

    draft = drafted()
    wishes = [removals.Wish(draft.places.get().workspace, Choice.RESTORE)]
    assert refusal(lambda: removals.choose(draft, alice, wishes, today)) == "places-incomplete"
    now = datetime.now(UTC)
    describe = lambda: removals.describe(  # noqa: E731
        draft, alice, reason="something-broke", starts_at=now, time_zone="UTC", now=now
    )
    assert refusal(describe) == "no-reason"


def test_its_end_is_set_to_the_minute_when_it_begins(taken: Make, alice: Any, bob: Any, decide: Make) -> None:
    made = ask(taken(), alice).removal
    decide(made, bob)
    journey.advance(made.pk)
    made.refresh_from_db()
    end = Run.objects.get(item__plan__removal=made, item__code="end-restored")
    assert made.stage == "running" and end.not_before == made.due_at == end.item.due_at
