"""The audit trail: what is logged, when it shows, how it is read."""

from urllib.parse import quote

from offboarding.simulators.clock import iso
from tests.simulators.conftest import Small, Start


def types(small: Small, query: str = "") -> list[str]:
    return [event["type"] for event in small.api.get(f"/audit-events?{query}").data["events"]]


def test_a_removal_is_logged_with_the_token_as_actor(small: Small) -> None:
    dan = small.dan
    small.api.call("DELETE", f"/users?userIds.0={dan}")
    event = small.api.get(f"/audit-events?resourceId={dan}").data["events"][0]
    short = small.workspace.tokens["owner"].short_id
    assert (event["type"], event["actor"]) == ("Group Memberships Deleted", f"public-api-token/{short}")
    assert "actorEmail" not in event
    assert "User Removed" in types(small, f"resourceId={dan}")


def test_what_a_person_does_carries_their_address(small: Small) -> None:
    dan = small.dan
    small.control.take_member("small", "dan@northwind.example")
    event = small.api.get(f"/audit-events?resourceId={dan}").data["events"][0]
    assert event["actorEmail"] == "olive@small.example"
    assert event["actor"] == f"users/{small.member_id('olive@small.example')}"


def test_an_event_shows_only_after_the_delay(start: Start) -> None:
    small = start(audit={"delay": 120})
    small.api.call("POST", "/groups", {"name": "New"})
    assert types(small) == []
    small.later(121)
    assert types(small) == ["Policy Created", "User Group Created"]


def test_a_failed_call_leaves_no_event(small: Small) -> None:
    before = types(small)
    small.api.call("DELETE", "/users?userIds.0=nobody")
    assert types(small) == before


def test_invitations_tell_known_people_from_unknown_ones(small: Small) -> None:
    whole = {
        "roleId": "1aEWAcU0fArxScocwH9xxLgW7r3",
        "resources": [{"id": small.workspace.id, "type": "WORKSPACE"}],
    }
    small.api.call("POST", "/invites", {"invites": [{"email": "new@x.example", "permissions": [whole]}]})
    assert types(small)[:2] == ["Policy Created", "Non-Segment User Invited to Workspace"]


def test_the_history_reads_the_same_in_pages_as_at_once(small: Small) -> None:
    at_once = small.api.get("/audit-events?pagination.count=1000").data["events"]
    paged, cursor = [], ""
    for _ in range(20):
        small.api.call("POST", "/groups", {"name": "meanwhile"})
        data = small.api.get(f"/audit-events?pagination.count=50{cursor}").data
        paged += data["events"]
        if "next" not in data["pagination"]:
            break
        cursor = f"&pagination.cursor={quote(data['pagination']['next'])}"
    assert [event for event in paged if event["id"] in {one["id"] for one in at_once}] == at_once
    assert len({event["id"] for event in paged}) == len(paged)


def test_the_history_goes_back_90_days_and_no_further(small: Small) -> None:
    events = small.api.get("/audit-events?pagination.count=1000").data["events"]
    now = small.simulator.clock.now()
    assert 340 <= len(events) <= 360
    assert iso(now - 90 * 86_400) <= events[-1]["timestamp"] <= iso(now - 89 * 86_400)
    assert [event["timestamp"] for event in events] == sorted((e["timestamp"] for e in events), reverse=True)
    small.later(30 * 86_400)
    assert len(small.api.get("/audit-events?pagination.count=1000").data["events"]) < 250


def test_a_window_of_time_holds_its_start_and_not_its_end(small: Small) -> None:
    events = small.api.get("/audit-events?pagination.count=1000").data["events"]
    start, end = events[40]["timestamp"], events[20]["timestamp"]
    found = small.api.get(f"/audit-events?pagination.count=1000&startTime={start}&endTime={end}").data[
        "events"
    ]
    assert found == events[21:41]
    assert small.api.get("/audit-events?startTime=yesterday").status == 422


def test_unknown_kinds_of_events_are_mixed_in(small: Small) -> None:
    assert {"Journey Step Reordered", "Edge Cache Warmed"} <= set(types(small, "pagination.count=1000"))


def test_reading_profiles_warehouses_is_itself_an_event(small: Small) -> None:
    small.api.get(f"/spaces/{small.id('spaces', 'Customers')}/profiles-warehouses")
    assert types(small)[0] == "Profiles Sync Warehouse Retrieved"
