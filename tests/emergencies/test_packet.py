"""The packet of an emergency: it says that nobody approved it beforehand, who did what on whose word, and the review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from offboarding.emergencies.actions import Word, review
from offboarding.emergencies.rules import Verdict
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.ledger.actions import checkpoint
from offboarding.packets.collect import collect
from offboarding.packets.models import Packet

Make = Callable[..., Any]


@pytest.fixture
def closed(release: Make, bob: Any, settings: Any, tmp_path: Path) -> Any:
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    removal = release("Acme Production")
    for _ in range(2):
        open_ = Run.objects.filter(item__plan__removal=removal, item__at="").exclude(item__step="packet.seal")
        open_.update(state="done", ended="already")
        journey.advance(removal.pk)
    review(
        removal, Word(bob, "Confirm the emergency", "passkey", "10.0.0.9"), Verdict.CONFIRM, "I called Dan"
    )
    journey.advance(removal.pk)
    removal.refresh_from_db()
    return removal


def contents_of(removal: Any) -> Any:
    statement = checkpoint()
    packet = Packet.objects.get(removal=removal)
    packet.sealed_at = datetime.now(UTC)
    assert statement
    return collect(packet, statement, lambda: None)


def test_it_holds_the_release_and_the_review_and_no_approval(closed: Any) -> None:
    made = contents_of(closed)
    assert made.emergency == "INC-774" and made.approved_at is None
    assert [(each.by, each.decision, each.method) for each in made.approvals] == [
        ("Sam", "released", "code"),
        ("Bob", "confirmed afterwards", "passkey"),
    ]
    assert all(each.fingerprint == made.plan_fingerprint for each in made.approvals)
    assert made.approvals[1].reason == "I called Dan" and made.approvals[1].network_address == "10.0.0.9"


def test_its_first_exception_says_it_in_a_sentence(closed: Any) -> None:
    first = contents_of(closed).exceptions[0]
    assert first.about == "An emergency"
    assert "Nobody approved it beforehand." in first.sentence and "confirmed afterwards" in first.sentence


def test_it_is_sealed_and_whoever_checks_it_is_told_so_too(closed: Any) -> None:
    from offboarding.packets import perform
    from offboarding.packets.queries import path_of
    from offboarding.packets.verifier import verify
    from offboarding.work.actions import claim

    held = claim(Packet, Packet.objects.get(removal=closed).pk)
    assert held
    perform.perform(held)
    held.refresh_from_db()
    report = verify(str(path_of(held)))
    told = [line.says for line in report.lines]
    assert report.ok, told
    assert any("It was an emergency: nobody approved it beforehand." in says for says in told)
