"""Copying an audit trail: everything once, in spite of deaths, late events, limits and refusals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from offboarding.connections import limits
from offboarding.connections.models import Workspace
from offboarding.connections.rules import Pace
from offboarding.directory.queries import scope_of
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.simulators.simulator import Simulator
from offboarding.trail import actions, perform, queries
from offboarding.trail.models import AuditEvent, Copy, Harvest
from offboarding.work import clock
from offboarding.work.actions import LostLease, claim
from tests.conftest import DAN

Make = Callable[..., Any]
NAME = "Acme Production"


@pytest.fixture
def place(segment: Simulator, connect: Make) -> Any:
    segment.control.clear_trouble()
    return connect(segment, NAME)


def there(segment: Simulator, slug: str = "acme-production") -> set[str]:
    """Every event that the simulator shows now."""
    from offboarding.simulators.segment import audit

    world, now = segment.world.workspace(slug), segment.clock.now()
    found, _ = world.audit.page(audit.Window(0, now + 1), now, 100_000, None)
    return {audit.public(event)["id"] for event in found}


def keys(workspace: Any) -> set[str]:
    found = list(AuditEvent.objects.filter(workspace=workspace).values_list("key", flat=True))
    assert len(found) == len(set(found))
    return set(found)


def facts(event: str) -> list[dict[str, Any]]:
    return [canonical.loads(bytes(each.body))["facts"] for each in Entry.objects.filter(event=event)]


def test_everything_is_copied_once_and_the_next_copy_adds_what_is_new(
    segment: Simulator, place: Any, copied: Make
) -> None:
    harvest = copied(place)
    assert keys(place) == there(segment) and harvest.pages > 1 and harvest.new == len(there(segment))
    copy = Copy.objects.get()
    assert copy.until == harvest.until and copy.until - copy.since == timedelta(days=90)
    segment.control.take_member("acme-production", DAN)
    segment.control.set_clock(5)
    again = copied(place)
    assert keys(place) == there(segment) and again.new == 2 and again.pages == 1
    assert [each["new"] for each in facts("trail.copied")] == [harvest.new, 2]
    kept = AuditEvent.objects.get(workspace=place, kind="removed")
    assert kept.raw["type"] == "User Removed" and kept.email and kept.resource_name == DAN


def test_an_event_that_shows_up_late_is_found_by_the_next_copy(
    segment: Simulator, place: Any, copied: Make
) -> None:
    segment.control.change("acme-production", {"audit_delay": 3600})
    segment.control.take_member("acme-production", DAN)
    assert copied(place) and not AuditEvent.objects.filter(kind="removed").exists()
    segment.control.set_clock(3700)
    assert copied(place).new == 2
    assert AuditEvent.objects.filter(kind="removed").exists()


def test_after_a_death_it_goes_on_behind_the_last_page_that_stands(
    segment: Simulator, place: Any, ordered: Make, turn: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    harvest, real, pages = ordered(place), actions.keep_page, []

    def dies(*given: Any) -> None:
        pages.append(given)
        if len(pages) == 2:
            raise RuntimeError
        real(*given)

    monkeypatch.setattr(perform.actions, "keep_page", dies)
    with pytest.raises(RuntimeError):
        turn(harvest)
    harvest.refresh_from_db()
    assert (harvest.pages, AuditEvent.objects.count()) == (1, 200) and not Copy.objects.exists()
    segment.control.journal.clear()
    assert turn(harvest).ended_at
    assert "cursor" in segment.control.journal.calls({})[0]["query"]
    assert keys(place) == there(segment) and harvest.new == len(there(segment))


def test_who_lost_the_lease_keeps_nothing(place: Any, ordered: Make) -> None:
    harvest = ordered(place)
    stale = claim(Harvest, harvest.pk)
    assert stale is not None
    Harvest.objects.filter(pk=harvest.pk).update(fence=stale.fence + 1)
    from offboarding.trail.rules import Told

    with pytest.raises(LostLease):
        actions.keep_page(stale, [(Told("events/1", clock.now(), "User Removed"), {})], "")
    assert not AuditEvent.objects.exists()


def test_what_segment_dropped_before_we_came_is_told(place: Any, copied: Make) -> None:
    copied(place)
    Copy.objects.update(since=clock.now() - timedelta(days=200), until=clock.now() - timedelta(days=100))
    copied(place)
    ((begun, ended),) = Copy.objects.get().reach.gaps  # type: ignore[union-attr]
    assert timedelta(days=9) < ended - begun < timedelta(days=11)


LACKS = [
    ("Initech Archive", "", "plan", "the plan has no audit trail"),
    (NAME, "member", "token", "the token may read neither members nor the trail"),
    (NAME, "refused", "refused", "the token is dead"),
]


@pytest.mark.parametrize(("name", "token", "lack", "because"), LACKS, ids=[row[3] for row in LACKS])
def test_where_it_cannot_be_copied_the_reason_is_kept_and_told_once(
    segment: Simulator, connect: Make, copied: Make, name: str, token: str, lack: str, because: str
) -> None:
    from offboarding.connections.actions import replace_token
    from offboarding.ledger.actions import APP

    segment.control.clear_trouble()
    workspace = connect(segment, name)
    if token == "member":
        replace_token(workspace, segment.control.make_token("acme-production", "member")["token"], APP)
    if token == "refused":
        segment.control.change("acme-production", {"token_refused": True})
    first, second = copied(workspace), copied(workspace)
    assert first.lack == second.lack == lack, because
    copy = Copy.objects.get()
    assert copy.lack == lack and copy.reach is None
    (told,) = facts("trail.not_copied")
    assert told["why"] == lack and told["says"]


def test_what_was_copied_before_stays_when_the_plan_ends(
    segment: Simulator, place: Any, copied: Make
) -> None:
    copied(place)
    before, without = Copy.objects.get(), ["groups", "spaces", "functions", "protocols", "credentials"]
    segment.control.change("acme-production", {"features": without})
    assert copied(place).lack == "plan"
    after = Copy.objects.get()
    assert (after.since, after.until, after.lack) == (before.since, before.until, "plan")
    segment.control.change("acme-production", {"features": [*without, "audit"]})
    copied(place)
    assert Copy.objects.get().lack == ""


def test_it_leaves_most_of_the_rate_limit_to_removals(place: Any, ordered: Make, turn: Make) -> None:
    while not limits.take(place.pk, "default", Pace.SPARE):
        pass
    harvest = turn(ordered(place))
    assert (harvest.state, harvest.pages) == ("waiting", 0)
    assert "our part of Segment's rate limit" in harvest.waiting_for
    assert limits.take(place.pk, "default", Pace.BEGIN) == 0.0, "work that somebody waits for goes on"


def test_segments_wish_to_wait_is_kept_to(segment: Simulator, place: Any, ordered: Make, turn: Make) -> None:
    segment.control.add_trouble(
        {"do": "limit", "retry_after": 7, "count": 1, "match": {"path": "/audit-events"}}
    )
    harvest = turn(ordered(place))
    assert (harvest.state, harvest.waiting_for) == ("waiting", "Segment asked us to wait")
    segment.control.set_clock(8)
    Workspace.objects.update(paused_until=None)
    assert turn(harvest).ended_at and keys(place) == there(segment)


def test_trouble_is_tried_again_and_told_at_last(
    segment: Simulator, place: Any, ordered: Make, turn: Make
) -> None:
    rule = segment.control.add_trouble({"do": "error_before", "match": {"path": "/audit-events"}})
    harvest = ordered(place)
    while not turn(harvest).ended_at:
        Workspace.objects.update(open_until=None, troubles=0)
    assert harvest.lack == "not reached" and Copy.objects.get().lack == "not reached"
    segment.control.clear_trouble(rule)


# ---------------------------------------------------------------- whose turn it is


def test_each_workspace_is_copied_once_a_day(place: Any, copied: Make) -> None:
    now = clock.now()
    assert actions.copy_what_is_due(now) == 1
    assert actions.copy_what_is_due(now) == 0, "one is under way"
    Harvest.objects.update(state="done", created_at=now - timedelta(hours=23))
    assert actions.copy_what_is_due(now) == 0
    Harvest.objects.update(created_at=now - timedelta(hours=25))
    assert actions.copy_what_is_due(now) == 1
    Harvest.objects.update(state="done", created_at=now - timedelta(hours=25))
    Workspace.objects.update(refused_at=now)
    assert actions.copy_what_is_due(now) == 0, "a refused token is left alone"


def test_none_is_copied_by_itself_where_that_is_switched_off(place: Any, settings: Any) -> None:
    settings.TRAIL_HOURS = 0
    assert actions.copy_what_is_due(clock.now()) == 0


def test_who_may_have_it_copied(workspace: Make, olga: Any, erin: Any, carol: Any, today: Any) -> None:
    place = workspace(NAME)
    for user in (erin, carol):
        with pytest.raises(Refused):
            actions.ask(user, scope_of(user, today), [place])
    assert actions.ask(olga, scope_of(olga, today), [place]) == 1
    assert actions.ask(olga, scope_of(olga, today), [place]) == 0, "one is under way, and serves as well"
    assert queries.under_way([place.pk]) == {place.pk}
