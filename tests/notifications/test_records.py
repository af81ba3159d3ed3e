"""Who is told of a purge that waits, of evidence that is not as it was, and of a letter that waits for approval."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from offboarding.directory.models import Membership
from offboarding.evidence.actions import keep_json
from offboarding.evidence.models import Evidence
from offboarding.ledger.actions import APP, Event, record
from offboarding.letters.actions import Asked, approve, edit, withdraw, write_letter
from offboarding.letters.models import TermsVersion
from offboarding.letters.queries import text_digest
from offboarding.letters.rules import Conditions, Kind
from offboarding.retention import purging
from offboarding.users.models import User

Make = Callable[..., Any]
News = Callable[[], list[Any]]
TODAY = datetime.now(UTC).date()


@pytest.fixture(autouse=True)
def kept_here(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT, settings.PACKET_ROOT = tmp_path / "evidence", tmp_path / "packets"


def somebody(name: str, role: str, client: Any = None) -> User:
    user = User.objects.create_user(f"{name.lower()}@northwind.example", name)
    Membership.objects.create(user=user, role=role, client=client)
    return user


def told(news: News, kind: str) -> list[str]:
    return sorted(each.recipient.name for each in news() if each.kind == kind)


def file_of(client: Any, until: date | None = None) -> Evidence:
    says = {"name": "members.json", "shows": "Members", "taken_by": "Offboard", "origin": client.name}
    made = keep_json({"members": client.name}, client=client, **says)
    if until:
        Evidence.objects.filter(pk=made.pk).update(keep_until=until)
    return made


# ---------------------------------------------------------------- a purge


@pytest.fixture
def asked(clients: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ada has asked for a purge; Lin could confirm it, Petra administers another client alone."""
    ada, _lin = somebody("Ada", "administrator"), somebody("Lin", "administrator")
    somebody("Petra", "administrator", clients["Globex"])
    count = ((2, 4096),)
    monkeypatch.setattr("offboarding.retention.queries.Due.count", lambda _self: count[0])
    return purging.ask(ada, clients["Acme"], "Seven years are over", "Password")


def test_a_purge_that_waits_is_told_to_the_administrators_who_may_confirm_it(asked: Any, news: News) -> None:
    (message,) = [each for each in news() if each.kind == "purge asked"]
    assert message.recipient.name == "Lin" and message.url == f"/setup/clients/{asked.client_id}/purge/"
    assert "Seven years are over" in message.text and "2 files and packets, 4.0" in message.text


def test_a_purge_that_was_declined_meanwhile_is_not_told(asked: Any, news: News, turn: Make) -> None:
    (message,) = [each for each in news() if each.kind == "purge asked"]
    purging.decline(User.objects.get(name="Lin"), asked, "Not yet")
    assert turn(message).left_out == "The purge is decided already."


# ---------------------------------------------------------------- the nightly walk


def walked(wrong: int, *named: str) -> None:
    from django.db import transaction

    facts = {"files": 9, "packets": 1, "size": 9000, "wrong": wrong, "extra": 0, "named": list(named)}
    with transaction.atomic():
        record(Event.EVIDENCE_CHECKED, actor=APP, facts=facts)


def test_evidence_that_is_missing_or_changed_is_told_to_those_who_watch_over_it(
    clients: dict[str, Any], news: News
) -> None:
    for name, role, client in (
        ("Ada", "administrator", None), ("Sami", "security", clients["Acme"]), ("Erik", "auditor", clients["Acme"]),
        ("Petra", "administrator", clients["Globex"]), ("Olli", "operator", None),
    ):  # fmt: skip
        somebody(name, role, client)
    walked(1, f"changed: {file_of(clients['Acme']).sha256}")
    assert told(news, "evidence is wrong") == ["Ada", "Erik", "Sami"], "Petra and Olli have no part in it"
    links = {each.recipient.name: each.url for each in news() if each.kind == "evidence is wrong"}
    assert links["Ada"].startswith("/audit/") and links["Sami"] == "/evidence/"


def test_what_nobody_owns_is_told_to_those_who_watch_over_everything(
    clients: dict[str, Any], news: News
) -> None:
    somebody("Ada", "administrator"), somebody("Sami", "security", clients["Acme"])
    walked(1, "missing: " + "0" * 64)
    assert told(news, "evidence is wrong") == ["Ada"]


def test_a_night_that_finds_all_as_it_was_tells_nobody(clients: dict[str, Any], news: News) -> None:
    somebody("Ada", "administrator")
    walked(0)
    assert told(news, "evidence is wrong") == []


# ---------------------------------------------------------------- a letter


@pytest.fixture
def letter(running: Make, alice: User, bob: User, ada: User) -> Any:
    """The client wants another person to approve the words of its letter, and Alice wrote it."""
    removal = running("Acme Production")
    client = removal.places.get().workspace.client
    said = Conditions(approved=(Kind.CLIENT,)).as_json()
    TermsVersion.objects.create(client=client, version=1, values=said, set_by=ada)
    return write_letter(removal, client, Kind.CLIENT, alice, TODAY)


def test_a_letter_that_waits_is_told_to_who_may_approve_it_and_not_to_its_writer(
    letter: Any, news: News
) -> None:
    found = told(news, "letter to approve")
    assert "Bob" in found and "Alice" not in found
    message = next(each for each in news() if each.kind == "letter to approve")
    assert message.url == f"/requests/{letter.removal.reference}/letters/{letter.pk}/"


def test_a_letter_that_needs_no_approval_is_told_to_nobody(running: Make, alice: User, news: News) -> None:
    removal = running("Acme Production")
    write_letter(removal, removal.places.get().workspace.client, Kind.CLIENT, alice, TODAY)
    assert told(news, "letter to approve") == []


def test_other_words_are_told_again_only_where_they_ended_an_approval(
    letter: Any, bob: User, news: News
) -> None:
    alice, first = letter.texted_by, told(news, "letter to approve")
    edit(letter, Asked(alice, TODAY, letter.version), "We thank you.")
    assert told(news, "letter to approve") == first, "it waited already"
    letter.refresh_from_db()
    approve(letter, Asked(bob, TODAY, letter.version, "Password"), text_digest(letter))
    letter.refresh_from_db()
    edit(letter, Asked(alice, TODAY, letter.version), "We thank you very much.")
    assert told(news, "letter to approve").count("Bob") == 2


def test_a_letter_that_was_given_up_is_not_told_any_more(letter: Any, news: News, turn: Make) -> None:
    message = next(each for each in news() if each.kind == "letter to approve")
    withdraw(letter, Asked(letter.texted_by, TODAY, letter.version), "They know already")
    assert turn(message).left_out == "The letter does not wait for an approval any more."
