"""Releasing without an approval: who may, what happens at once, and what nobody can press twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.approvals.models import Approval
from offboarding.checklist.queries import newest_plan
from offboarding.discovery.models import Snapshot
from offboarding.emergencies.models import Emergency
from offboarding.emergencies.rules import QUEUED_STEPS
from offboarding.execution.models import Attempt, Run
from offboarding.journey import actions as journey
from offboarding.journey import emergency
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.simulators.simulator import Simulator
from offboarding.users.rules import Role
from tests.work.test_at_once import together

Make = Callable[..., Any]


def facts_of(event: str) -> dict[str, Any]:
    entry = Entry.objects.filter(event=event).latest("seq")
    facts: dict[str, Any] = canonical.loads(bytes(entry.body))["facts"]
    return facts


def test_one_press_files_plans_and_begins(release: Make) -> None:
    removal = release("Acme Production", "Acme EU")
    containing = Run.objects.filter(item__plan__removal=removal, item__code="contain")
    assert removal.stage == "running" and removal.emergency and removal.approved_at is None
    assert [(run.state, run.urgent) for run in containing] == [("ready", True)] * 2
    assert not Approval.objects.exists()
    assert not Run.objects.exclude(item__code="contain").exclude(state="waiting").exists()


def test_every_call_is_made_before_the_first_is_looked_after(
    release: Make, segment: Simulator, connect: Make
) -> None:
    """Two workspaces and one thread: the second membership goes before the first is read again."""
    from offboarding.work import desks

    removal = release(connected=[connect(segment, name) for name in ("Acme Production", "Acme Staging")])
    containing = Run.objects.filter(item__plan__removal=removal, item__code="contain")
    for turn in range(4):
        desks.DESKS["execution.Run"].look(desks.DESKS["execution.Run"].urgent(1)[0])
        if turn == 1:  # whatever the answers were: nothing is read again yet
            assert {run.sentence for run in containing.all()} == {"Called. We look again."}
    tried = Attempt.objects.filter(run__in=containing).order_by("pk")
    one, other = containing.order_by("pk").values_list("pk", flat=True)
    assert list(tried.values_list("run", "act")) == [
        (one, "look"), (one, "call"), (other, "look"), (other, "call"), (one, "look"), (other, "look"),
    ]  # fmt: skip
    assert {run.state for run in containing} == {"done"}


def test_the_ledger_says_that_nobody_approved_it(release: Make) -> None:
    removal = release("Acme Production")
    told = list(Entry.objects.filter(about=removal.reference).order_by("seq").values_list("event", flat=True))
    assert told[:4] == ["removal.filed", "plan.frozen", "emergency.released", "removal.moved"]
    facts = facts_of("emergency.released")
    plan = newest_plan(removal)
    assert plan and facts["approved"] is False and facts["fingerprint"] == plan.fingerprint
    assert facts["incident"] == "INC-774" and facts["method"] == "code"
    assert facts_of("removal.moved") == {"from": "planned", "to": "running"}


def test_only_an_emergency_skips_the_approval(filed: Make) -> None:
    removal = filed("Acme Production")
    with transaction.atomic(), pytest.raises(Refused) as refused:
        removals.move(removal, removals.Stage.RUNNING)
    assert refused.value.code == "wrong-stage"


@pytest.mark.parametrize("fields", [{"stage": "approved"}, {"approved_at": datetime(2026, 1, 1, tzinfo=UTC)}])
def test_the_database_never_calls_one_approved(release: Make, fields: dict[str, Any]) -> None:
    removal = release("Acme Production")
    with pytest.raises(IntegrityError), transaction.atomic():
        RemovalRequest.objects.filter(pk=removal.pk).update(**fields)


REFUSED = [
    ({"ticket": " "}, "no-incident", "incident"),
    ({"reason": "contract-ended"}, "no-reason", "reason"),
    ({"reason": "something-broke"}, "no-reason", "reason"),
    ({"time_zone": "Mars/Phobos"}, "no-zone", "time_zone"),
    ({"addresses": ["dan"]}, "bad-address", None),
    ({"addresses": ["sam@northwind.example"]}, "may-not-release", "email"),
    ({"known_since": datetime(2999, 1, 1, tzinfo=UTC)}, "not-yet", "known_clock"),
    ({"known_since": datetime(2019, 1, 1, tzinfo=UTC)}, "too-long-ago", "known_day"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code", "field"), REFUSED, ids=[row[1] + str(i) for i, row in enumerate(REFUSED)]
)
def test_what_is_missing_is_said_and_nothing_is_written(
    release: Make, workspace: Make, change: dict[str, Any], code: str, field: str | None
) -> None:
    place = workspace("Acme Production")
    before = Entry.objects.count()
    with pytest.raises(Refused) as refused:
        release(connected=[place], **change)
    assert refused.value.code == code and refused.value.facts.get("field") == field
    assert not RemovalRequest.objects.exists() and Entry.objects.count() == before


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SECURITY])
def test_only_security_releases(release: Make, person: Make, role: Role) -> None:
    with pytest.raises(Refused) as refused:
        release("Acme Production", by=person("zoe", role))
    assert refused.value.code == "may-not-release" and not RemovalRequest.objects.exists()


def test_security_of_one_client_does_not_release_for_another(release: Make, person: Make) -> None:
    with pytest.raises(Refused) as refused:
        release("Acme Production", "Globex Production", by=person("zoe", Role.SECURITY, clients_=("Acme",)))
    assert refused.value.code == "may-not-release"


def test_a_second_one_for_the_same_person_is_told_of_the_first(release: Make, workspace: Make) -> None:
    place = workspace("Acme Production")
    first = release(connected=[place])
    with pytest.raises(Refused) as refused:
        release(connected=[place], addresses=["DAN@northwind.example", "dan@elsewhere.example"])
    assert refused.value.code == "open-already" and first.reference in refused.value.sentence
    assert release(connected=[place], addresses=["eve@northwind.example"]).emergency


def test_at_another_client_it_is_another_one(release: Make, person: Make) -> None:
    release("Acme Production", by=person("zoe", Role.SECURITY, clients_=("Acme",)))
    assert release("Globex Production").emergency


def test_it_may_not_be_changed_nor_withdrawn(release: Make, sam: Any) -> None:
    removal = release("Acme Production")
    with pytest.raises(Refused) as refused:
        removals.withdraw(removal, sam, "A mistake")
    assert refused.value.code == "too-late"


@pytest.mark.django_db(transaction=True)
def test_of_many_presses_at_once_one_releases(release: Make, workspace: Make) -> None:
    place = workspace("Acme Production")

    def press(_number: int) -> str:
        try:
            return str(release(connected=[place]).reference)
        except Refused as refusal:
            return refusal.code

    told = together(press)
    assert told.count("open-already") == len(told) - 1
    assert RemovalRequest.objects.count() == Emergency.objects.count() == 1


# ---------------------------------------------------------------- against the simulated workspaces


def refuse(segment: Simulator, slug: str) -> None:
    """Its token is refused from now on, for everything."""
    body = {"errors": [{"type": "unauthorized", "message": "Unauthorized"}]}
    segment.control.add_trouble({"do": "answer", "status": 401, "body": body, "match": {"workspace": slug}})


PLACES = ("Acme Production", "Acme EU", "Globex Marketing")  # an Owner, an invitation, roles through a group


@pytest.fixture
def places(segment: Simulator, connect: Make) -> list[Any]:
    segment.control.clear_trouble()
    return [connect(segment, name) for name in PLACES]


def test_access_goes_and_is_read_again(
    release: Make,
    drive: Make,
    places: list[Any],
    member: Make,
    segment: Simulator,
) -> None:
    assert any(member(place.slug) for place in places)
    drive(release(connected=places))
    assert not any(member(place.slug) for place in places)
    checks = Run.objects.filter(item__code="read-again")
    assert {run.state for run in checks} == {"done"} and checks.count() == len(places)


def test_what_was_held_is_kept_before_it_goes(
    release: Make, drive: Make, places: list[Any], client: Any, sam: Any
) -> None:
    """Nobody had looked for Dan before: what keys his roles reached can only be known from the emergency's own look."""
    assert not Snapshot.objects.exists()
    removal = drive(release(connected=places))
    held = [each for each in Snapshot.objects.all() if each.sighting.outcome == "member"]
    assert {each.workspace_id for each in held if each.sighting.roles and each.raw}
    reach = Run.objects.filter(item__plan__removal=removal, item__code="read-reach")
    assert {run.state for run in reach} == {"done"}
    assert any(each.sighting.reach.write_keys for each in held)
    client.force_login(sam)
    page = client.get(f"/requests/{removal.reference}/").content.decode()
    assert "It was not read before" not in page and "<br>Workspace Owner (through Admins)" in page


