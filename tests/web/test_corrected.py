"""Files that were corrected or taken back: visible on the tab, told in the packet, with who and why."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from offboarding.directory.models import Client as Owner
from offboarding.evidence.actions import keep
from offboarding.execution.actions import add_proof, sign_off, withdraw_proof
from offboarding.execution.models import Proof, Run
from offboarding.packets import perform
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.packets.reader import open_packet
from offboarding.removals.models import RemovalRequest
from offboarding.work.actions import claim
from offboarding.work.rules import State

pytestmark = pytest.mark.django_db


def proof_file(name: str, data: bytes) -> Any:
    return keep(
        BytesIO(data), name=name, media_type="image/png", shows="The Tokens tab", source="person", taken_by="Olga",
        client=Owner.objects.get(name="Acme"),
    )  # fmt: skip


def test_what_was_taken_back_or_corrected_stays_visible_and_stands_in_the_packet(
    client: Client, running: Any, olga: Any, settings: Any, tmp_path: Path
) -> None:
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    removal = running()
    run = Run.objects.filter(item__plan__removal=removal, manual=True)[0]
    wrong = Proof.objects.create(run=run, evidence=proof_file("wrong.png", b"wrong person"), added_by=olga)
    old = Proof.objects.create(run=run, evidence=proof_file("old.png", b"half a page"), added_by=olga)
    add_proof(run, olga, proof_file("new.png", b"a whole page"), old.pk)
    withdraw_proof(run, olga, wrong.pk, "Shows somebody else")
    client.force_login(olga)
    page = client.get(f"/requests/{removal.reference}/evidence/").content.decode()
    for words in ("taken back by Olga: Shows somebody else", "corrects old.png", "corrected by a later file"):
        assert words in page
    RemovalRequest.objects.filter(pk=removal.pk).update(stage="closed", closed_at=datetime.now(UTC))
    held = claim(Packet, Packet.objects.create(removal=removal, version=1, state=State.READY).pk)
    assert held
    perform.perform(held)
    record = open_packet(path_of(Packet.objects.get(pk=held.pk))).record()
    files = {each["name"]: each for each in record["evidence"]}
    assert files["new.png"]["replaces"] == files["old.png"]["number"] and "wrong.png" not in files
    (told,) = (each["sentence"] for each in record["exceptions"] if "wrong.png" in each["sentence"])
    assert wrong.evidence.sha256 in told and "Shows somebody else" in told


def test_a_file_is_taken_back_on_a_page_that_asks_why(
    client: Client, running: Any, olga: Any, settings: Any, tmp_path: Path
) -> None:
    settings.EVIDENCE_ROOT = tmp_path
    removal = running()
    run = Run.objects.filter(item__plan__removal=removal, manual=True, state=State.NEEDS_PERSON)[0]
    proof = Proof.objects.create(run=run, evidence=proof_file("wrong.png", b"wrong person"), added_by=olga)
    url = f"/requests/{removal.reference}/steps/{run.item.number}/"
    client.force_login(olga)
    assert f'href="{url}proofs/{proof.pk}/remove/"' in client.get(url).content.decode()
    assert "Take wrong.png back" in client.get(f"{url}proofs/{proof.pk}/remove/").content.decode()
    answer = client.post(f"{url}proofs/{proof.pk}/remove/", {"reason": ""})
    assert answer.status_code == 422 and "Say why this file is taken back." in answer.content.decode()
    client.post(f"{url}proofs/{proof.pk}/remove/", {"reason": "A slip"})
    proof.refresh_from_db()
    assert (proof.withdrawn_by, proof.withdrawn_because) == (olga, "A slip")


def test_what_is_required_says_what_is_in_and_what_is_missing(
    client: Client, running: Any, olga: Any, settings: Any, tmp_path: Path
) -> None:
    settings.EVIDENCE_ROOT = tmp_path
    removal = running()
    run = Run.objects.get(item__plan__removal=removal, item__code="list-tokens")
    client.force_login(olga)
    url = f"/requests/{removal.reference}/evidence/"
    before = client.get(url).content.decode()
    assert "when all of them are in" in before
    added = add_proof(run, olga, proof_file("tokens.png", b"a page")).evidence
    page = client.get(url).content.decode()
    row = page[page.index(f"/steps/{run.item.number}/") :]
    row = row[: row.index("</li>")]
    for words in ("Added by a person, Olga", "<time datetime=", added.sha256, "1 file"):
        assert words in row


def test_a_file_is_corrected_after_its_step_was_signed_off_and_nothing_else_is_added(
    client: Client, running: Any, olga: Any, settings: Any, tmp_path: Path
) -> None:
    settings.EVIDENCE_ROOT = tmp_path
    removal = running()
    run = Run.objects.filter(item__plan__removal=removal, manual=True, state=State.NEEDS_PERSON)[0]
    old = Proof.objects.create(run=run, evidence=proof_file("old.png", b"somebody else"), added_by=olga)
    sign_off(run, olga, attested=True, note="")
    url = f"/requests/{removal.reference}/steps/{run.item.number}/"
    client.force_login(olga)
    assert "Correct a file" in client.get(url).content.decode()

    def sent(**more: Any) -> int:
        file = SimpleUploadedFile("right.txt", b"none found", "text/plain")
        return client.post(f"{url}sign-off/", {"act": "attach", "file": file, **more}).status_code

    assert sent() == 409
    assert sent(corrects=old.pk) == 302
    assert list(run.proofs.order_by("pk").values_list("evidence__name", "replaces")) == [
        ("old.png", None),
        ("right.txt", old.pk),
    ]
    assert sent(corrects=old.pk) in (302, 409, 422) and run.proofs.count() == 2, "it was corrected already"
    page = client.get(url).content.decode()
    assert "corrects old.png" in page and "corrected by a later file" in page and "Correct a file" in page
    run.refresh_from_db()
    assert run.state == State.DONE
