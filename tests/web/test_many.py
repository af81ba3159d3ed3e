"""Filing for many people on the pages: the list, its faults, mending, the one press, and what became of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from offboarding.directory.models import Address, Collaborator, Engagement
from offboarding.journey.batches import go_on
from offboarding.removals.models import Batch
from tests.conftest import DAN

TERMS = {"reason": "contract-ended", "start": "now", "time_zone": "Europe/Berlin"}


@pytest.fixture
def as_alice(client: Browser, alice: Any) -> Browser:
    client.force_login(alice)
    return client


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def begin(browser: Browser, text: str = f"{DAN}\nkim@partner.example", **more: Any) -> Any:
    return browser.post("/requests/many/", {**TERMS, "text": text, **more})


def test_a_pasted_list_is_shown_row_by_row_before_anything_is_sent(as_alice: Browser) -> None:
    answer = begin(as_alice)
    text = says(as_alice.get(answer["Location"]))
    for wanted in ("2 can be filed", DAN, "kim@partner.example", "File for 2 people", "Contract ended"):
        assert wanted in text
    assert Batch.objects.get().state == "open"


def test_a_file_is_read_like_pasted_text(as_alice: Browser) -> None:
    file = SimpleUploadedFile("people.csv", b"\xef\xbb\xbfname;email\r\nKim;kim@partner.example\r\n")
    answer = as_alice.post("/requests/many/", {**TERMS, "file": file})
    assert "Kim kim@partner.example" in says(as_alice.get(answer["Location"]))


@pytest.mark.parametrize("size", [1_000_001, 12_000_000])
def test_a_file_that_is_too_large_is_told_so_however_large(size: int, as_alice: Browser) -> None:
    file = SimpleUploadedFile("people.csv", b"x" * size)
    answer = as_alice.post("/requests/many/", {**TERMS, "file": file})
    assert answer.status_code == 422 and "larger than 1 MB" in says(answer)


def test_the_template_can_be_downloaded_and_sent_back(as_alice: Browser) -> None:
    answer = as_alice.get("/requests/many/people.csv")
    assert "attachment" in answer["Content-Disposition"]
    assert begin(as_alice, answer.content.decode("utf-8-sig"))["Location"].startswith("/requests/many/")


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"text": ""}, "Paste a list, choose a file"),
        ({"reason": ""}, "Choose a reason"),
        ({"start": "at", "day": "2031-01-01"}, "Enter the time"),
        ({"start": "at", "day": "2021-01-01", "clock": "09:00"}, "This time has passed"),
        ({"text": 'email\n"open'}, "quotation mark"),
        ({"text": "\n".join(f"p{n}@x.example" for n in range(201))}, "at most 200"),
    ],
)
def test_what_cannot_be_read_is_said_and_stays(typed: dict[str, str], wanted: str, as_alice: Browser) -> None:
    answer = begin(as_alice, **{"text": "kept@partner.example", **typed})
    assert answer.status_code == 422
    assert wanted in says(answer)
    if "text" not in typed:
        assert "kept@partner.example" in answer.content.decode()


def test_a_wrong_row_is_mended_in_place_or_left_out(as_alice: Browser) -> None:
    here = begin(as_alice, "kim@partner.example\nnonsense\nalice@northwind.example")["Location"]
    page = as_alice.get(here).content.decode()
    assert "Row 2: Enter an e-mail address" in page and "Row 3: This is your own address" in page
    assert 'name="email-2"' in page and 'name="email-1"' not in page
    answer = as_alice.post(here, {"file": "1"})
    assert answer.status_code == 409 and "Put these rows right first" in says(answer)
    fields = dict.fromkeys((f"{name}-2" for name in ("others", "name", "engagement", "reason", "ticket")), "")
    as_alice.post(here, {**fields, "email-2": "now@partner.example", "out": ["3"], "save": "1"})
    text = says(as_alice.get(here))
    assert "2 can be filed, 1 is left out" in text
    answer = as_alice.post(here, {"out": ["3"], "file": "1"}, follow=True)
    assert "2 requests are being filed" in says(answer)


def test_a_row_that_can_be_filed_is_changed_too_and_nothing_typed_elsewhere_is_lost(
    as_alice: Browser,
) -> None:
    text = "email,other addresses\nkim@partner.example,kim@old.example\nnonsense,"
    here = begin(as_alice, text)["Location"]
    rest = ("name", "engagement", "reason", "ticket")
    wrong = {
        **dict.fromkeys((f"{name}-2" for name in ("others", *rest)), ""),
        "email-2": "lee@partner.example",
    }
    answer = as_alice.post(here, {**wrong, "change": "1"})
    assert answer["Location"] == f"{here}?change=1#row-1"
    shown = as_alice.get(answer["Location"]).content.decode()
    assert 'value="kim@old.example"' in shown
    assert 'name="others-1"' in shown and "lee@partner.example" in shown
    mended = {**dict.fromkeys((f"{name}-1" for name in rest), ""), "email-1": "kim@partner.example"}
    as_alice.post(f"{here}?change=1", {**mended, "others-1": "kim@home.example", "save": "1"})
    text = says(as_alice.get(here))
    assert "kim@home.example" in text and "kim@old.example" not in text and "2 can be filed" in text


def test_an_open_request_is_pointed_at(as_alice: Browser, filed: Any) -> None:
    removal = filed("Acme Production")
    page = as_alice.get(begin(as_alice)["Location"]).content.decode()
    assert f"/requests/{removal.reference}/" in page and "is open for this person already" in page


def test_everyone_on_an_engagement_with_all_their_addresses(
    as_alice: Browser, clients: dict[str, Any], alice: Any
) -> None:
    works = Engagement.objects.create(client=clients["Acme"], name="Analytics", lead=alice)
    for name, *emails in (("Dan", DAN, "dan@home.example"), ("Kim", "kim@partner.example")):
        made = Collaborator.objects.create(client=clients["Acme"], name=name)
        made.engagements.add(works)
        for email in emails:
            Address.objects.create(collaborator=made, email=email)
    link = f"/requests/many/?engagement={works.pk}"
    assert (
        link in as_alice.get(f"/setup/clients/{clients['Acme'].pk}/engagements/{works.pk}/").content.decode()
    )
    assert re.search(rf'value="{works.pk}" selected', as_alice.get(link).content.decode())
    text = says(as_alice.get(begin(as_alice, "", engagement=works.pk)["Location"]))
    assert "File for 2 people" in text and "dan@home.example" in text


def test_everyone_goes_after_the_last_day_of_their_engagement(
    as_alice: Browser, clients: dict[str, Any], alice: Any, today: Any
) -> None:
    works = Engagement.objects.create(client=clients["Acme"], name="Analytics", lead=alice)
    made = Collaborator.objects.create(client=clients["Acme"], name="Dan")
    made.engagements.add(works)
    Address.objects.create(collaborator=made, email=DAN)
    for ends_on in (None, today - timedelta(days=1)):
        Engagement.objects.update(ends_on=ends_on)
        answer = begin(as_alice, "", engagement=works.pk, start="end")
        assert answer.status_code == 422 and "whose last day is still to come" in says(answer)
    assert begin(as_alice, start="end").status_code == 422, "a list is of no engagement"
    Engagement.objects.update(ends_on=today)
    assert begin(as_alice, "", engagement=works.pk, start="end").status_code == 302
    there = Batch.objects.get().starts_at.astimezone(ZoneInfo("Europe/Berlin"))
    assert (there.date(), f"{there:%H:%M}") == (today + timedelta(days=1), "00:00")


def test_what_became_of_each_row_is_shown_and_polled(as_alice: Browser, workspace: Any, seen: Any) -> None:
    workspace("Acme Production")
    here = begin(as_alice, DAN)["Location"]
    as_alice.post(here, {"file": "1"})
    page = as_alice.get(here).content.decode()
    since = re.search(r"since=([0-9a-f]{16})", page)
    assert since and "Waits for its turn" in page
    htmx = {"HX-Request": "true"}
    assert as_alice.get(f"{here}?since={since[1]}", headers=htmx).status_code == 204
    go_on()
    news = as_alice.get(f"{here}?since={since[1]}", headers=htmx)
    assert "Looking" in says(news) and "<html" not in news.content.decode()
    assert as_alice.post(here, {"file": "1"})["Location"] == here, "a second press changes nothing"
    assert Batch.objects.get().rows.get().state == "looking"


def test_a_list_is_thrown_away_before_it_is_filed(as_alice: Browser) -> None:
    here = begin(as_alice)["Location"]
    assert "thrown away" in says(as_alice.post(here, {"drop": "1"}, follow=True))
    assert as_alice.get(here).status_code == 404


def test_a_list_is_nobody_elses(as_alice: Browser, person: Any, bob: Any) -> None:
    from offboarding.users.rules import Role

    here, other = begin(as_alice)["Location"], Browser()
    other.force_login(person("rita", Role.REQUESTER))
    assert (other.get(here).status_code, other.post(here, {"file": "1"}).status_code) == (404, 404)
    other.force_login(bob)
    assert other.get("/requests/many/").status_code == 403
