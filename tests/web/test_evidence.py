"""The evidence pages: packets in scope, one packet, its files, and checking a file against it."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from offboarding.directory.models import Client as Owner
from offboarding.evidence.actions import keep
from offboarding.execution.models import Proof, Run
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.packets import perform
from offboarding.packets.actions import order
from offboarding.packets.models import Packet, Redaction
from offboarding.packets.queries import path_of, paths_of
from offboarding.packets.reader import open_packet
from offboarding.packets.redaction import actions as redaction
from offboarding.packets.verifier import verify
from offboarding.removals.models import RemovalRequest
from offboarding.work import desks
from offboarding.work.actions import claim
from offboarding.work.rules import State

PARTS = [
    ("packet.zip", "R-1001-packet.zip"),
    ("report.pdf", "R-1001-report.pdf"),
    ("bag.zip", "R-1001.zip"),
    ("bag.zip.sha256", "R-1001.zip.sha256"),
    ("bag.zip.sha256.sig", "R-1001.zip.sha256.sig"),
    ("signing-key.pem", "signing-key.pem"),
    ("verify.py", "verify.py"),
]


@pytest.fixture
def sealed(running: Callable[..., Any], olga: Any, settings: Any, tmp_path: Path) -> Callable[..., Packet]:
    """A closed request with one file added by Olga, and its sealed packet."""
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"

    def make(*names: str, files: int = 1) -> Packet:
        removal = running(*names)
        run = Run.objects.filter(item__plan__removal=removal).first()
        for number in range(files):
            each = proof_file(f"tokens {number}.png", f"picture {number}".encode())
            Proof.objects.create(run=run, evidence=each, added_by=olga)
        closed = datetime.now(UTC)
        RemovalRequest.objects.filter(pk=removal.pk).update(stage="closed", closed_at=closed)
        packet = Packet.objects.create(removal=removal, version=1, state=State.READY)
        held = claim(Packet, packet.pk)
        assert held
        perform.perform(held)
        return Packet.objects.get(pk=packet.pk)

    return make


def proof_file(name: str, data: bytes) -> Any:
    return keep(
        BytesIO(data),
        name=name,
        media_type="image/png",
        shows="The Tokens tab",
        source="person",
        taken_by="Olga",
        client=Owner.objects.get(name="Acme"),
    )


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def as_user(client: Client, user: Any) -> Client:
    client.force_login(user)
    return client


def test_an_auditor_finds_the_packet_in_the_list(client: Client, sealed: Any, erin: Any) -> None:
    packet = sealed()
    page = as_user(client, erin).get("/evidence/").content.decode()
    assert packet.removal.reference in page
    assert "1 packet" in page


TEXTS = [
    ("q=dan@northwind", True, "an address"),
    ("q=Reyes", True, "a name"),
    ("q=1001", True, "a number"),
    ("q=r-1001", True, "a reference"),
    ("q=CS-1", True, "a ticket"),
    ("q=zz", False, "nothing fits"),
    ("client=999999", True, "a client that is not offered is left out"),
]


def test_the_list_finds_by_text(client: Client, sealed: Any, erin: Any) -> None:
    sealed()
    as_user(client, erin)
    for query, found, reason in TEXTS:
        page = client.get(f"/evidence/?{query}").content.decode()
        assert ("/evidence/R-1001/" in page) is found, reason


def test_the_list_finds_by_client_and_by_digest(client: Client, sealed: Any, erin: Any, clients: Any) -> None:
    packet = sealed("Acme Production")
    as_user(client, erin)
    for query, found in (
        (f"client={clients['Acme'].pk}", True),
        (f"client={clients['Globex'].pk}", False),
        (f"q={packet.sha256[:12]}", True),
    ):
        assert ("/evidence/R-1001/" in client.get(f"/evidence/?{query}").content.decode()) is found


def test_only_the_part_is_sent_when_htmx_asks(client: Client, sealed: Any, erin: Any) -> None:
    sealed()
    page = as_user(client, erin).get("/evidence/", HTTP_HX_REQUEST="true").content.decode()
    assert page.lstrip().startswith('<section id="packets"')


def test_the_page_of_a_packet_tells_its_hashes_its_key_and_its_items(
    client: Client, sealed: Any, erin: Any
) -> None:
    packet = sealed()
    page = as_user(client, erin).get("/evidence/R-1001/").content.decode()
    for wanted in (packet.sha256, packet.bag_sha256, packet.key_id, "tokens 0.png", "Keep until", "UTC)"):
        assert wanted in page
    assert "sha256sum -c R-1001.zip.sha256" in page


def test_opening_a_packet_is_noted_once_in_a_sitting(client: Client, sealed: Any, erin: Any) -> None:
    packet = sealed()
    as_user(client, erin)
    for _ in range(3):
        client.get("/evidence/R-1001/")
    client.get("/evidence/")
    (entry,) = Entry.objects.filter(event="packet.opened")
    assert (entry.about, entry.actor_id) == ("R-1001", str(erin.pk))
    assert packet.sha256 in bytes(entry.body).decode()


def test_each_version_has_its_page_and_its_bytes_and_says_which_is_the_newest(
    client: Client, sealed: Any, erin: Any, carol: Any
) -> None:
    first = sealed()
    with transaction.atomic():
        second = order(first.removal, "2026-11-02T08:00:00Z: access is there again. Acme Production: Owner.")
    held = claim(Packet, second.pk)
    assert held
    perform.perform(held)
    as_user(client, erin)
    newest, older = (client.get(f"/evidence/R-1001/{path}").content.decode() for path in ("", "v1/"))
    assert "Version 2" in newest and "access is there again" in newest and "Earlier version" not in newest
    assert "Earlier version" in older and 'href="/evidence/R-1001/">The newest version' in older
    kept = body(client.get("/evidence/R-1001/v1/packet.zip"))
    assert hashlib.sha256(kept).hexdigest() == first.sha256
    assert body(client.get("/evidence/R-1001/packet.zip")) != kept
    assert client.get("/evidence/R-1001/v3/").status_code == 404
    assert as_user(client, carol).get("/evidence/R-1001/v1/packet.zip").status_code == 404


def test_a_redacted_copy_is_taken_by_who_sees_the_packet(
    client: Client, sealed: Any, ada: Any, erin: Any, carol: Any
) -> None:
    packet = sealed("Acme Production")
    url = "/evidence/R-1001/v1/redacted"
    as_user(client, erin)
    assert client.post(f"{url}/").status_code == 409 and not Redaction.objects.exists(), "auditors only read"
    assert as_user(client, carol).post(f"{url}/").status_code == 404
    as_user(client, ada)
    assert client.get(f"{url}/1.zip").status_code == 404
    assert client.post(f"{url}/").status_code == 302
    assert client.post(f"{url}/").status_code == 409, "it is being made"
    desks.DESKS["packets.Redaction"].look(Redaction.objects.get().pk)
    made = Redaction.objects.get()
    assert made.state == "done", made.trouble
    taken = body(as_user(client, erin).get(f"{url}/1.zip"))
    assert hashlib.sha256(taken).hexdigest() == made.sha256
    kept = path_of(packet).with_name(made.file)
    assert verify(str(kept)).ok, verify(str(kept)).lines
    bag = zipfile.ZipFile(BytesIO(zipfile.ZipFile(kept).read("R-1001-redacted.zip")))
    for name in bag.namelist():
        for word in (b"Reyes", b"dan@northwind.example", b"Alice", b"Bob", b"tokens 0", b"picture 0"):
            assert word not in bag.read(name), (name, word)
    page = client.get("/evidence/R-1001/").content.decode()
    assert made.file in page and "1 file was left out" in page
    assert path_of(packet).read_bytes() and Packet.objects.get().sha256 == packet.sha256, (
        "which stays as it is"
    )


def test_before_a_copy_is_made_its_reader_sees_what_goes_and_names_what_else_to_hide(
    client: Client, sealed: Any, ada: Any, erin: Any
) -> None:
    packet = sealed("Acme Production")
    url = "/evidence/R-1001/v1/redacted/"
    assert as_user(client, erin).get(url).status_code == 403
    as_user(client, ada)
    page = client.get(url).content.decode()
    assert (
        "Dan Reyes" in page and "[person 1]" in page and "1 file was not looked into and is left out" in page
    )
    assert "cannot know every name" in page
    again = client.post(url, {"words": "Workspace Owner\n", "preview": "1"}).content.decode()
    assert "[hidden]" in again or "Workspace Owner</textarea>" in again.replace("\n", "")
    wrong = client.post(url, {"words": "x"})
    assert wrong.status_code == 422 and "A word has 2 to 100 characters" in wrong.content.decode()
    assert not Redaction.objects.exists(), "nothing was made"
    assert client.post(url, {"words": "Acme Production"}).status_code == 302
    made = Redaction.objects.get()
    assert made.words == ["Acme Production"]
    assert client.get(url).status_code == 302, "one copy is made at a time"
    desks.DESKS["packets.Redaction"].look(made.pk)
    made.refresh_from_db()
    assert (made.state, made.words) == ("done", []), "words are kept no longer than they are needed"
    inside = open_packet(path_of(packet).with_name(made.file))
    assert b"Acme Production" not in inside.small("data/removal.json")


def test_another_reader_gets_another_copy_with_a_name_of_its_own(
    client: Client, sealed: Any, ada: Any, erin: Any, monkeypatch: Any
) -> None:
    packet = sealed("Acme Production")
    url = "/evidence/R-1001/v1/redacted/"
    for words in ("", "Acme Production"):
        assert "Preview a redacted copy" in as_user(client, ada).get("/evidence/R-1001/").content.decode()
        assert client.post(url, {"words": words}).status_code == 302
        assert "Preview a redacted copy" not in client.get("/evidence/R-1001/").content.decode()
        desks.DESKS["packets.Redaction"].look(Redaction.objects.get(state="ready").pk)
    first, second = Redaction.objects.order_by("number")
    assert (first.file, second.file) == ("R-1001-redacted-packet.zip", "R-1001-redacted-2-packet.zip")
    page = as_user(client, erin).get("/evidence/R-1001/").content.decode()
    for made in (first, second):
        assert made.file in page
        taken = body(client.get(f"{url}{made.number}.zip"))
        assert hashlib.sha256(taken).hexdigest() == made.sha256
        assert verify(str(path_of(packet).with_name(made.file))).ok
    hidden = [
        b"Acme Production" not in open_packet(path_of(packet).with_name(made.file)).small("data/removal.json")
        for made in (first, second)
    ]
    assert hidden == [False, True]
    told = [
        canonical.loads(bytes(one.body))["facts"] for one in Entry.objects.filter(event="packet.copy_made")
    ]
    assert [(one["copy"], one["sha256"]) for one in told] == [(1, first.sha256), (2, second.sha256)]
    assert set(paths_of(packet)) == {
        path_of(packet),
        *(path_of(packet).with_name(one.file) for one in (first, second)),
    }
    monkeypatch.setattr(redaction, "MOST_COPIES", 2)
    refused = as_user(client, ada).post(url)
    assert refused.status_code == 409 and "At most 2 redacted copies" in refused.content.decode()


def test_a_copy_of_a_packet_that_is_away_stops_and_is_asked_for_again(
    client: Client, sealed: Any, ada: Any
) -> None:
    packet = sealed("Acme Production")
    kept = path_of(packet).read_bytes()
    path_of(packet).write_bytes(kept[:-9])
    as_user(client, ada).post("/evidence/R-1001/v1/redacted/")
    row = Redaction.objects.get()
    desks.DESKS["packets.Redaction"].look(row.pk)
    row.refresh_from_db()
    assert (row.state, row.sha256) == ("needs_person", "") and "cannot be made" in row.trouble
    path_of(packet).write_bytes(kept)
    assert client.post("/evidence/R-1001/v1/redacted/").status_code == 302
    desks.DESKS["packets.Redaction"].look(row.pk)
    row.refresh_from_db()
    assert row.state == "done"


def test_for_another_client_there_is_no_packet(client: Client, sealed: Any, carol: Any) -> None:
    sealed()
    as_user(client, carol)
    for path in ("", *(part for part, _ in PARTS)):
        assert client.get(f"/evidence/R-1001/{path}").status_code == 404, path
    assert client.post("/evidence/R-1001/check/", {"digest": "0" * 64}).status_code == 404


def test_for_another_client_the_list_is_empty(client: Client, sealed: Any, carol: Any) -> None:
    sealed()
    assert "R-1001" not in as_user(client, carol).get("/evidence/").content.decode()


def test_the_person_who_leaves_sees_nothing(client: Client, sealed: Any, person: Any) -> None:
    from offboarding.users.rules import Role

    dan = person("dan", Role.AUDITOR)
    sealed()
    assert as_user(client, dan).get("/evidence/R-1001/").status_code == 404


def test_who_is_not_signed_in_goes_to_the_sign_in_page(client: Client, sealed: Any) -> None:
    sealed()
    answer = client.get("/evidence/R-1001/packet.zip")
    assert answer["Location"].startswith("/signin/")


def test_each_part_is_sent_as_it_was_sealed(client: Client, sealed: Any, erin: Any) -> None:
    packet = sealed()
    as_user(client, erin)
    for part, name in PARTS:
        answer = client.get(f"/evidence/R-1001/{part}")
        sent = body(answer)
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer["Content-Security-Policy"].startswith("sandbox")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert int(answer["Content-Length"]) == len(sent)
        assert sent == expected(packet, part), part


def expected(packet: Packet, part: str) -> bytes:
    whole = path_of(packet).read_bytes()
    outer = zipfile.ZipFile(BytesIO(whole))
    bag = outer.read("R-1001.zip")
    if part == "packet.zip":
        return whole
    if part == "report.pdf":
        return zipfile.ZipFile(BytesIO(bag)).read("R-1001/data/report.pdf")
    return bag if part == "bag.zip" else outer.read(part.replace("bag.zip", "R-1001.zip"))


def test_the_packet_that_is_sent_has_the_digest_on_record(client: Client, sealed: Any, erin: Any) -> None:
    packet = sealed()
    sent = body(as_user(client, erin).get("/evidence/R-1001/packet.zip"))
    assert hashlib.sha256(sent).hexdigest() == packet.sha256


def test_each_download_is_noted(client: Client, sealed: Any, erin: Any) -> None:
    sealed()
    assert as_user(client, erin).head("/evidence/R-1001/report.pdf").status_code == 405
    assert not Entry.objects.filter(event="packet.downloaded").exists(), "a head takes nothing away"
    body(as_user(client, erin).get("/evidence/R-1001/report.pdf"))
    entry = Entry.objects.get(event="packet.downloaded")
    assert (entry.about, entry.actor_id) == ("R-1001", str(erin.pk))
    assert b'"part":"report"' in bytes(entry.body)


def test_a_file_of_the_removal_is_handed_out_and_noted(client: Client, sealed: Any, erin: Any) -> None:
    packet = sealed()
    file = Proof.objects.get(run__item__plan__removal=packet.removal).evidence
    answer = as_user(client, erin).get(f"/evidence/R-1001/files/{file.pk}/")
    assert body(answer) == b"picture 0"
    assert answer["Content-Disposition"] == 'attachment; filename="R-1001-tokens-0.png"'
    assert Entry.objects.filter(event="evidence.downloaded", about="R-1001").count() == 1


def test_a_file_of_another_removal_is_not_here(client: Client, sealed: Any, erin: Any) -> None:
    sealed()
    other = proof_file("other.png", b"of somebody else")
    assert as_user(client, erin).get(f"/evidence/R-1001/files/{other.pk}/").status_code == 404


def test_a_name_that_no_system_can_write_becomes_one_that_all_can(
    client: Client, sealed: Any, erin: Any
) -> None:
    packet = sealed()
    run = Run.objects.filter(item__plan__removal=packet.removal).first()
    file = proof_file('../"漢字"\r\nX: y.png', b"odd name")
    Proof.objects.create(run=run, evidence=file, added_by=erin)
    answer = as_user(client, erin).get(f"/evidence/R-1001/files/{file.pk}/")
    assert body(answer) == b"odd name"
    assert answer["Content-Disposition"] == 'attachment; filename="R-1001-X-y.png"'


@pytest.mark.parametrize(
    ("data", "says"), [(b"picture 0", "Same as item "), (b"picture 0.", "Not in this packet")]
)
def test_a_file_is_compared_with_the_packet(
    client: Client, sealed: Any, erin: Any, data: bytes, says: str
) -> None:
    sealed()
    given = {"file": SimpleUploadedFile("mine.png", data)}
    answer = as_user(client, erin).post("/evidence/R-1001/check/", given)
    assert answer.status_code == 200
    assert says in answer.content.decode()


def test_a_digest_is_compared_with_everything_in_the_packet(client: Client, sealed: Any, erin: Any) -> None:
    packet = sealed()
    report = hashlib.sha256(expected(packet, "report.pdf")).hexdigest()
    as_user(client, erin)
    for digest, says in (
        (hashlib.sha256(b"picture 0").hexdigest(), "Same as item "),
        (packet.sha256, "Same as the whole packet, R-1001-packet.zip"),
        (f"{packet.bag_sha256}  R-1001.zip", "Same as the bag, R-1001.zip"),
        (f"SHA256:{report.upper()}", "Same as data/report.pdf in the bag"),
        ("0" * 64, "Not in this packet"),
    ):
        assert says in client.post("/evidence/R-1001/check/", {"digest": digest}).content.decode(), digest


@pytest.mark.parametrize(
    ("digest", "says"),
    [
        ("", "Choose a file, or paste the SHA-256 of one."),
        ("12ab", "A SHA-256 has 64 signs"),
        ("<script>" + "a" * 56, "A SHA-256 has 64 signs"),
    ],
)
def test_what_cannot_be_compared_is_told_and_kept(
    client: Client, sealed: Any, erin: Any, digest: str, says: str
) -> None:
    sealed()
    answer = as_user(client, erin).post("/evidence/R-1001/check/", {"digest": digest})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert "<title>Error: " in page
    assert "<script>aa" not in page


def test_checking_by_htmx_answers_with_the_part_alone(client: Client, sealed: Any, erin: Any) -> None:
    packet = sealed()
    answer = as_user(client, erin).post(
        "/evidence/R-1001/check/", {"digest": packet.sha256}, HTTP_HX_REQUEST="true"
    )
    assert answer.content.decode().lstrip().startswith('<section class="section" id="check"')


def test_a_packet_that_is_away_is_told_in_a_sentence(client: Client, sealed: Any, erin: Any) -> None:
    path_of(sealed()).unlink()
    as_user(client, erin)
    for path in ("", "packet.zip", "report.pdf"):
        answer = client.get(f"/evidence/R-1001/{path}")
        assert (answer.status_code, "cannot be read where we keep it" in answer.content.decode()) == (
            409,
            True,
        )
    assert not Entry.objects.filter(event="packet.downloaded").exists()


def test_a_request_that_runs_says_which_steps_are_open(client: Client, running: Any, erin: Any) -> None:
    running()
    page = as_user(client, erin).get("/evidence/R-1001/").content.decode()
    assert "steps are open before this packet can be sealed" in page
    assert "/requests/R-1001/steps/" in page
    assert client.get("/evidence/R-1001/packet.zip").status_code == 404


def test_a_packet_that_is_being_made_says_so(client: Client, running: Any, erin: Any) -> None:
    removal = running()
    Packet.objects.create(removal=removal, version=1, state=State.READY)
    assert "The packet is being made" in as_user(client, erin).get("/evidence/R-1001/").content.decode()


def test_a_request_that_waits_or_ended_without_a_removal_says_so(
    client: Client, filed: Any, erin: Any
) -> None:
    removal = filed()
    as_user(client, erin)
    assert "Nothing was done yet" in client.get("/evidence/R-1001/").content.decode()
    RemovalRequest.objects.filter(pk=removal.pk).update(stage="rejected")
    assert "it has no packet" in client.get("/evidence/R-1001/").content.decode()


def test_a_draft_has_no_evidence_page(client: Client, drafted: Any, alice: Any) -> None:
    number = drafted().number
    assert as_user(client, alice).get(f"/evidence/R-{number}/").status_code == 404


@pytest.mark.parametrize("path", ["/evidence/", "/evidence/R-1001/"])
def test_the_number_of_queries_does_not_grow_with_the_data(
    client: Client, sealed: Any, erin: Any, path: str, django_assert_max_num_queries: Any
) -> None:
    """Three places and forty files cost what one place and one file cost."""
    sealed("Acme Production", "Acme Staging", "Globex Production", files=40)
    as_user(client, erin).get(path)
    with django_assert_max_num_queries(20):
        client.get(path)


def test_a_list_of_many_is_read_in_pages(client: Client, sealed: Any, erin: Any) -> None:
    sealed(files=60)
    as_user(client, erin)
    first, second = client.get("/evidence/R-1001/"), client.get("/evidence/R-1001/?start=25")
    assert "1 to 25 of " in first.content.decode()
    assert "26 to 50 of " in second.content.decode()
    assert client.get("/evidence/R-1001/?start=junk").status_code == 200


# ---------------------------------------------------------------- until when Segment has the events


def test_the_evidence_tab_counts_down_until_the_events_are_copied(
    client: Any, running: Any, olga: Any
) -> None:
    from datetime import UTC, datetime, timedelta

    from offboarding.execution.models import Attempt, Run
    from offboarding.removals.models import RemovalRequest
    from offboarding.trail.models import Copy

    removal = running("Acme Staging")
    client.force_login(olga)

    def says(days: float) -> str:
        begun = datetime.now(UTC) - timedelta(days=days)
        RemovalRequest.objects.filter(pk=removal.pk).update(started_at=begun)
        return str(client.get(f"/requests/{removal.reference}/evidence/").content.decode())

    assert "Segment drops the audit events of this request: " in says(1) and "r-info" in says(1)
    assert "in 9 d" in says(80.9) and "notice r-attention" in says(80.9)
    assert "Segment has dropped the audit events of this request since" in says(91)
    place = removal.places.get().workspace
    copy = Copy.objects.create(workspace=place, lack="plan")
    assert "has no audit trail" in says(1) and f"/setup/connections/{place.pk}/events/file/" in says(1)
    copy.delete()
    run = Run.objects.get(item__plan__removal=removal, item__code="audit-events")
    Attempt.objects.create(
        run=run, number=1, act="look", intent="read", result="seen", facts={"events": [{}]}
    )
    assert "audit events of this request" not in says(1), "they are kept, so nothing is lost any more"
