"""A hostile name on its whole way: on pages, in mails, in the report of the packet."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from pypdf import PdfReader

from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.notifications.follow import follow
from offboarding.notifications.mail import compose
from offboarding.notifications.models import Message
from offboarding.packets import perform
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.removals.models import RemovalRequest
from offboarding.work.actions import claim
from offboarding.work.rules import State

Make = Callable[..., Any]
NAME = "Dan\u202e gpj.seyeR\u202c <script>x9z()</script>"
TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
NOTES = "=cmd|'/c calc'!A1 \u2066inside\u2069 </pre><img src=x onerror=x9z()>"


@pytest.fixture
def removal(drafted: Make, decide: Make, alice: Any, bob: Any) -> Any:
    made = drafted("Acme Production")
    RemovalRequest.objects.filter(pk=made.pk).update(person_name=NAME, notes=NOTES, ticket="T\u202e-1")
    made.refresh_from_db()
    journey.file(made, alice, made.version)
    decide(made, bob)
    for _ in range(2):
        journey.advance(made.pk)
    return made


def calm(html: str) -> bool:
    return not TURNED.search(html) and "<script>x9z" not in html and "<img src=x" not in html


def test_pages_show_it_as_it_is_written(removal: Any, client: Browser, olga: Any) -> None:
    client.force_login(olga)
    step = Run.objects.filter(item__plan__removal=removal).order_by("pk")[0].item.number
    front = f"/requests/{removal.reference}/"
    for path in ("/", "/requests/", "/search/?q=Dan", front, f"{front}checklist/", f"{front}steps/{step}/"):
        html = client.get(path).content.decode()
        assert calm(html), path
    assert "Dan[U+202E] gpj.seyeR[U+202C] &lt;script&gt;" in client.get(front).content.decode()


def test_what_was_typed_wrong_comes_back_readable(client: Browser, alice: Any) -> None:
    client.force_login(alice)
    html = client.post("/requests/new/", {"addresses": "a\u202e@b <script>x9z"}).content.decode()
    assert calm(html)


def test_mails_show_it_too(removal: Any) -> None:
    follow()
    mails = [compose(each, [each]) for each in Message.objects.select_related("entry", "recipient")]
    assert any("[U+202E]" in each.subject + each.body for each in mails)
    assert not any(TURNED.search(each.subject + each.body) for each in mails)


def test_the_report_shows_it_and_the_data_keeps_it(removal: Any, settings: Any, tmp_path: Path) -> None:
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    RemovalRequest.objects.filter(pk=removal.pk).update(stage="closed", closed_at=datetime.now(UTC))
    packet = Packet.objects.create(removal=removal, version=1, state=State.READY)
    held = claim(Packet, packet.pk)
    assert held
    perform.perform(held)
    packet.refresh_from_db()
    with zipfile.ZipFile(path_of(packet)) as whole:
        bag = next(name for name in whole.namelist() if name.endswith(".zip"))
        with zipfile.ZipFile(io.BytesIO(whole.read(bag))) as inner:
            report = next(name for name in inner.namelist() if name.endswith("report.pdf"))
            text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(inner.read(report))).pages)
            data = b"".join(inner.read(name) for name in inner.namelist() if name.endswith(".json")).decode()
    assert not TURNED.search(text) and "[U+202E]" in text
    assert "\u202e" in data or "\\u202e" in data
