"""The audit log in the browser: who reads it, that filters survive, and that reading and taking are noted once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from offboarding.directory.models import Membership
from offboarding.ledger.actions import APP, Event, checkpoint, record_each
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.reports.models import Check
from offboarding.stamps import actions as stamps
from offboarding.stamps.models import Stamping
from offboarding.users.rules import Role
from offboarding.work.desks import DESKS
from tests.conftest import PASSWORD
from tests.ledger import forging
from tests.tsa import Authority, served

Make = Callable[..., Any]


@pytest.fixture
def desk(client: Browser, erin: Any) -> Browser:
    """Erin audits all clients."""
    Membership.objects.filter(user=erin).delete()
    Membership.objects.create(user=erin, role=Role.AUDITOR.value)
    client.force_login(erin)
    return client


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def noted(event: Event) -> list[dict[str, Any]]:
    return [canonical.loads(bytes(entry.body))["facts"] for entry in Entry.objects.filter(event=event)]


def many(count: int, about: str = "") -> None:
    with transaction.atomic():
        record_each(
            Event.SECRET_FORGOTTEN, [{"item": n, "title": "t"} for n in range(count)], actor=APP, about=about
        )


def prove(browser: Browser) -> None:
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_request_is_told_in_sentences(desk: Browser, filed: Make) -> None:
    removal = filed("Acme Staging")
    text = says(desk.get(f"/audit/?about={removal.number}"))
    assert "Alice sent the request for approval" in text
    assert "Alice froze version 1 of the plan" in text
    assert "connected the workspace" not in text, "it is about something else"
    assert "connected the workspace Acme Staging" in says(desk.get("/audit/?what=workspace.connected"))


def test_what_an_entry_is_about_is_named(desk: Browser, filed: Make) -> None:
    filed("Acme Staging")
    assert re.search(r"Acme Staging workspace:\d+", says(desk.get("/audit/?what=workspace.connected")))


def test_every_event_has_words(desk: Browser) -> None:
    """An entry that tells nothing but its event breaks no page."""
    with transaction.atomic():
        for event in Event:
            record_each(event, [{}], actor=APP)
    for event in Event:
        answer = desk.get(f"/audit/?what={event.value}")
        assert answer.status_code == 200 and event.value in says(answer), event


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 403), ("bob", 403), ("olga", 403), ("erin", 200), ("sam", 200)]
)
def test_auditors_security_and_administrators_read_it(
    who: str, status: int, client: Browser, request: Any
) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get("/audit/").status_code == status
    assert client.get("/audit/checkpoint.jsonl").status_code == (403 if status == 403 else 409)
    assert client.post("/audit/check/").status_code == (403 if status == 403 else 302)
    assert ("Audit log" in client.get("/evidence/").content.decode()) is (status == 200)


def test_a_reader_of_some_clients_sees_no_other(
    client: Browser, erin: Any, alice: Any, filed: Make, workspace: Make
) -> None:
    client.force_login(erin)
    Membership.objects.create(user=alice, role=Role.REQUESTER.value)
    foreign = filed(connected=(workspace("Hooli Production"),))
    seq = Entry.objects.filter(about=foreign.reference).values_list("seq", flat=True)[0]
    assert foreign.reference not in says(client.get("/audit/"))
    for path in ("", "proof.json"):
        assert client.get(f"/audit/{seq}/{path}").status_code == 404


def test_the_page_asks_the_same_however_long_the_ledger_is(desk: Browser) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            assert desk.get("/audit/").status_code == 200
        return len(taken)

    many(60)
    desk.get("/audit/")
    before = queries()
    many(400)
    assert queries() == before


def test_filters_stay_in_the_form_and_in_the_links(desk: Browser) -> None:
    many(120)
    answer = desk.get("/audit/?what=secret&since=2020-01-01")
    html = answer.content.decode()
    assert 'value="2020-01-01"' in html and '<option value="secret" selected' in html
    older = re.search(r'href="(\?[^"]*before=\d+)"', html)
    assert older and "what=secret" in older[1] and "since=2020-01-01" in older[1]
    second = desk.get(f"/audit/{older[1].replace('&amp;', '&')}")
    assert "after=" in second.content.decode()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("since=yesterday", "Enter a valid date"),
        ("since=2026-03-02&until=2026-03-01", "This day is before the first one"),
        ("what=weather", "Select a valid choice"),
    ],
)
def test_a_filter_that_cannot_be_read_says_so_and_stays(desk: Browser, query: str, words: str) -> None:
    answer = desk.get(f"/audit/?{query}")
    assert answer.status_code == 422
    assert words in says(answer) and "Error:" in answer.content.decode()


def test_nothing_fits_names_the_filters(desk: Browser) -> None:
    text = says(desk.get("/audit/?who=zz&about=R-9"))
    assert "No entry fits: Who zz, About R-9." in text


def test_opening_is_noted_once_for_each_set_of_filters(desk: Browser) -> None:
    for _ in range(3):
        desk.get("/audit/")
        desk.get("/audit/?about=R-7")
    assert noted(Event.AUDIT_OPENED) == [{"filters": {}}, {"filters": {"about": "R-7"}}]


def test_an_entry_shows_its_bytes_its_neighbours_and_its_proof(desk: Browser, filed: Make) -> None:
    removal = filed("Acme Staging")
    entry = Entry.objects.filter(about=removal.reference)[0]
    assert "No signed checkpoint covers this entry yet" in says(desk.get(f"/audit/{entry.seq}/"))
    assert desk.get(f"/audit/{entry.seq}/proof.json").status_code == 409
    checkpoint()
    html = desk.get(f"/audit/{entry.seq}/").content.decode()
    assert entry.hash in html and f"/audit/{entry.seq - 1}/" in html and f"/audit/{entry.seq + 1}/" in html
    for _ in range(2):
        told = json.loads(desk.get(f"/audit/{entry.seq}/proof.json").content)
    assert told["hash"] == entry.hash and told["index"] == entry.seq - 1
    assert len(noted(Event.AUDIT_PROOF_TAKEN)) == 1


def test_a_checkpoint_and_the_keys_can_be_taken_along(desk: Browser, settings: Any, tmp_path: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "c.jsonl"
    many(3)
    checkpoint()
    assert desk.get("/audit/checkpoint.jsonl").content == settings.CHECKPOINT_FILE.read_bytes()
    (line,) = desk.get("/audit/signing-keys.jsonl").content.splitlines()
    assert json.loads(line)["key"]["previous"] == ""


@pytest.fixture
def outside(settings: Any, tmp_path: Any) -> Any:
    """Five entries, a checkpoint, and some more."""
    settings.CHECKPOINT_FILE = tmp_path / "c.jsonl"
    many(5)
    checkpoint()
    many(4)
    checkpoint()
    return settings.CHECKPOINT_FILE


def compares(desk: Browser, data: bytes) -> Any:
    return desk.post("/audit/compare/", {"file": SimpleUploadedFile("kept.jsonl", data)})


def test_a_checkpoint_that_was_kept_is_compared_and_proved(desk: Browser, outside: Any) -> None:
    assert desk.get("/audit/compare/").status_code == 200
    first = outside.read_bytes().splitlines()[0]
    answer = compares(desk, first)
    text = says(answer)
    assert "The ledger still begins as it did then" in text and "Your checkpoint says 5 entries" in text
    assert "/audit/compare/proof.json?size=5" in answer.content.decode()
    told = json.loads(desk.get("/audit/compare/proof.json?size=5").content)
    assert (told["size"], told["checkpoint"]["size"]) == (5, 9)
    newest = compares(desk, outside.read_bytes()).content.decode()
    assert "Your checkpoint says 9 entries" in newest and "proof.json" not in newest, (
        "the newest of several lines"
    )
    for size in ("", "0", "9", "10", "x"):
        assert desk.get(f"/audit/compare/proof.json?size={size}").status_code == 409, (
            "nothing newer is signed"
        )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda line: line.replace(b'"size":5', b'"size":4'), "not signed by a key of this ledger"),
        (lambda line: re.sub(rb'"key_id":"..', b'"key_id":"00', line), "not signed by a key of this ledger"),
    ],
    ids=["altered", "of another ledger"],
)
def test_a_checkpoint_of_another_ledger_is_said_to_be_one(
    desk: Browser, outside: Any, change: Callable[[bytes], bytes], why: str
) -> None:
    answer = compares(desk, change(outside.read_bytes().splitlines()[0]))
    text = says(answer)
    assert "The ledger is not the one of your checkpoint" in text and why in text
    assert "proof.json" not in answer.content.decode()


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (
            lambda: forging.rewrite(lambda told: told.update(about="R-7")),
            "not the ones that were signed then",
        ),
        (lambda: forging.truncate(4), "does not reach so far"),
    ],
    ids=["written anew", "cut off"],
)
def test_a_ledger_that_was_rewritten_does_not_agree_with_a_checkpoint_that_was_kept(
    desk: Browser, outside: Any, forge: Callable[[], None], why: str
) -> None:
    line = outside.read_bytes().splitlines()[0]
    with forging.without_triggers():
        forge()
        assert why in says(compares(desk, line))


@pytest.mark.parametrize(
    ("data", "says_"),
    [(b"a note\n", "Line 1 is no checkpoint."), (b"", "This file is empty."), (b"\n \n", "Line 1 is no")],
)
def test_a_file_without_checkpoints_is_refused_beside_its_field(
    desk: Browser, outside: Any, data: bytes, says_: str
) -> None:
    answer = compares(desk, data)
    assert answer.status_code == 422 and says_ in says(answer)


def test_how_the_chain_stands_is_said(desk: Browser) -> None:
    from offboarding.reports.perform import perform
    from offboarding.work.actions import claim

    many(3, about="R-1")
    assert "Not checked yet" in says(desk.get("/audit/"))
    assert "The ledger is being checked" in says(desk.post("/audit/check/", follow=True))
    assert "A check is under way already" in says(desk.post("/audit/check/", follow=True))

    def walk() -> None:
        held = claim(Check, Check.objects.latest("pk").pk)
        assert held
        perform(held)

    walk()
    assert "Unbroken to entry 4, checked" in says(desk.get("/audit/"))
    desk.post("/audit/check/")
    with forging.without_triggers():
        forging.edit(2)
        walk()
    text = says(desk.get("/audit/"))
    assert "The ledger is broken" in text and "entry 2 was altered" in text and "Tell security" in text


def test_the_newest_stamped_time_is_said_and_why_a_checkpoint_is_not_stamped_yet(
    desk: Browser, settings: Any, tmp_path: Path
) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    assert "stamp" not in says(desk.get("/audit/"))
    authority = Authority(tmp_path / "tsa")
    settings.TIME_STAMP_CA = str(authority.ca)

    def turn(url: str) -> str:
        settings.TIME_STAMP_URL = url
        stamps.wake()
        Stamping.objects.update(not_before=Now())
        DESKS["stamps.Stamping"].look(Stamping.objects.get().pk)
        return says(desk.get("/audit/"))

    many(3)
    made = checkpoint()
    assert made
    text = turn("http://127.0.0.1:9/tsr")
    assert "not stamped yet, because 127.0.0.1:9 cannot be reached: nothing answers at its address." in text
    with served(authority.answer) as (url, _):
        text = turn(url)
    assert f"A time stamping authority saw {made.size} entries signed, " in text and "not stamped" not in text
    many(1)
    checkpoint()
    text = says(desk.get("/audit/"))
    assert f"saw {made.size} entries signed" in text and "because the authority is still to be asked" in text


def test_an_export_asks_for_a_fresh_proof_and_says_what_it_holds(desk: Browser, filed: Make) -> None:
    removal = filed("Acme Staging")
    query = f"about={removal.reference}"
    for path in ("", ".csv", ".jsonl"):
        answer = desk.get(f"/audit/export{path or '/'}?{query}")
        assert answer.status_code == 302
    assert not noted(Event.AUDIT_EXPORTED)
    prove(desk)
    count = Entry.objects.filter(about=removal.reference).count()
    assert f"Entries {count}" in says(desk.get(f"/audit/export/?{query}"))
    answer = desk.get(f"/audit/export.jsonl?{query}")
    lines = [json.loads(line) for line in body(answer).splitlines()]
    assert answer["Content-Disposition"].endswith('.jsonl"')
    assert lines[0]["export"]["Filters"] == f"About: {removal.reference}"
    assert len(lines) - 2 == count == int(lines[0]["export"]["Entries"]) == lines[-1]["end"]["rows"]
    (begun,), (ended,) = noted(Event.AUDIT_EXPORTED), noted(Event.AUDIT_EXPORT_ENDED)
    assert begun["rows"] == ended["rows"] == count and begun["filters"] == {"about": removal.reference}
    assert ended["sha256"] == lines[-1]["end"]["sha256"]


def test_an_export_ends_where_it_began(desk: Browser) -> None:
    """It does not tell of itself, nor of what comes while it is read."""
    prove(desk)
    many(5)
    newest = Entry.objects.count()
    answer = desk.get("/audit/export.csv")
    many(5)
    text = body(answer).decode()
    assert f"# Up to entry,{newest}" in text and text.count("secret.forgotten") == 5
