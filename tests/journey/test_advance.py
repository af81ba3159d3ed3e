"""The route, a step at a time: it begins, goes on, closes, and does each thing once whoever looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from offboarding.execution import actions as execution
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.ledger.models import Checkpoint, Entry
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from tests.work.test_at_once import together

Make = Callable[..., Any]


def told(removal: Any, event: str) -> int:
    return Entry.objects.filter(about=removal.reference, event=event).count()


def end(removal: Any, but: tuple[str, ...] = ()) -> None:
    """Everything that closing waits for is over."""
    open_ = Run.objects.filter(item__plan__removal=removal, item__blocks_closing=True).exclude(
        item__code__in=but
    )
    open_.update(state="done", ended="already")


# ---------------------------------------------------------------- beginning


def test_nothing_begins_before_its_time(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    decide(removal, bob)
    RemovalRequest.objects.update(starts_at=datetime.now(UTC) + timedelta(hours=1))
    journey.advance(removal.pk)
    assert not Run.objects.exists()
    RemovalRequest.objects.update(starts_at=datetime.now(UTC) - timedelta(seconds=1))
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "running" and removal.started_at
    assert Run.objects.count() == removal.plans.get().items.count()


@pytest.mark.parametrize("stage", ["planned", "rejected", "withdrawn"])
def test_what_is_not_approved_does_not_begin(filed: Make, stage: str) -> None:
    removal = filed()
    RemovalRequest.objects.update(stage=stage)
    journey.advance(removal.pk)
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_engines_begin_it_once(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    decide(removal, bob)
    together(lambda _: journey.advance(removal.pk))
    assert Run.objects.count() == removal.plans.get().items.count()
    assert told(removal, "items.started") == 1


def test_one_removal_that_fails_does_not_hold_the_others(
    filed: Make, decide: Make, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = filed("Acme Production"), filed("Acme Staging")
    for removal in (bad, good):
        decide(removal, bob)
    honest = journey.advance

    def fragile(pk: int) -> bool:
        if pk == bad.pk:
            raise RuntimeError
        return honest(pk)

    monkeypatch.setattr(journey, "advance", fragile)
    journey.tick()
    good.refresh_from_db()
    assert good.stage == "running"


# ---------------------------------------------------------------- going on


def test_first_turns_go_to_the_engine_and_to_people(running: Make, run_of: Make) -> None:
    removal = running("Acme Production")
    assert run_of(removal, "remove-member").state == "ready"
    assert run_of(removal, "screenshot-before").state == "needs_person"
    assert run_of(removal, "tell").state == "waiting"


def test_a_skipped_line_lets_go_of_what_waited_for_it(running: Make, run_of: Make, sam: Any) -> None:
    removal = running("Acme Production", groups=("Admins",))
    assert run_of(removal, "remove-member").state == "waiting"
    execution.skip(run_of(removal, "leave-group"), sam, "The group goes away anyway")
    journey.advance(removal.pk)
    assert run_of(removal, "remove-member").state == "ready"


# ---------------------------------------------------------------- closing


def test_it_closes_with_a_packet_and_a_checkpoint(running: Make) -> None:
    removal = running()
    end(removal)
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "closed" and removal.closed_at
    assert Packet.objects.get().version == 1
    assert Checkpoint.objects.latest("size").size == Entry.objects.latest("seq").seq
    assert told(removal, "removal.closed") == 1


@pytest.mark.django_db(transaction=True)
def test_many_engines_close_it_once(running: Make) -> None:
    removal = running()
    end(removal)
    together(lambda _: journey.advance(removal.pk))
    assert Packet.objects.count() == 1
    assert told(removal, "removal.closed") == 1


def test_an_open_line_keeps_it_open(running: Make) -> None:
    removal = running()
    end(removal, but=("tell",))
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "running"


def test_a_sign_off_taken_back_while_it_closes_keeps_it_open(
    running: Make, run_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The route has counted; before it locks the request, somebody takes their sign-off back."""
    removal = running()
    end(removal)
    honest = journey.close

    def late(removal: Any, plan: Any) -> None:
        Run.objects.filter(pk=run_of(removal, "tell").pk).update(state="needs_person", ended="")
        honest(removal, plan)

    monkeypatch.setattr(journey, "close", late)
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "running"
    assert not Packet.objects.exists()


