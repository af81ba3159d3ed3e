"""The population of a period: every request, exactly those who were forgotten, and the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from offboarding.directory.rules import Scope
from offboarding.execution.queries import runs_of
from offboarding.removals.models import RemovalRequest
from offboarding.reports.population import report as reports
from offboarding.reports.population.rules import Standing, Wanted, standing
from offboarding.users.rules import Role
from offboarding.verification.queries import findings_of, standings
from tests.conftest import DAN

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
ERIN = Scope(0, "erin@northwind.example", frozenset({(Role.AUDITOR, None)}))
ZONE = ZoneInfo(settings.TIME_ZONE)


@pytest.fixture
def read(today: date, now: datetime) -> Make:
    def make(scope: Scope = ERIN, days: int = 90, **filters: Any) -> reports.Report:
        return reports.read(scope, Wanted(today - timedelta(days=days), today, **filters), ZONE, now)

    return make


def test_a_request_stands_with_its_clocks(running: Make, gone: Make, read: Make) -> None:
    removal = running("Acme Staging", "Acme Production")
    gone(removal, hours=0)
    (row,) = read().rows
    assert (row.reference, row.person, row.requester, row.approvers) == (
        removal.reference,
        "Dan Reyes",
        "Alice",
        ("Bob",),
    )
    assert (row.trigger, row.filed, row.approved) == (
        removal.starts_at,
        removal.filed_at,
        removal.approved_at,
    )
    assert [place.workspace for place in row.places] == ["Acme Production", "Acme Staging"]
    assert row.gone == removal.starts_at and row.elapsed == timedelta(0)


def test_a_place_stands_as_everywhere_else(running: Make, gone: Make, read: Make) -> None:
    """One definition of gone: the request's own page, the packet and this report say the same."""
    removal = running("Acme Staging", "Acme Production")
    plan = removal.plans.get()
    for step in (
        lambda: None,
        lambda: gone(removal, only="Acme Staging"),
        lambda: gone(removal, seen="present", late=True),
    ):
        step()
        (row,) = read().rows
        there = {
            each.workspace: (each.now, each.says)
            for each in standings(plan, runs_of(plan), findings_of(removal))
        }
        assert {place.workspace: (place.now, place.says) for place in row.places} == there


def test_a_later_look_does_not_move_the_moment_at_which_it_was_gone(
    running: Make, gone: Make, read: Make
) -> None:
    removal = running("Acme Staging")
    gone(removal, hours=2)
    gone(removal, hours=30 * 24, late=True)
    (row,) = read().rows
    assert row.elapsed == timedelta(hours=2)


def test_access_that_came_back_is_not_gone(running: Make, gone: Make, read: Make) -> None:
    removal = running("Acme Staging")
    gone(removal, hours=2)
    gone(removal, hours=30, seen="present", late=True)
    (row,) = read().rows
    assert row.gone is None


def test_filters_take_their_part(running: Make, filed: Make, read: Make, clients: Any, now: datetime) -> None:
    acme, globex = running("Acme Staging"), filed("Globex Production", reason="credentials-compromised")
    old = filed("Globex Staging")
    RemovalRequest.objects.filter(pk=old.pk).update(starts_at=now - timedelta(days=200), due_at=now)
    assert {row.number for row in read().rows} == {acme.number, globex.number}
    assert {row.number for row in read(days=300).rows} == {acme.number, globex.number, old.number}
    assert [row.number for row in read(client=clients["Acme"].pk).rows] == [acme.number]
    assert [row.number for row in read(kind="Security").rows] == [globex.number]
    assert read(client=clients["Hooli"].pk).rows == []


def test_drafts_are_no_part_of_it_and_what_was_withdrawn_is(
    drafted: Make, filed: Make, read: Make, alice: Any
) -> None:
    from offboarding.removals import actions

    drafted("Acme Staging")
    back = filed("Globex Production")
    actions.withdraw(back, alice, "No longer needed")
    report = read()
    assert [row.number for row in report.rows] == [back.number]
    assert standing(report.rows[0], report.now) is Standing.NOT_MEASURED


def test_the_walls_hold(
    running: Make, engagement: Make, on_roster: Make, read: Make, today: date, clients: Any
) -> None:
    running("Acme Staging")
    on_roster("lee@x.example", engagement(ends_on=today - timedelta(days=3)))
    hooli = Scope(0, "x@x.example", frozenset({(Role.AUDITOR, clients["Hooli"].pk)}))
    acme = Scope(0, "x@x.example", frozenset({(Role.AUDITOR, clients["Acme"].pk), (Role.OPERATOR, None)}))
    dan = Scope(0, DAN, frozenset({(Role.AUDITOR, None)}))
    assert (read(hooli).rows, read(hooli).leavers, read(hooli).blind) == ([], [], [])
    assert len(read(acme).rows) == len(read(acme).leavers) == len(read(acme).blind) == 1
    assert read(dan).rows == [], "nobody sees a request about themself"


