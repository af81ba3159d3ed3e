"""The four times of each place, what made it late, and that the first page says so."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest

from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act
from offboarding.journey import actions as journey
from offboarding.packets import perform
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.packets.reader import Opened, open_packet
from offboarding.removals.models import RemovalRequest
from offboarding.verification.models import Finding
from offboarding.work import clock
from offboarding.work.actions import claim

Make = Callable[..., Any]


@pytest.fixture
def sealed(running: Make, settings: Any, tmp_path: Path) -> Make:
    """The packet of a request with a limit of one hour, found empty so many minutes after its start."""
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"

    def make(minutes: int, approved: int = 20, says: str = "Segment asked us to wait") -> Opened:
        removal = running("Acme Production")
        start = clock.now().replace(microsecond=0) - timedelta(hours=10)
        RemovalRequest.objects.filter(pk=removal.pk).update(
            filed_at=start + timedelta(minutes=5),
            approved_at=start + timedelta(minutes=approved),
            starts_at=start,
            due_at=start + timedelta(hours=1),
        )
        look(removal, "remove-member", result="not applied", says=says)
        found = look(removal, "read-again", result="seen", says="not there")
        at = start + timedelta(minutes=minutes)
        Finding.objects.create(attempt=found, seen="absent", says="not there", data={}, at=at)
        blocking = Run.objects.filter(item__plan__removal=removal, item__blocks_closing=True)
        blocking.update(state="done", ended="changed", ended_at=at)
        journey.advance(removal.pk)
        held = claim(Packet, Packet.objects.get(removal=removal).pk)
        assert held
        perform.perform(held)
        return open_packet(path_of(Packet.objects.get(removal=removal)))

    return make


def look(removal: Any, code: str, **fields: Any) -> Attempt:
    run = Run.objects.get(item__plan__removal=removal, item__code=code)
    return Attempt.objects.create(run=run, number=1, act=Act.LOOK, intent="Read", **fields)


def first_page(packet: Opened) -> str:
    pdf = pypdf.PdfReader(io.BytesIO(packet.small("data/report.pdf")))
    return " ".join(pdf.pages[0].extract_text().split())


def test_a_place_that_was_late_says_so_with_its_first_cause_on_the_first_page(sealed: Make) -> None:
    packet = sealed(minutes=150)
    record = packet.record()
    clocks = record["places"][0]["clocks"]
    assert all(clocks[name] for name in ("trigger", "filed", "approved", "verified"))
    assert (clocks["target_hours"], clocks["elapsed_minutes"]) == (1, 150)
    assert clocks["late_reason"].endswith("Segment asked us to wait")
    (late,) = [each for each in record["exceptions"] if each["sentence"].startswith("Late: ")]
    assert late["sentence"].startswith("Late: 2 h 30 min of 1 h allowed. First cause: step ")
    page = first_page(packet)
    assert "Late: 2 h 30 min of 1 h allowed" in page and "Segment asked us to wait" in page


def test_an_approval_that_came_after_the_limit_is_the_cause(sealed: Make) -> None:
    clocks = sealed(minutes=150, approved=120).record()["places"][0]["clocks"]
    assert "approv" in clocks["late_reason"]


def test_a_place_in_time_has_no_reason_and_is_no_exception(sealed: Make) -> None:
    record = sealed(minutes=50).record()
    assert record["places"][0]["clocks"]["late_reason"] == ""
    assert not [each for each in record["exceptions"] if "Late" in each["sentence"]]
