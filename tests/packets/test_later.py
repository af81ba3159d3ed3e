"""What comes after sealing: the next version tells it, names the one before, and neither is told twice nor lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from offboarding.evidence.actions import keep_json
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.packets import perform
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.packets.reader import open_packet
from offboarding.packets.verifier import verify
from offboarding.removals.models import RemovalRequest
from offboarding.verification.models import Finding
from offboarding.work.actions import claim

Make = Callable[..., Any]


@pytest.fixture
def closed(running: Make, settings: Any, tmp_path: Path) -> Any:
    """A closed request whose first packet is sealed, and whose look after 30 days is still to come."""
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    removal = running("Acme Production")
    Run.objects.filter(item__plan__removal=removal, item__blocks_closing=True).update(
        state="done", ended="already"
    )
    journey.advance(removal.pk)
    # What else closing did not wait for has nothing to do here.
    Run.objects.filter(item__blocks_closing=False, item__at="").update(state="done", ended="nothing to do")
    seal()
    removal.refresh_from_db()
    return removal


def seal() -> Packet:
    packet = Packet.objects.order_by("-version")[0]
    held = claim(Packet, packet.pk)
    assert held
    perform.perform(held)
    packet.refresh_from_db()
    assert packet.state == "done", packet.trouble
    return packet


def later_look(removal: Any, seen: str = "present") -> Run:
    run = Run.objects.get(item__plan__removal=removal, item__code="look-after-30-days")
    attempt = Attempt.objects.create(
        run=run, number=run.attempts.count() + 1, act=Act.LOOK, intent="Read", result="seen"
    )
    says = "still has access to Acme Production: Source Admin" if seen == "present" else "not there"
    Finding.objects.create(
        attempt=attempt, seen=seen, came_back=seen == "present", says=says, data={}, at=soon()
    )
    return run


def soon() -> datetime:
    """Later than anything so far, whatever the database's clock rounds to."""
    return datetime.now(UTC) + timedelta(seconds=2)


def versions() -> list[int]:
    return list(Packet.objects.order_by("version").values_list("version", flat=True))


def test_a_look_that_finds_access_again_makes_a_version_that_says_so_first(closed: Any) -> None:
    first = Packet.objects.get()
    later_look(closed)
    journey.follow_ups()
    second = seal()
    assert "access is there again. Acme Production" in second.because
    record = open_packet(path_of(second)).record()
    assert [each["state"] for each in record["places"]] == ["came back"]
    assert "Not verified by a fresh read" in record["exceptions"][-1]["sentence"]
    (added,) = record["addenda"]
    assert (added["version"], added["replaces_version"]) == (2, 1)
    assert added["replaces_sha256"] == first.bag_sha256
    assert all(verify(str(path_of(each))).ok for each in (first, second)), "the first one stays as it was"


def test_a_letter_that_goes_out_later_makes_a_version_that_tells_it_without_the_address(closed: Any) -> None:
    from offboarding.letters.actions import write_letter
    from offboarding.letters.rules import Kind

    client = closed.places.get().workspace.client
    letter = write_letter(closed, client, Kind.CLIENT, closed.requester, datetime.now(UTC).date())
    journey.follow_ups()
    assert versions() == [1], "a draft tells nobody anything"
    told = {"name": "mail.eml", "shows": "the mail", "taken_by": "Offboard", "origin": ""}
    file = keep_json({"the": "mail"}, client=client, **told)
    letter.deliveries.create(means="mail", address="it@acme.example", state="done", sent_at=soon(), file=file)
    journey.follow_ups()
    journey.follow_ups()
    assert versions() == [1, 2]
    body = bytes(Entry.objects.filter(event="packet.ordered").order_by("-seq")[0].body)
    assert b"a letter went out" in body and b"it@acme.example" not in body


def test_the_same_news_is_told_once_and_waits_for_the_version_before(closed: Any) -> None:
    later_look(closed)
    journey.follow_ups()
    later_look(closed)
    journey.follow_ups()
    assert versions() == [1, 2], "the second waits to be sealed"
    Packet.objects.filter(version=2).update(created_at=soon() + timedelta(seconds=1))
    seal()
    journey.follow_ups()
    assert versions() == [1, 2]


def test_the_last_look_makes_a_version_and_a_look_that_is_still_to_come_makes_none(closed: Any) -> None:
    journey.follow_ups()
    assert versions() == [1]
    run = later_look(closed, "absent")
    Run.objects.filter(pk=run.pk).update(state="done", ended="already", ended_at=soon())
    journey.follow_ups()
    assert versions() == [1, 2]
    ordered = Entry.objects.filter(event="packet.ordered").order_by("-seq")[0]
    because = canonical.loads(bytes(ordered.body))["facts"]["because"]
    assert f"step {run.item.number} ended" in because


def test_a_request_that_runs_gets_no_packet_by_this_way(closed: Any) -> None:
    later_look(closed)
    RemovalRequest.objects.filter(pk=closed.pk).update(stage="running")
    journey.follow_ups()
    assert versions() == [1]
