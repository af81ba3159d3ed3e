"""The pages about how long records stay, and about legal holds."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from offboarding.directory.models import Client
from offboarding.retention.models import Extension, LegalHold
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Browser, ada: Any) -> Browser:
    client.force_login(ada)
    return client


@pytest.fixture
def url(clients: dict[str, Client]) -> str:
    return f"/setup/clients/{clients['Acme'].pk}/"


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def press(browser: Browser, url: str, **typed: Any) -> Any:
    """Asks for the page, proves who it is, reads it, presses."""
    browser.get(url)
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', browser.get(url).content.decode())
    return browser.post(url, {**dict(hidden), **typed})


def test_an_administrator_chooses_frameworks_and_years(
    desk: Browser, url: str, clients: dict[str, Client]
) -> None:
    Client.objects.filter(pk=clients["Acme"].pk).update(retention_years=3)
    answer = press(desk, f"{url}retention/", frameworks=["hipaa", "gdpr"], years="6")
    assert answer.headers["Location"] == url
    page = says(desk.get(url))
    assert "6 years For HIPAA, GDPR." in page
    assert "years that records are kept: “3” became “6”" in page
    assert Extension.objects.get().years == 6


def test_too_few_years_are_told_beside_the_field_and_what_was_ticked_stays(desk: Browser, url: str) -> None:
    answer = press(desk, f"{url}retention/", frameworks=["hipaa"], years="4")
    assert answer.status_code == 422
    assert "HIPAA asks for 6 years. Choose 6 or more." in says(answer)
    assert re.search(r'value="hipaa" checked', answer.content.decode())


def test_without_a_fresh_proof_nothing_is_chosen_and_nothing_held(desk: Browser, url: str) -> None:
    for page in (f"{url}retention/", f"{url}hold/"):
        answer = desk.post(page, {"frameworks": ["sox"], "years": "7", "reason": "x", "version": "1"})
        assert answer.status_code == 302 and "/confirm-identity/" in answer.headers["Location"]
    assert not LegalHold.objects.exists() and not Client.objects.exclude(retention_years=None).exists()


def test_a_press_without_its_page_shows_the_page(desk: Browser, url: str) -> None:
    desk.get(f"{url}hold/")
    desk.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    answer = desk.post(f"{url}hold/", {"reason": "Lawsuit", "nonce": "old"})
    assert "Put Acme on legal hold" in says(answer) and not LegalHold.objects.exists()


def test_a_hold_is_put_on_shown_and_lifted(desk: Browser, url: str, clients: dict[str, Client]) -> None:
    press(desk, f"{url}hold/", reason="Lawsuit 7")
    page = says(desk.get(url))
    assert "Legal hold on Acme Ada put it on, " in page and "Lawsuit 7. Nothing of it is purged" in page
    press(desk, f"{url}hold/", reason="Settled")
    assert "Nothing of it is purged" not in says(desk.get(url))
    assert "lifted the legal hold: Settled" in says(desk.get(url))
    assert LegalHold.objects.get().lifted_method == "password"


def test_a_hold_needs_a_reason(desk: Browser, url: str) -> None:
    answer = press(desk, f"{url}hold/", reason=" ")
    assert answer.status_code == 422 and "Say why: it stands in the record." in says(answer)


def test_everybody_who_sees_the_evidence_sees_hold_and_last_day(
    client: Browser, filed: Any, sam: Any, erin: Any
) -> None:
    removal = filed()
    at = f"/requests/{removal.reference}/"
    client.force_login(sam)
    assert f'href="{at}hold/"' in client.get(f"{at}evidence/").content.decode()
    assert press(client, f"{at}hold/", reason="Incident 3").headers["Location"] == f"{at}evidence/"
    client.force_login(erin)
    page = client.get(f"{at}evidence/")
    assert "Incident 3. Nothing of it is purged" in says(page)
    assert f"{at}hold/" not in page.content.decode()
    assert "put it on legal hold: Incident 3" in says(client.get(f"{at}timeline/"))


def test_who_may_not_hold_is_told_who_may(client: Browser, filed: Any, olga: Any) -> None:
    client.force_login(olga)
    page = says(client.get(f"/requests/{filed().reference}/hold/"))
    assert "Only security and administrators of every client concerned" in page


# ---------------------------------------------------------------- purging


@pytest.fixture
def past(clients: dict[str, Client], settings: Any, tmp_path: Any) -> Any:
    """A file whose last day is over, attached to nothing."""
    from datetime import date
    from io import BytesIO

    from offboarding.evidence import store
    from offboarding.evidence.models import Evidence

    settings.EVIDENCE_ROOT = tmp_path / "evidence"
    sha256, size = store.put(BytesIO(b"old"), date(2024, 1, 1))
    return Evidence.objects.create(
        sha256=sha256, size=size, media_type="image/png", name="old.png", shows="The Tokens tab", source="person",
        taken_by="Olga", client=clients["Acme"], keep_until="2024-01-01",
    )  # fmt: skip


@pytest.fixture
def other(db: None) -> Browser:
    from offboarding.directory.models import Membership
    from offboarding.users.models import User

    lin = User.objects.create_user("lin@northwind.example", "Lin", PASSWORD)
    Membership.objects.create(user=lin, role="administrator")
    browser = Browser()
    browser.force_login(lin)
    return browser


def purge(pk: int) -> None:
    from offboarding.retention import purging
    from offboarding.retention.models import Purge
    from offboarding.work.actions import claim

    held = claim(Purge, pk)
    assert held
    purging.perform(held)


def test_one_asks_another_confirms_and_the_page_says_what_went(
    desk: Browser, other: Browser, url: str, past: Any
) -> None:
    from offboarding.retention.models import Purge

    assert "1 file or packet, 3" in says(desk.get(f"{url}purge/"))
    assert press(desk, f"{url}purge/ask/", reason="Past retention").headers["Location"] == f"{url}purge/"
    page = says(desk.get(f"{url}purge/"))
    assert "You asked for this, so another administrator confirms it." in page and "Take it back" in page
    assert "You asked for this" in says(press(desk, f"{url}purge/confirm/"))
    assert press(other, f"{url}purge/confirm/").headers["Location"] == f"{url}purge/"
    purge(Purge.objects.get().pk)
    page = says(other.get(f"{url}purge/"))
    assert "1 of 1, 3" in page and "Confirmed by Lin" in page and "Asked by Ada" in page
    assert "ended the purge: 1 of 1 files and packets are gone" in says(desk.get(url))


def test_a_declined_purge_says_why(desk: Browser, other: Browser, url: str, past: Any) -> None:
    press(desk, f"{url}purge/ask/", reason="Past retention")
    assert press(other, f"{url}purge/decline/", reason="").status_code == 422
    press(other, f"{url}purge/decline/", reason="The auditor comes in May")
    page = says(desk.get(f"{url}purge/"))
    assert "Declined by Lin The auditor comes in May" in page and "1 file or packet" in page


def test_where_a_file_was_pages_and_downloads_say_who_let_it_go(
    desk: Browser, other: Browser, url: str, past: Any, running: Any, olga: Any, sam: Any
) -> None:
    from offboarding.execution.models import Proof, Run
    from offboarding.removals.models import RemovalRequest
    from offboarding.retention.models import Purge

    removal = running("Acme Production")
    Proof.objects.create(run=Run.objects.filter(item__plan__removal=removal)[0], evidence=past, added_by=olga)
    RemovalRequest.objects.filter(pk=removal.pk).update(stage="closed")
    press(desk, f"{url}purge/ask/", reason="Past retention")
    press(other, f"{url}purge/confirm/")
    purge(Purge.objects.get().pk)
    page = desk.get(f"/requests/{removal.reference}/evidence/")
    assert re.search(r"Purged on \d+ \w+ \d+ by Ada and Lin: Past retention", says(page))
    assert f"/files/{past.pk}/" not in page.content.decode()
    answer = desk.get(f"/evidence/{removal.reference}/files/{past.pk}/")
    assert answer.status_code == 409 and "by Ada and Lin: Past retention." in says(answer)


def test_nothing_may_go_is_said(desk: Browser, url: str) -> None:
    assert "Nothing may go." in says(desk.get(f"{url}purge/"))
    assert desk.get(f"{url}purge/ask/").status_code == 302
    assert desk.get(f"{url}purge/confirm/").status_code == 404
