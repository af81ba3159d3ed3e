"""Who approved what is told so that nobody counts who should not be counted."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdf
import pytest

from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.lib import canonical
from offboarding.packets import perform
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.packets.reader import open_packet
from offboarding.packets.verifier import verify
from offboarding.removals.models import RemovalRequest
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work.actions import claim

Make = Callable[..., Any]


@pytest.fixture
def sealed(settings: Any, tmp_path: Path) -> Make:
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"

    def make(removal: Any) -> Path:
        blocking = Run.objects.filter(item__plan__removal=removal, item__blocks_closing=True)
        blocking.update(state="done", ended="changed", ended_at=removal.approved_at)
        journey.advance(removal.pk)
        held = claim(Packet, Packet.objects.get(removal=removal).pk)
        assert held
        perform.perform(held)
        return path_of(Packet.objects.get(removal=removal))

    return make


def test_a_yes_that_fell_is_an_exception_on_the_first_page_and_counts_nowhere(
    filed: Make, decide: Make, sealed: Make, person: Make, bob: Any
) -> None:
    removal = filed("Acme Staging")
    decide(removal, bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    journey.advance(removal.pk)
    decide(RemovalRequest.objects.get(pk=removal.pk), person("zoe", Role.APPROVER))
    journey.advance(removal.pk)
    journey.advance(removal.pk)
    path = sealed(RemovalRequest.objects.get(pk=removal.pk))
    packet = open_packet(path)
    said = [(one["by"], one["decision"]) for one in canonical.loads(packet.small("data/approvals.json"))]
    assert said == [("Bob", "approved, but it fell"), ("Zoe", "approved")]
    remark = next(one for one in packet.record()["exceptions"] if one["about"] == "An approval fell")
    assert remark["sentence"].startswith(f"Bob <{bob.email}> approved plan version 1, ")
    page = pypdf.PdfReader(io.BytesIO(packet.small("data/report.pdf"))).pages[0].extract_text()
    text = " ".join(page.split())
    assert "An approval fell" in text
    assert "Approved Zoe, " in text and "Approved Bob" not in text
    report = verify(path)
    assert report.ok and any("that its 1 approval(s) carry" in line.says for line in report.lines)
