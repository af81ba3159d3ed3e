"""What a person did lately: which events are theirs, and what to look at first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from offboarding.execution.models import Attempt
from offboarding.simulators.simulator import Simulator
from offboarding.verification.activity import KEPT_AT_MOST, Done, chosen, is_theirs, marks_of, moment_of

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
    assert is_theirs(actor, email, {"u1"}, {"dan@x.example"}) is theirs, because


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
    assert not unknown["known"] and "done" not in unknown


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
