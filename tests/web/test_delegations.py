"""Letting somebody decide in one's place, through the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from offboarding.approvals.models import Approval, Delegation
from offboarding.users.rules import Role
from offboarding.work import clock
from tests.conftest import PASSWORD

Make = Callable[..., Any]
HERE, CONFIRM = "/me/delegations/", "/me/delegations/confirm/"


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def dev(person: Make) -> Any:
    return person("dev", Role.ADMINISTRATOR)


def typed(to: Any, **change: str) -> dict[str, str]:
    now = clock.now()
    days = {"from_day": now.date().isoformat(), "until_day": (now + timedelta(days=5)).date().isoformat()}
    times = {"from_clock": "00:00", "until_clock": "18:00", "time_zone": "UTC"}
    return {"to": str(to.pk), "why": "Holidays", **days, **times, **change}


def press(browser: Browser) -> Any:
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    found = re.search(r'name="nonce" value="([^"]+)"', browser.get(CONFIRM).content.decode())
    assert found
    return browser.post(CONFIRM, {"nonce": found[1]})


def test_an_approver_lets_somebody_decide_and_ends_it(client: Browser, bob: Any, dev: Any) -> None:
    client.force_login(bob)
    assert "Decisions in your place" in text_of(client.get("/me/"))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    answer = client.post(HERE, typed(dev))
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert client.post(CONFIRM)["Location"].startswith(reverse("account_reauthenticate")), "a proof of before"
    assert not Delegation.objects.exists()
    press(client)
    made = Delegation.objects.get()
    assert (made.giver, made.to, made.method) == (bob, dev, "password")
    page = text_of(client.get(HERE))
    assert "Dev decides for you" in page and "Holds now" in page
    other = Browser()
    other.force_login(dev)
    assert "You decide for Bob" in text_of(other.get(HERE))
    client.post(f"{HERE}{made.pk}/cancel/")
    assert "Ended by Bob" in text_of(client.get(HERE))


def test_the_delegate_decides_through_the_pages_and_it_says_for_whom(
    client: Browser, filed: Make, bob: Any, dev: Any
) -> None:
    now = clock.now()
    Delegation.objects.create(
        giver=bob, to=dev, starts_at=now, ends_at=now + timedelta(days=1), why="w", method="code"
    )
    removal = filed()
    client.force_login(dev)
    assert "To decide (1)" in text_of(client.get("/"))
    at = f"/requests/{removal.reference}/approve/"
    fingerprint = removal.plans.get().fingerprint
    client.post(at, {"decision": "approve", "fingerprint": fingerprint})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(f"{at}confirm/")
    assert "Dev for Bob, confirmed by password" in text_of(page)
    nonce = re.search(r'name="nonce" value="([^"]+)"', page.content.decode())
    assert nonce
    client.post(f"{at}confirm/", {"nonce": nonce[1]})
    assert Approval.objects.get().right_of == bob
    assert "Approved by Dev for Bob" in text_of(client.get(f"/requests/{removal.reference}/"))


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"to": ""}, "Choose who decides"),
        ({"to": "999"}, "Choose who decides"),
        ({"from_day": "soon"}, "Enter a date"),
        ({"until_clock": "late"}, "Enter a time"),
        ({"time_zone": "Moon/Base"}, "Choose a time zone"),
        ({"until_day": "2020-01-01"}, "This end has passed"),
        ({"why": ""}, "Say why"),
    ],
)
def test_what_is_mistyped_is_said_and_what_was_typed_stays(
    client: Browser, bob: Any, dev: Any, change: dict[str, str], wanted: str
) -> None:
    client.force_login(bob)
    answer = client.post(HERE, typed(dev) | change)
    assert answer.status_code == 422 and wanted in text_of(answer)
    assert "why" in change or 'value="Holidays"' in answer.content.decode()


def test_who_decides_nothing_delegates_nothing_and_strangers_end_nothing(
    client: Browser, alice: Any, bob: Any, dev: Any
) -> None:
    now = clock.now()
    made = Delegation.objects.create(
        giver=bob, to=dev, starts_at=now, ends_at=now + timedelta(days=1), why="w", method="code"
    )
    client.force_login(alice)
    assert "Only people who decide on requests delegate that." in text_of(client.get(HERE))
    assert client.post(HERE, typed(dev)).status_code == 422
    assert client.post(f"{HERE}{made.pk}/cancel/").status_code == 404
    assert Delegation.objects.get().cancelled_at is None


def test_the_page_takes_the_same_queries_however_many(
    client: Browser, bob: Any, dev: Any, person: Make
) -> None:
    client.force_login(bob)

    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            client.get(HERE)
        return len(taken)

    queries()
    before, now = queries(), clock.now()
    for n in range(5):
        Delegation.objects.create(
            giver=bob, to=person(f"p{n}", Role.ADMINISTRATOR), starts_at=now, ends_at=now + timedelta(days=1), why="w",
            method="code",
        )  # fmt: skip
    assert queries() == before