# ---------------------------------------------------------------- who was forgotten


def test_exactly_those_who_left_without_a_request_are_exceptions(
    filed: Make, engagement: Make, on_roster: Make, read: Make, today: date
) -> None:
    """Six people left; four of them have a request, in four ways."""
    over = engagement(ends_on=today - timedelta(days=10))
    goes_on = engagement("Winter", ends_on=today + timedelta(days=30))
    filed("Acme Staging")
    on_roster(DAN.upper(), over, name="Dan")
    other = on_roster("elsewhere@x.example", over, name="Dan, another address")
    other.addresses.create(email=DAN)
    on_roster("stays@x.example", over, goes_on, name="Goes on")
    on_roster("later@x.example", goes_on, name="Leaves later")
    on_roster("lee@x.example", over, name="Lee")
    on_roster("kim@x.example", over, name="Kim")
    report = read()
    assert [(each.name, each.left_on) for each in report.leavers] == [
        ("Kim", today - timedelta(days=10)),
        ("Lee", today - timedelta(days=10)),
    ]
    assert report.known == 6


DAYS = [
    (-1, True, "left yesterday"),
    (0, False, "today is the last day"),
    (-90, True, "the first day of the period"),
    (-91, False, "the day before the period"),
]


@pytest.mark.parametrize(("days", "counts", "because"), DAYS, ids=[each[2] for each in DAYS])
def test_the_last_day_decides(
    engagement: Make, on_roster: Make, read: Make, today: date, days: int, counts: bool, because: str
) -> None:
    on_roster("lee@x.example", engagement(ends_on=today + timedelta(days=days)))
    assert bool(read().leavers) is counts, because


def test_a_request_counts_only_for_its_own_client(
    filed: Make, engagement: Make, on_roster: Make, read: Make, today: date
) -> None:
    filed("Globex Production")
    on_roster(DAN, engagement(ends_on=today - timedelta(days=2)), name="Dan")
    assert [each.name for each in read().leavers] == ["Dan"]


@pytest.mark.parametrize(("stage", "counts"), [("withdrawn", True), ("rejected", True), ("planned", False)])
def test_a_request_that_came_to_nothing_does_not_count(
    filed: Make, engagement: Make, on_roster: Make, read: Make, today: date, stage: str, counts: bool
) -> None:
    removal = filed("Acme Staging")
    on_roster(DAN, engagement(ends_on=today - timedelta(days=2)))
    RemovalRequest.objects.filter(pk=removal.pk).update(stage=stage)
    assert bool(read().leavers) is counts


def test_a_request_of_long_before_does_not_count(
    filed: Make, engagement: Make, on_roster: Make, read: Make, today: date, now: datetime
) -> None:
    removal = filed("Acme Staging")
    on_roster(DAN, engagement(ends_on=today - timedelta(days=2)))
    RemovalRequest.objects.filter(pk=removal.pk).update(starts_at=now - timedelta(days=120))
    assert len(read().leavers) == 1


def test_who_was_taken_off_the_roster_has_left_too(
    engagement: Make, on_roster: Make, read: Make, today: date, alice: Any
) -> None:
    from offboarding.directory.collaborators import leave
    from offboarding.directory.queries import scope_of

    work = engagement(ends_on=today + timedelta(days=100))
    lee, kim = on_roster("lee@x.example", work, name="Lee"), on_roster("kim@x.example", work, name="Kim")
    leave(alice, scope_of(alice, today), lee, work)
    assert [(each.name, each.says) for each in read().leavers] == [("Lee", "taken off the roster")]
    assert kim.engagements.exists()


def test_nobody_is_told_that_they_were_forgotten_themselves(
    engagement: Make, on_roster: Make, read: Make, today: date
) -> None:
    on_roster(ERIN.email, engagement(ends_on=today - timedelta(days=2)))
    assert read().leavers == []


def test_each_workspace_that_cannot_be_compared_says_why(workspace: Make, read: Make, now: datetime) -> None:
    from offboarding.connections.models import Workspace

    workspace("Acme Staging")
    broken = workspace("Globex Production")
    Workspace.objects.filter(pk=broken.pk).update(refused_at=now)
    said = {each.workspace: each.why for each in read().blind}
    assert (
        "not kept as data" in said["Acme Staging"] and "refuses the token since" in said["Globex Production"]
    )


def test_it_takes_the_same_queries_however_many_requests_there_are(
    running: Make,
    filed: Make,
    gone: Make,
    engagement: Make,
    on_roster: Make,
    read: Make,
    today: date,
    workspace: Make,
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            read()
        return len(taken)

    over = engagement(ends_on=today - timedelta(days=2))
    place = workspace("Acme Staging")
    gone(running(connected=(place,)))
    on_roster("p0@x.example", over)
    before = queries()
    for n in range(1, 6):
        gone(running(connected=(place, workspace(f"Acme {n}"))))
        on_roster(f"p{n}@x.example", over)
    assert queries() == before <= 20
