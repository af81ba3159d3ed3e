"""What was attached to a request is in its packet, and what was taken back is told of."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from offboarding.evidence.actions import keep
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.packets.queries import path_of
from offboarding.packets.reader import open_packet
from offboarding.packets.verifier import verify
from tests.packets.test_later import seal

Make = Callable[..., Any]


@pytest.fixture
def record(filed: Make, decide: Make, alice: Any, bob: Any, settings: Any, tmp_path: Path) -> dict[str, Any]:
    """Of a closed request with a contract, and a letter that was taken back."""
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    removal = filed()
    client = removal.places.get().workspace.client
    for name in ("contract.txt", "letter.txt"):
        told = {
            "name": name,
            "media_type": "text/plain",
            "shows": "Attached to the request",
            "taken_by": alice.name,
        }
        file = keep(BytesIO(name.encode()), client=client, source="person", **told)
        journey.attach(removal, alice, file)
    journey.take_off(removal, alice, file.pk, "Another person's")
    decide(removal, bob)
    journey.advance(removal.pk)
    Run.objects.filter(item__plan__removal=removal).update(state="done", ended="nothing to do")
    journey.advance(removal.pk)
    packet = seal()
    assert verify(path_of(packet)).ok
    opened = open_packet(path_of(packet))
    found: dict[str, Any] = json.loads(opened.small("data/removal.json"))
    found["plan"] = json.loads(opened.small("data/plan.json"))
    return found


def test_a_packet_has_what_was_attached_and_who_added_it(record: dict[str, Any]) -> None:
    [file] = [each for each in record["evidence"] if each["name"].endswith("contract.txt")]
    assert (file["shows"], file["taken_by"]) == ("Attached to the request", "Alice")
    assert [each["sha256"] for each in record["plan"]["attachments"]] == [file["sha256"]]


def test_a_packet_tells_of_a_file_that_was_taken_back_without_its_bytes(record: dict[str, Any]) -> None:
    assert not [each for each in record["evidence"] if "letter" in each["name"]]
    [told] = [each for each in record["exceptions"] if "letter.txt" in json.dumps(each)]
    assert "taken back by Alice" in json.dumps(told) and "Another person's" in json.dumps(told)
