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

from offboarding.checklist.models import Plan
from offboarding.directory.rules import Scope
from offboarding.execution.queries import runs_of
from offboarding.journey import actions as journey
from offboarding.removals.models import RemovalRequest
from offboarding.reports.population import report as reports
from offboarding.reports.population.rules import Standing, Wanted, standing
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.verification.queries import findings_of, standings
from offboarding.work import clock
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


def test_only_a_yes_that_stands_to_the_plan_that_is_carried_out_makes_an_approver(
    filed: Make, decide: Make, read: Make, person: Make, bob: Any
) -> None:
    removal = filed("Acme Production")
    decide(removal, bob)
    assert read().rows[0].approvers == ("Bob",)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    journey.advance(removal.pk)
    assert read().rows[0].approvers == ()
    decide(RemovalRequest.objects.get(pk=removal.pk), person("zoe", Role.APPROVER))
    assert read().rows[0].approvers == ("Zoe",)
    first = Plan.objects.get(removal=removal)
    Plan.objects.create(
        removal=removal, version=2, body=first.body, fingerprint="f" * 64, playbook=first.playbook,
        playbook_version=first.playbook_version, made_by=first.made_by,
    )  # fmt: skip
    assert read().rows[0].approvers == (), "nobody has said yes to the plan of now"


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


def test_requests_that_reach_into_another_client_are_counted_though_not_listed(
    filed: Make, read: Make, clients: Any, today: date
) -> None:
    filed("Acme Staging", "Globex Production")
    acme = Scope(0, ERIN.email, frozenset({(Role.AUDITOR, clients["Acme"].pk)}))
    hooli = Scope(0, ERIN.email, frozenset({(Role.AUDITOR, clients["Hooli"].pk)}))
    dan = Scope(0, DAN, frozenset({(Role.AUDITOR, clients["Acme"].pk)}))
    assert (read(acme).rows, read(acme).not_listed) == ([], 1)
    assert (len(read().rows), read().not_listed) == (1, 0)
    assert [read(other).not_listed for other in (hooli, dan)] == [0, 0], "of other clients, and of themself"
    assert read(acme, kind="security").not_listed == 0
    assert (
        reports.read(
            acme, Wanted(today - timedelta(days=9), today - timedelta(days=3)), ZONE, clock.now()
        ).not_listed
        == 0
    )


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


def test_who_was_taken_off_has_left_though_an_ended_roster_still_names_them(
    engagement: Make, on_roster: Make, read: Make, today: date, alice: Any
) -> None:
    from offboarding.directory.collaborators import leave
    from offboarding.directory.queries import scope_of

    long_ago = engagement("Long ago", ends_on=today - timedelta(days=400))
    work = engagement(ends_on=today + timedelta(days=100))
    other = engagement("Winter", ends_on=today + timedelta(days=50))
    lee, kim = on_roster("lee@x.example", long_ago, work), on_roster("kim@x.example", work, other)
    leave(alice, scope_of(alice, today), lee, work)
    leave(alice, scope_of(alice, today), kim, work)
    assert [each.name for each in read().leavers] == ["Lee"], "Kim goes on in another one"


def test_nobody_is_told_that_they_were_forgotten_themselves(
    engagement: Make, on_roster: Make, read: Make, today: date
) -> None:
    on_roster(ERIN.email, engagement(ends_on=today - timedelta(days=2)))
    assert read().leavers == []


DARK = [
    ({}, "was not copied yet", "no copy"),
    ({"lack": "plan"}, "has no audit trail", "the plan"),
    ({"since": 100, "until": 3}, "nothing is copied after", "the copy is old"),
    ({"since": 10, "until": 0}, "nothing was copied before", "the copy begins later"),
    ({"since": 200, "until": 0, "gap": (50, 40)}, "Segment had dropped", "a gap in the period"),
    ({"since": 200, "until": 0, "gap": (150, 140)}, "", "a gap before the period"),
    ({"since": 100, "until": 0, "lack": "refused"}, "", "what is copied serves, whatever failed since"),
]


@pytest.mark.parametrize(("given", "says", "because"), DARK, ids=[row[2] for row in DARK])
def test_each_workspace_that_cannot_be_compared_says_why(
    workspace: Make, read: Make, now: datetime, given: dict[str, Any], says: str, because: str
) -> None:
    from offboarding.trail.models import Copy

    place = workspace("Acme Staging")
    ago = lambda days: now - timedelta(days=days)  # noqa: E731
    gaps = [[ago(given["gap"][0]).isoformat(), ago(given["gap"][1]).isoformat()]] if "gap" in given else []
    if given:
        times = {name: ago(given[name]) for name in ("since", "until") if name in given}
        Copy.objects.create(workspace=place, lack=given.get("lack", ""), gaps=gaps, **times)
    report = read(days=60)
    assert (report.compared, len(report.blind)) == ((0, 1) if says else (1, 0)), because
    assert not says or says in report.blind[0].why


