"""What a person did lately: which events are theirs, and what to look at first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from offboarding.execution.models import Attempt
from offboarding.simulators.simulator import Simulator
from offboarding.trail.rules import is_by
from offboarding.verification.activity import KEPT_AT_MOST, Done, chosen, marks_of, moment_of

Make = Callable[..., Any]
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)

TYPES = [
    ("Audience CSV Downloaded", ("export",), "a download"),
    ("Computed Trait CSV Downloaded", ("export",), "a download of traits"),
    ("Source Debugger Raw Viewed", ("export",), "raw events were read"),
    ("Warehouse Credential Modified", ("key or token",), "a login"),
    ("Public API Token Created", ("key or token",), "a token"),
    ("User Policy Updated", ("permissions",), "roles of somebody"),
    ("New Segment User Invited to Workspace", ("permissions",), "somebody was let in"),
    ("Subjects Added to Group", ("permissions",), "a group grew"),
    ("Source Modified", (), "everyday work"),
    ("Tracking Plan Updated", (), "everyday work"),
    ("Something That Segment Adds Later", (), "a phrase that we do not know is shown, and not marked"),
]


@pytest.mark.parametrize(("type", "marks", "because"), TYPES, ids=[row[0] for row in TYPES])
def test_what_to_look_at_first(type: str, marks: tuple[str, ...], because: str) -> None:
    assert marks_of(type, NOON, BERLIN) == marks, because


HOURS = [
    ("2026-03-31T03:59:59Z", True, "5:59 in Berlin"),
    ("2026-03-31T04:00:00Z", False, "6:00 in Berlin"),
    ("2026-03-31T17:59:59Z", False, "19:59 in Berlin"),
    ("2026-03-31T18:00:00Z", True, "20:00 in Berlin"),
    ("2026-04-04T10:00:00Z", True, "a Saturday"),
    ("2026-04-05T22:30:00Z", True, "Monday in Berlin, and half past midnight"),
    ("yesterday", False, "no moment, so no hour"),
    ("2026-03-31T03:00:00", False, "no zone, so no hour"),
]


@pytest.mark.parametrize(("at", "unusual", "because"), HOURS, ids=[row[2] for row in HOURS])
def test_unusual_hours_are_those_of_the_zone(at: str, unusual: bool, because: str) -> None:
    assert ("unusual hours" in marks_of("Source Modified", moment_of(at), BERLIN)) is unusual, because


THEIRS = [
    ("users/u1", "", True, "the id in the form that forwarded events have"),
    ("u1", "", True, "the bare id"),
    ("users/u2", "DAN@x.example", True, "the address, in any case"),
    ("users/u2", "eve@x.example", False, "somebody else"),
    ("public-api-token/t1", "", False, "a token"),
    ("", "", False, "nobody"),
]


@pytest.mark.parametrize(("actor", "email", "theirs", "because"), THEIRS, ids=[row[3] for row in THEIRS])
def test_whose_act_it_was(actor: str, email: str, theirs: bool, because: str) -> None:
    assert is_by(actor, email, {"u1"}, {"dan@x.example"}) is theirs, because


def test_what_is_marked_is_kept_before_what_is_newer() -> None:
    many = [
        Done(str(n), f"2026-03-{n % 28 + 1:02}T10:00:00Z", "Source Modified", "", ())
        for n in range(KEPT_AT_MOST)
    ]
    old = Done("old", "2026-01-01T10:00:00Z", "Audience CSV Downloaded", "", ("export",))
    kept = chosen([*many, old])
    assert len(kept) == KEPT_AT_MOST and old in kept
    assert [each.at for each in kept] == sorted((each.at for each in kept), reverse=True)


# ---------------------------------------------------------------- against the simulated workspaces


def facts(name: str) -> dict[str, Any]:
    look = Attempt.objects.get(run__item__code="recent-activity", run__item__workspace__name=name)
    assert look.exchanges, "the raw answers are evidence"
    found: dict[str, Any] = look.facts
    return found


def test_their_acts_are_found_and_a_plan_without_an_audit_trail_says_so(
    release: Make, drive: Make, segment: Simulator, connect: Make
) -> None:
    segment.control.clear_trouble()
    drive(release(connected=[connect(segment, name) for name in ("Acme Production", "Initech Archive")]))
    known = facts("Acme Production")
    assert known["known"] and known["count"] and known["of"] > known["count"]
    assert any("export" in each["marks"] for each in known["done"])
    unknown = facts("Initech Archive")
    assert not unknown["known"] and not unknown["done"]


def test_the_page_shows_what_was_found_and_what_cannot_be_known(
    client: Any, release: Make, drive: Make, segment: Simulator, connect: Make, sam: Any
) -> None:
    segment.control.clear_trouble()
    names = ("Acme Production", "Acme EU", "Initech Archive")
    removal = drive(release(connected=[connect(segment, name) for name in names]))
    client.force_login(sam)
    page = client.get(f"/emergency/{removal.reference}/").content.decode()
    assert "Audience CSV Downloaded" in page and "Export" in page
    assert "The audit trail is not part of your plan" in page
    assert "So nothing found does not mean that nothing happened." in page


def test_what_is_copied_is_not_asked_for_again_and_the_newest_always_is(
    release: Make, drive: Make, segment: Simulator, connect: Make
) -> None:
    """The copy and a fresh read together tell what one whole read would, and all of it is evidence."""
    import json

    from offboarding.evidence.store import open_bytes
    from offboarding.trail import actions as trail
    from offboarding.trail.models import Harvest
    from offboarding.work import desks

    segment.control.clear_trouble()
    place = connect(segment, "Acme Production")
    assert trail.begin(place, None)
    desks.DESKS["trail.Harvest"].look(Harvest.objects.get().pk)
    workspace = segment.world.workspace("acme-production")
    row = workspace.members.by_email("dan@northwind.example")
    now = segment.clock.now()
    new = {"type": "Source Deleted", "resourceType": "source", "resourceId": "s", "resourceName": "New"}
    workspace.audit.record({**new, "actor": f"users/{row['id']}", "actorEmail": row["email"]}, now - 60, 0)
    drive(release(connected=[place]))
    found = facts("Acme Production")
    kinds = [each["type"] for each in found["done"]]
    assert kinds[0] == "Source Deleted" and "Audience CSV Downloaded" in kinds and found["known"]
    assert found["of"] > 20 and found["count"] == len(found["done"])
    look = Attempt.objects.get(run__item__code="recent-activity")
    with open_bytes(look.exchanges.sha256) as file:
        rows = json.load(file)
    asked = datetime.fromisoformat(unquote(rows[0]["url"].partition("startTime=")[2].partition("&")[0]))
    assert datetime.now(UTC) - asked < timedelta(days=2), "not the thirty days"
    assert rows[-1]["from"] == "our copy of the audit trail" and len(rows[-1]["events"]) == found["count"] - 1