def test_what_follows_is_added_and_keys_wait_for_the_second_press(
    release: Make,
    drive: Make,
    places: list[Any],
    sent: Make,
    sam: Any,
) -> None:
    from offboarding.emergencies.actions import Word

    removal = drive(release(connected=places))
    plan = newest_plan(removal)
    assert plan is not None
    added = plan.items.exclude(added_for="")
    queued = emergency.queued(removal, plan)
    assert queued and {run.item.step for run in queued} <= set(QUEUED_STEPS)
    assert {item.added_by for item in added} == {sam}
    assert not sent("POST")
    word = Word(sam, "Rotate", "code", "127.0.0.1")
    emergency.let_go(removal, word, [run.item.number for run in queued][:1])
    drive(removal)
    assert len(emergency.queued(removal, plan)) == len(queued) - 1
    count = plan.items.count()
    drive(removal)
    assert plan.items.count() == count, "nothing is added twice"


def test_a_workspace_that_does_not_answer_is_not_left_out(
    release: Make,
    drive: Make,
    places: list[Any],
    segment: Simulator,
    run_of: Make,
) -> None:
    """It holds up no other, says why, and goes on by itself when its token works."""
    refuse(segment, places[0].slug)
    removal = drive(release(connected=places))
    plan = newest_plan(removal)
    assert plan is not None
    assert run_of(removal, "contain", places[0].name).cause == "token-refused"
    assert run_of(removal, "contain", places[1].name).state == "done"
    assert run_of(removal, "read-again", places[0].name).state == "waiting"
    assert plan.items.filter(code="rotate-write-keys", workspace=places[0]).exists(), (
        "keys that nobody could read"
    )