def test_three_removals_behind_our_back_and_two_leavers_without_a_request_are_exactly_five_exceptions(
    segment: Any, connect: Make, running: Make, engagement: Make, on_roster: Make, read: Make, today: date
) -> None:
    """Over real HTTP: who removed somebody in Segment beside us is found by what Segment itself says."""
    from offboarding.connections.keyring import gateway_for
    from offboarding.trail import actions as trail
    from offboarding.trail.models import Harvest
    from offboarding.work import desks

    segment.control.clear_trouble()
    names = ("Acme Staging", "Acme Production", "Globex Production", "Initech Archive")
    staging, production, _, archive = places = [connect(segment, name) for name in names]
    running(connected=(staging, production))
    with gateway_for(staging) as gateway:
        ours = next(each for each in gateway.members() if each.email == DAN)
        gateway.remove_member(ours.id)
        somebody = [each.email for each in gateway.members()][7]
        group = gateway.groups()[0]
        gateway.remove_from_group(group.id, gateway.group_members(group.id)[0].email)
    segment.control.take_member("acme-production", DAN)
    with gateway_for(production) as gateway:
        admin = [each.email for each in gateway.members()][9]
    behind = {("Acme Staging", somebody), ("Globex Production", "dan.reyes@mail.example")}
    behind |= {("Acme Production", admin)}
    for name, email in behind:
        assert segment.control.take_member(name.lower().replace(" ", "-"), email)
    over = engagement(ends_on=today - timedelta(days=10))
    for name, email in (("Dan", DAN), ("Kim", "kim@x.example"), ("Lee", "lee@x.example")):
        on_roster(email, over, name=name)
    segment.control.set_clock(5)
    assert sum(trail.begin(place, None) for place in places) == 4
    while left := Harvest.objects.filter(ended_at=None):
        for harvest in left:
            desks.DESKS["trail.Harvest"].look(harvest.pk)
    report = read(days=60)
    assert {(each.workspace, each.person) for each in report.unasked} == behind
    assert [each.name for each in report.leavers] == ["Kim", "Lee"]
    assert len(report.unasked) + len(report.leavers) == 5
    assert [each.workspace for each in report.blind] == [archive.name], (
        "and this one says why it is not known"
    )
    assert report.compared == 3


UNASKED = [
    ([("User Removed", 0.0), ("Group Memberships Deleted", 0.001)], 1, "two events of one removal"),
    ([("Group Memberships Deleted", 0.0)], 1, "Segment names this type alone for a removal too"),
    ([("User Removed From User Group", 0.0), ("Group Memberships Deleted", 0.001)], 0, "left a group"),
    ([("Invite Deleted", 0.0), ("Group Memberships Deleted", 0.001)], 1, "an invitation"),
    ([("User Removed", 0.0), ("User Removed", 5.0)], 2, "twice on one day"),
    ([("User Policy Updated", 0.0), ("Source Deleted", 0.0)], 0, "no access ended"),
]


@pytest.mark.parametrize(("events", "count", "because"), UNASKED, ids=[row[2] for row in UNASKED])
def test_what_counts_as_a_removal(
    workspace: Make, happened: Make, read: Make, events: list[tuple[str, float]], count: int, because: str
) -> None:
    place = workspace("Acme Staging")
    for type, hours in events:
        happened(place, type, "lee@x.example", hours + 1)
    assert len(read().unasked) == count, because


def test_a_request_stands_for_removals_from_its_filing_until_a_day_after_it_closed(
    workspace: Make, running: Make, happened: Make, read: Make, now: datetime
) -> None:
    place = workspace("Acme Staging")
    removal = running(connected=(place,))
    filed, closed = now - timedelta(days=10), now - timedelta(days=8)
    RemovalRequest.objects.filter(pk=removal.pk).update(filed_at=filed, closed_at=closed)
    happened(place, "User Removed", DAN.upper(), hours=24 * 9.5)
    happened(place, "User Removed", "", hours=24 * 7.5)  # by the account's id, which a look has seen
    before = happened(place, "User Removed", DAN, hours=24 * 11)
    after = happened(place, "User Removed", DAN, hours=24 * 6)
    other = happened("Globex Production", "User Removed", DAN, hours=24 * 9)
    found = [(each.event, each.filed_later) for each in read().unasked]
    assert sorted(found) == sorted(
        [(f"{before.key}", removal.reference), (f"{after.key}", ""), (f"{other.key}", "")]
    )


def test_nobody_is_told_of_their_own_removal(happened: Make, read: Make) -> None:
    happened("Acme Staging", "User Removed", ERIN.email, hours=2)
    assert read().unasked == []


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
    assert queries() == before <= 21
