"""A sign-in ends after a while without activity, and after a day's work in any case."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client as Browser

from tests.conftest import PASSWORD

NOON = 1_800_000_000.0


@pytest.fixture
def signed_in(client: Browser, bob: Any) -> Browser:
    with time_machine.travel(NOON, tick=False):
        client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    return client


def after(seconds: float, browser: Browser, path: str = "/requests/", **headers: Any) -> Any:
    with time_machine.travel(NOON + seconds, tick=False):
        return browser.get(path, **headers)


def test_without_activity_it_ends_and_says_so(signed_in: Browser, settings: Any) -> None:
    settings.IDLE_SECONDS = 600
    assert after(590, signed_in).status_code == 200
    answer = after(590 + 601, signed_in)
    assert answer["Location"] == "/signin/?next=/requests/"
    page = after(1192, signed_in, answer["Location"]).content.decode()
    assert "Nothing happened here for 10 minutes" in page


def test_activity_keeps_it(signed_in: Browser, settings: Any) -> None:
    settings.IDLE_SECONDS = 600
    for minutes in range(5, 60, 5):
        assert after(minutes * 60, signed_in).status_code == 200


def test_a_page_that_asks_for_news_is_no_activity(signed_in: Browser, settings: Any, filed: Any) -> None:
    settings.IDLE_SECONDS = 600
    path = f"/requests/{filed().reference}/?since=1"
    for seconds in range(60, 600, 60):
        assert after(seconds, signed_in, path, HTTP_HX_REQUEST="true").status_code in (200, 204)
    assert after(601, signed_in, path, HTTP_HX_REQUEST="true")["HX-Redirect"].startswith("/signin/")


def test_it_ends_after_its_hours_however_busy(signed_in: Browser, settings: Any) -> None:
    hours = settings.SESSION_COOKIE_AGE // 3600
    for minutes in range(0, hours * 60, 50):
        assert after(minutes * 60, signed_in).status_code == 200
    answer = after(hours * 3600 + 1, signed_in)
    assert answer["Location"].startswith("/signin/")
