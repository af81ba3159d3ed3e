"""Letters on the Messages tab, on their own pages and under Setup: works, wrong person, other client, mistakes, no script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from offboarding.letters.actions import write_letter
from offboarding.letters.models import Delivery, Letter, TemplateVersion, TermsVersion
from offboarding.letters.queries import shipped
from offboarding.letters.rules import Kind
from offboarding.removals.models import RemovalRequest
from tests.conftest import PASSWORD
from tests.letters.conftest import acme, kept_here, read_again, turn_to_tell, verified  # noqa: F401

Make = Callable[..., Any]
CANARY = "sgp_" + "Canary9" * 9


@pytest.fixture
def url(verified: Any) -> str:  # noqa: F811
    return f"/requests/{verified.reference}/"


@pytest.fixture
def written(client: Client, alice: Any, url: str, acme: Any) -> Any:  # noqa: F811
    """A letter to Acme that Alice wrote on the page."""
    client.force_login(alice)
    answer = client.post(f"{url}letters/write/", {"client": acme.pk, "kind": "client"})
    made = Letter.objects.get()
    assert answer.headers["Location"] == f"{url}letters/{made.pk}/"
    return made


def at(letter: Letter, name: str = "") -> str:
    return f"/requests/{letter.removal.reference}/letters/{letter.pk}/{name}"


def proved(client: Client, path: str) -> dict[str, str]:
    """The hidden fields of a page behind a fresh proof."""
    asks = client.get(path)
    assert asks.status_code == 302, "no proof was asked for"
    client.post(asks.headers["Location"], {"password": PASSWORD})
    return dict(client.get(path).context["confirm"].act.hidden)


def test_the_tab_lists_what_is_expected_and_offers_the_rest(client: Client, alice: Any, url: str) -> None:
    client.force_login(alice)
    page = client.get(f"{url}messages/").content.decode()
    assert "Confirmation to the lead" in page and "Letter to the client" in page and "Not written" in page
    assert "Write another letter" in page and "Notice to the contract" in page


def test_who_only_reads_writes_nothing(client: Client, erin: Any, url: str, acme: Any, alice: Any) -> None:  # noqa: F811
    client.force_login(erin)
    assert "Write it" not in client.get(f"{url}messages/").content.decode()
    assert client.post(f"{url}letters/write/", {"client": acme.pk, "kind": "client"}).status_code in (
        403,
        409,
    )
    assert not Letter.objects.exists()


def test_of_another_client_there_is_no_letter(client: Client, written: Any, carol: Any) -> None:
    client.force_login(carol)
    for name in ("", "send/", "approve/", "withdraw/"):
        assert client.get(at(written, name)).status_code == 404


def test_the_preview_says_what_was_verified_and_what_was_not(client: Client, written: Any) -> None:
    page = client.get(at(written)).content.decode()
    assert "Removed, and seen to be gone" in page and "12:04 CEST (10:04 UTC)" in page
    assert "Not done yet" in page and "own Segment account is not deleted" in page.replace("&#x27;", "'")


def test_only_the_paragraph_is_written(client: Client, written: Any) -> None:
    client.post(at(written, "edit/"), {"paragraph": "Thank you. <b>x</b>", "version": 1})
    page = client.get(at(written)).content.decode()
    assert "Thank you. &lt;b&gt;x&lt;/b&gt;" in page
    answer = client.post(at(written, "edit/"), {"paragraph": f"token {CANARY}", "version": 2})
    assert answer.status_code in (409, 422) and CANARY not in answer.content.decode()
    assert "looks like a secret" in answer.content.decode()


def test_a_letter_is_sent_after_a_proof_and_with_one_press(client: Client, written: Any) -> None:
    hidden = proved(client, at(written, "send/"))
    wrong = client.post(at(written, "send/"), {**hidden, "mail": "on", "addresses": "nobody"})
    assert wrong.status_code == 409 or wrong.status_code == 422
    assert (
        'value="nobody"' in wrong.content.decode() and "no e-mail address: nobody" in wrong.content.decode()
    )
    said = {**hidden, "mail": "on", "paper": "on", "addresses": "it@acme.example"}
    assert client.post(at(written, "send/"), said).headers["Location"] == at(written)
    client.post(at(written, "send/"), said)
    assert sorted(Delivery.objects.values_list("means", "address")) == [
        ("mail", "it@acme.example"),
        ("paper", ""),
    ]


def test_another_person_approves_exactly_these_words(client: Client, written: Any, bob: Any) -> None:
    page = client.get(at(written, "approve/"))
    assert "You wrote these words" in page.content.decode()
    client.force_login(bob)
    hidden = proved(client, at(written, "approve/"))
    client.post(at(written, "approve/"), {**hidden, "digest": "0" * 64})
    assert Letter.objects.get().standing == "draft"
    client.post(at(written, "approve/"), hidden)
    written.refresh_from_db()
    assert (written.standing, written.approved_by, written.approved_method) == ("approved", bob, "password")
    assert (
        "Approved by Bob" in client.get(f"/requests/{written.removal.reference}/messages/").content.decode()
    )


def test_other_facts_are_said_and_taken_with_a_press(client: Client, written: Any, verified: Any) -> None:  # noqa: F811
    read_again(verified, "Acme Production", "present")
    page = client.get(at(written)).content.decode()
    assert "The facts changed since this was written" in page and "is not verified" in page
    assert at(written, "send/") not in page and at(written, "withdraw/") in page, (
        "what would be refused is not offered"
    )
    client.post(at(written, "again/"), {"version": 1})
    assert "The facts changed" not in client.get(at(written)).content.decode()


def test_giving_up_needs_a_reason(client: Client, written: Any) -> None:
    assert client.post(at(written, "withdraw/"), {"version": 1, "reason": ""}).status_code in (409, 422)
    client.post(at(written, "withdraw/"), {"version": 1, "reason": "They want none."})
    assert Letter.objects.get().because == "They want none."


def test_how_it_arrived_needs_a_file_that_shows_it(client: Client, written: Any) -> None:
    copy = Delivery.objects.create(letter=written, means="mail", address="it@acme.example", state="unknown")
    path = at(written, f"copies/{copy.pk}/arrived/")
    assert client.post(path, {"word": "delivered"}).status_code in (409, 422)
    file = BytesIO(b"Thank you, received.")
    file.name = "answer.txt"
    client.post(path, {"word": "delivered", "note": "by mail", "file": file})
    assert "Delivered, says Alice" in client.get(at(written)).content.decode()


# ---------------------------------------------------------------- under Setup


def test_words_show_their_difference_and_a_sample_before_they_are_saved(
    client: Client, ada: Any, acme: Any  # noqa: F811
) -> None:  # fmt: skip
    client.force_login(ada)
    path, now = f"/setup/clients/{acme.pk}/letters/client/", shipped(Kind.CLIENT)
    said = {"subject": now.subject, "language": "en", "version": 0}
    wrong = client.post(path, {**said, "body": now.body + "\n\n{salary}", "act": "save"})
    assert "There is no place {salary}" in wrong.content.decode() and wrong.status_code in (409, 422)
    body = now.body.replace("Dear Sir or Madam", "Dear all at {client}")
    page = client.post(path, {**said, "body": body, "act": "look"}).content.decode()
    assert "<ins>Dear all at {client},</ins>" in page and "Sam Ode" in page
    assert not TemplateVersion.objects.exists()
    client.post(path, {**said, "body": body, "act": "save"})
    assert TemplateVersion.objects.get().wording.body == body
    assert client.post(path, {**said, "body": now.body, "act": "save"}).status_code in (
        409,
        422,
    )  # an older form


def test_what_a_client_wants_is_shown_before_it_is_saved(client: Client, ada: Any, acme: Any) -> None:  # noqa: F811
    client.force_login(ada)
    path = f"/setup/clients/{acme.pk}/letters/"
    said = {
        "expected": ["confirmation"],
        "automatic": ["confirmation", "collaborator"],
        "to-client": "it@acme.example",
    }
    page = client.post(path, {**said, "version": 0, "act": "look"}).content.decode()
    assert "it@acme.example</ins>" in page and not TermsVersion.objects.exists()
    client.post(path, {**said, "version": 0, "act": "save"})
    conditions = TermsVersion.objects.get().conditions
    assert conditions.expected == (Kind.CONFIRMATION,) and conditions.automatic == (Kind.CONFIRMATION,)
    assert conditions.addresses == {"client": "it@acme.example"}


def test_the_work_page_names_letters_that_never_went_after_closing(
    client: Client,
    verified: Any,  # noqa: F811
    acme: Any,  # noqa: F811
    alice: Any,
    bob: Any,
    today: Any,
) -> None:
    write_letter(verified, acme, Kind.CLIENT, alice, today)
    write_letter(verified, acme, Kind.SECURITY, alice, today)
    RemovalRequest.objects.update(stage="closed", closed_at=datetime.now(UTC))
    client.force_login(alice)
    page = client.get("/").content.decode()
    assert "Letters not sent (1)" in page and f'href="/requests/{verified.reference}/messages/"' in page
    assert "Letter to the client (Acme); Notice to security (Acme). The request closed today" in page
    client.force_login(bob)
    assert "Letters not sent" not in client.get("/").content.decode()
