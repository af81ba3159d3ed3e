"""A file or a digest against everything on record that the person may see; what is compared is kept nowhere."""

from __future__ import annotations

import hashlib
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from offboarding.ledger.models import Checkpoint, Entry
from offboarding.packets import perform
from offboarding.packets.actions import order
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.packets.reader import open_packet
from offboarding.work.actions import claim
from tests.web.test_evidence import as_user, sealed

__all__ = ["sealed"]


def asked(client: Client, digest: str) -> str:
    return str(client.post("/verify/", {"digest": digest}).content.decode())


def file_of(data: bytes, name: str = "a.zip") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, data), "digest": ""}


@pytest.fixture
def two(sealed: Any) -> tuple[Packet, Packet]:
    """Two sealed versions of the packet of one request."""
    first = sealed("Acme Production")
    with transaction.atomic():
        made = order(first.removal, "2026-11-02T08:00:00Z: a file was added to step 4.")
    held = claim(Packet, made.pk)
    assert held
    perform.perform(held)
    return first, Packet.objects.get(pk=made.pk)


def test_whatever_is_on_record_is_found_and_said_where(
    client: Client, two: tuple[Packet, Packet], erin: Any
) -> None:
    first, second = two
    as_user(client, erin)
    packet = client.post("/verify/", file_of(path_of(second).read_bytes())).content.decode()
    assert "Same as packet R-1001, version 2" in packet and 'href="/evidence/R-1001/"' in packet
    older = asked(client, first.bag_sha256)
    assert "Same as the bag of packet R-1001, version 1 (a newer version is there)" in older
    assert 'href="/evidence/R-1001/v1/"' in older
    opened = open_packet(path_of(second))
    report = b"".join(opened.read(opened.bag["data/report.pdf"]))
    assert "the report of packet R-1001, version 2" in asked(client, hashlib.sha256(report).hexdigest())
    item = asked(client, hashlib.sha256(b"picture 0").hexdigest())
    assert "Same as 2 things on record" in item and "of packet R-1001, version 1: tokens 0.png" in item
    entry = Entry.objects.filter(about="R-1001").order_by("-seq")[0]
    assert f"the hash of ledger entry {entry.seq}" in asked(client, entry.hash)
    assert "the signed checkpoint of" in asked(client, Checkpoint.objects.latest("size").root)


def test_what_belongs_to_others_and_what_was_changed_are_the_same_answer(
    client: Client, two: tuple[Packet, Packet], carol: Any, erin: Any
) -> None:
    first, second = two
    as_user(client, carol)
    entry = Entry.objects.filter(about="R-1001").order_by("-seq")[0]
    for digest in (first.sha256, second.bag_sha256, hashlib.sha256(b"picture 0").hexdigest(), entry.hash):
        assert "Not among those that you may see" in asked(client, digest)
    changed = path_of(second).read_bytes()[:-1] + b"x"
    answer = as_user(client, erin).post("/verify/", file_of(changed))
    assert "Not among those that you may see" in answer.content.decode()


def test_an_item_whose_packet_is_away_is_left_out(
    client: Client, two: tuple[Packet, Packet], erin: Any
) -> None:
    path_of(two[0]).unlink()
    found = asked(as_user(client, erin), hashlib.sha256(b"picture 0").hexdigest())
    assert "Same as item" in found and "version 2" in found


def test_nothing_typed_is_a_mistake_and_a_part_comes_alone(client: Client, erin: Any) -> None:
    as_user(client, erin)
    answer = client.post("/verify/", {"digest": "12ab"})
    assert answer.status_code == 422 and "A SHA-256 has 64 signs" in answer.content.decode()
    part = client.post("/verify/", {"digest": "0" * 64}, HTTP_HX_REQUEST="true").content.decode()
    assert part.lstrip().startswith('<section class="section" id="check"')


def test_no_byte_of_a_large_file_is_kept(
    client: Client, erin: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a file was opened to keep what was only to be compared")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    large = b"x" * (settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 2)
    answer = as_user(client, erin).post("/verify/", {"file": BytesIO(large), "digest": ""})
    assert hashlib.sha256(large).hexdigest() in answer.content.decode()
