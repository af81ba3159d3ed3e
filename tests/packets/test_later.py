"""What comes after sealing: the next version tells it, names the one before, and neither is told twice nor lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from offboarding.evidence.actions import keep_json
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act
from offboarding.journey import actions as journey
from offboarding.journey.late import CameLate
from offboarding.ledger.actions import checkpoint, current_key
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.packets import perform
from offboarding.packets.collect import collect
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.packets.reader import open_packet
from offboarding.packets.verifier import verify
from offboarding.packets.writer import write_packet
from offboarding.removals.models import RemovalRequest
from offboarding.trail.models import AuditEvent
from offboarding.verification import late
from offboarding.verification.models import Finding, Trace
from offboarding.work.actions import claim
from tests.rewriting import rewriting

Make = Callable[..., Any]


@pytest.fixture
def closed(running: Make, settings: Any, tmp_path: Path) -> Any:
    """A closed request whose first packet is sealed, and whose look after 30 days is still to come."""
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    removal = running("Acme Production")
    Run.objects.filter(item__plan__removal=removal, item__blocks_closing=True).update(
        state="done", ended="already", ended_at=datetime.now(UTC)
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


def in_our_copy(removal: Any, key: str, **other: Any) -> Any:
    """An event of the removal's time that a harvest has brought just now."""
    from offboarding.trail.actions import keep_events
    from offboarding.trail.rules import Told

    run = Run.objects.get(item__plan__removal=removal, item__code="audit-events")
    fields = {"resource_type": "user", "resource_name": removal.email, "actor": "public-api-token/x", **other}
    told = Told(key, removal.started_at, "User Removed", **fields)
    raw = {"id": key, "timestamp": told.at.isoformat(), "type": told.type, "resourceName": told.resource_name}
    keep_events(run.item.workspace, [(told, raw)])
    with rewriting():
        AuditEvent.objects.filter(key=key).update(kept_at=soon())
    return run


def test_an_event_that_reaches_our_copy_later_makes_a_version_that_holds_it(closed: Any) -> None:
    first = Packet.objects.get()
    in_our_copy(closed, "events/7")
    Packet.objects.update(created_at=closed.closed_at - timedelta(minutes=1))
    journey.follow_ups()
    journey.follow_ups()
    second = seal()
    assert versions() == [1, 2]
    assert "an event of the removal came late. Acme Production: “User Removed” by a token, " in second.because
    assert closed.email not in second.because
    opened = open_packet(path_of(second))
    record, findings = opened.record(), canonical.loads(opened.small("data/findings.json"))
    (came,) = [each for each in findings if "after its step had ended" in each["what"]]
    (file,) = [each for each in record["evidence"] if each["number"] == came["evidence"][0]]
    assert json.loads(opened.small(file["path"]))["events"][0]["id"] == "events/7", "as it came"
    assert record["addenda"][0]["replaces_sha256"] == first.bag_sha256
    assert all(verify(str(path_of(each))).ok for each in (first, second))


def test_events_of_others_of_another_time_and_those_that_a_look_has_make_none(closed: Any) -> None:
    run = in_our_copy(closed, "events/1", resource_name="else@x.example")
    looked = in_our_copy(closed, "events/2")
    facts = {"events": [{"id": "events/2", "at": closed.started_at.isoformat(), "type": "User Removed"}]}
    Attempt.objects.create(run=looked, number=9, act=Act.LOOK, intent="Read", result="seen", facts=facts)
    with rewriting():
        AuditEvent.objects.filter(key="events/1").update(at=closed.started_at - timedelta(days=2))
    in_our_copy(closed, "events/3")
    with rewriting():
        AuditEvent.objects.filter(key="events/3").update(at=closed.closed_at + timedelta(hours=2))
    assert late.keep(run.pk) == 0 and not Trace.objects.exists()


def test_an_event_is_kept_once_whoever_looks_and_says_so_in_the_ledger(closed: Any) -> None:
    run = in_our_copy(closed, "events/7")
    assert [late.keep(run.pk), late.keep(run.pk)] == [1, 0]
    (entry,) = Entry.objects.filter(event="trail.told_later")
    facts = canonical.loads(bytes(entry.body))["facts"]
    assert (facts["events"], facts["workspace"]) == (1, "Acme Production")
    assert facts["says"].startswith("“User Removed” by a token, ")


def test_a_turn_asks_those_alone_whose_workspace_has_something_new(
    closed: Any, django_assert_num_queries: Make
) -> None:
    memory = CameLate()
    run = in_our_copy(closed, "events/7")
    assert memory.these() == [run.pk]
    memory.since = soon() + timedelta(seconds=1)
    with django_assert_num_queries(3):
        assert memory.these() == []


def test_a_version_that_tells_of_a_late_event_is_the_same_bytes_twice(closed: Any, tmp_path: Path) -> None:
    Packet.objects.update(created_at=closed.closed_at - timedelta(minutes=1))
    late.keep(in_our_copy(closed, "events/7").pk)
    journey.follow_ups()
    second, statement = seal_at(soon() + timedelta(seconds=1)), checkpoint()
    made = []
    for folder in (tmp_path / "once", tmp_path / "again"):
        folder.mkdir()
        contents = collect(second, statement, lambda: None)
        made.append(write_packet(contents, folder, current_key()).sha256)
        late.keep(in_our_copy(closed, f"events/of-{folder.name}").pk)  # the next version's
        with rewriting():
            Trace.objects.filter(key=f"events/of-{folder.name}").update(at=soon() + timedelta(hours=1))
    assert made[0] == made[1]
    assert "after its step had ended" in str(contents.findings) and "of-once" not in str(contents)


def seal_at(moment: datetime) -> Packet:
    """The newest version, ordered, with its moment fixed, and not made yet."""
    packet = Packet.objects.order_by("-version")[0]
    Packet.objects.filter(pk=packet.pk).update(sealed_at=moment.replace(microsecond=0))
    packet.refresh_from_db()
    return packet


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