def test_the_look_after_30_days_gets_its_date_at_closing(running: Make, run_of: Make) -> None:
    removal = running()
    end(removal)
    journey.advance(removal.pk)
    run = run_of(removal, "look-after-30-days")
    assert run.state == "waiting"
    assert timedelta(days=29, hours=23) < run.not_before - datetime.now(UTC) <= timedelta(days=30)


def test_follow_ups_of_a_closed_request_that_need_a_person_are_in_the_queue(
    running: Make, run_of: Make, olga: Any, carol: Any, today: date
) -> None:
    from offboarding.directory.queries import scope_of
    from offboarding.execution.queries import steps_waiting_for_people

    removal = running()
    end(removal)
    journey.advance(removal.pk)
    run = run_of(removal, "look-after-30-days")
    Run.objects.filter(pk=run.pk).update(state="needs_person", cause="still-there", not_before=None)
    assert run in steps_waiting_for_people(scope_of(olga, today))
    assert steps_waiting_for_people(scope_of(carol, today)) == []


# ---------------------------------------------------------------- read-only until

ZONES = ["Europe/Berlin", "America/Los_Angeles", "Asia/Tokyo"]


@pytest.mark.parametrize("zone", ZONES)
def test_read_only_access_ends_the_day_after_in_the_requests_own_zone(
    running: Make, drafted: Make, alice: Any, bob: Any, decide: Make, run_of: Make, today: date, zone: str
) -> None:
    from offboarding.removals import actions as removals
    from offboarding.removals.rules import Choice

    removal = drafted("Acme Production")
    until = today + timedelta(days=5)
    wishes = [removals.Wish(place.workspace, Choice.DOWNGRADE, until) for place in removal.places.all()]
    removals.choose(removal, alice, wishes, today)
    RemovalRequest.objects.update(time_zone=zone)
    removal.refresh_from_db()
    journey.file(removal, alice, removal.version)
    decide(removal, bob)
    journey.advance(removal.pk)
    run = run_of(removal, "end-read-only")
    assert run.not_before == datetime.combine(until + timedelta(days=1), time(0), ZoneInfo(zone))
    assert run.state == "waiting", (
        "it does not wait for the request to close, and nothing lets go of it sooner"
    )


def test_closing_does_not_move_the_end_of_read_only_access(started: Make, run_of: Make, today: date) -> None:
    removal = started("Acme Staging", choice="downgrade", until=today + timedelta(days=5))
    before = run_of(removal, "end-read-only").not_before
    end(removal)
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "closed"
    assert run_of(removal, "end-read-only").not_before == before


def test_access_ends_at_its_date_even_after_closing(
    started: Make, run_of: Make, turns: Make, member: Make, today: date
) -> None:
    removal = started("Acme Staging", choice="downgrade", until=today + timedelta(days=5))
    turns(run_of(removal, "downgrade"))
    end(removal)
    journey.advance(removal.pk)
    assert member("acme-staging")
    assert turns(run_of(removal, "end-read-only")).ended == "changed"
    assert not member("acme-staging")


def test_a_turn_asks_little_however_long_the_checklist_is(
    running: Make, django_assert_max_num_queries: Make
) -> None:
    removal = running("Acme Production", "Acme Staging", "Globex Production")
    journey.advance(removal.pk)  # reads the lines, which never change
    with django_assert_max_num_queries(5):
        journey.advance(removal.pk)


# ---------------------------------------------------------------- a start that has passed


def test_what_is_approved_after_its_start_begins_at_once(filed: Make, decide: Make, bob: Any) -> None:
    removal = filed()
    RemovalRequest.objects.update(starts_at=datetime.now(UTC) - timedelta(days=3))
    journey.advance(removal.pk)
    assert not Run.objects.exists()
    decide(removal, bob)
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "running"
    assert datetime.now(UTC) - removal.started_at < timedelta(minutes=1)