def test_the_last_owner_stays_and_it_says_so(
    release: Make,
    drive: Make,
    segment: Simulator,
    connect: Make,
    run_of: Make,
    member: Make,
) -> None:
    segment.control.clear_trouble()
    place = connect(segment, "Initech Production")
    removal = drive(release(connected=[place]))
    run = run_of(removal, "contain")
    assert (run.state, run.cause) == ("needs_person", "last-owner") and member(place.slug)
    assert run_of(removal, "read-again").state == "waiting"


def test_it_does_not_close_before_somebody_else_has_reviewed_it(
    release: Make, drive: Make, places: list[Any]
) -> None:
    removal = drive(release(connected=places))
    Run.objects.filter(item__plan__removal=removal).exclude(item__at="30 days").exclude(
        item__step="packet.seal"
    ).update(state="done", ended="already")
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "running"


def test_whether_the_client_is_told_is_a_decision_with_its_reasons(
    release: Make, sam: Any, run_of: Make
) -> None:
    from offboarding.execution import actions as execution

    removal = release("Acme Production")
    journey.advance(removal.pk)
    run = run_of(removal, "client-told")
    with pytest.raises(Refused) as refused:
        execution.sign_off(run, sam, attested=True, note=" ")
    assert refused.value.facts["field"] == "note"
    execution.sign_off(run, sam, attested=True, note="Told: one audience was downloaded. Legal agrees.")
    run.refresh_from_db()
    assert (run.state, run.note) == ("done", "Told: one audience was downloaded. Legal agrees.")


def test_what_nobody_had_seen_before_can_be_restored_for_a_time(
    release: Make, drive: Make, places: list[Any]
) -> None:
    from offboarding.journey.offers import offers_of

    removal = drive(release(connected=places[:1]))
    plan = newest_plan(removal)
    assert plan is not None
    (offer,) = offers_of(removal, plan)
    assert offer.why_not == "" and "Workspace Owner" in offer.held
