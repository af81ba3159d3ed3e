"""A sign-in ends after a while without activity, and after a day's work in any case."""

from __future__ import annotations

import json
from datetime import UTC, datetime
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


def test_what_is_set_in_the_browser_holds_from_the_next_sign_in_on(
    signed_in: Browser, ada: Any, bob: Any, today: Any, settings: Any
) -> None:
    from offboarding.directory.queries import scope_of
    from offboarding.removals import adjusting
    from offboarding.removals.catalogue import SIGN_IN

    adjusting.change(ada, scope_of(ada, today), SIGN_IN, {"idle-minutes": 15, "sign-in-hours": 1}, 0)
    assert after(50 * 60, signed_in).status_code == 200, "who was in before keeps what held then"
    browser = Browser()
    with time_machine.travel(NOON, tick=False):
        browser.post("/signin/", {"login": bob.email, "password": PASSWORD})
    for minutes in range(0, 60, 14):
        assert after(minutes * 60, browser).status_code == 200
    answer = after(61 * 60, browser)
    assert "signed in for 1 hour" in after(3662, browser, answer["Location"]).content.decode()
    settings.IDLE_SECONDS = 300
    assert after(56 * 60, signed_in)["Location"].startswith("/signin/"), "the environment holds at once"


def test_it_ends_after_its_hours_however_busy(signed_in: Browser, settings: Any) -> None:
    hours = settings.SESSION_COOKIE_AGE // 3600
    for minutes in range(0, hours * 60, 50):
        assert after(minutes * 60, signed_in).status_code == 200
    answer = after(hours * 3600 + 1, signed_in)
    assert answer["Location"].startswith("/signin/")


# ---------------------------------------------------------------- the warning before


def asks(seconds: float, browser: Browser, method: str = "get") -> tuple[float, bool]:
    """(seconds from noon until the end, whether activity puts it off)"""
    with time_machine.travel(NOON + seconds, tick=False):
        answer = getattr(browser, method)("/signin/stay/")
    said = json.loads(answer.content)
    return datetime.fromisoformat(said["ends"]).timestamp() - NOON, said["extends"]


def test_a_page_carries_the_end_and_asking_for_it_puts_nothing_off(signed_in: Browser, settings: Any) -> None:
    settings.IDLE_SECONDS = 600
    page = after(0, signed_in).content.decode()
    assert f'data-session-ends="{datetime.fromtimestamp(NOON + 600, UTC).isoformat()}"' in page
    for seconds in (100, 300, 599):
        assert asks(seconds, signed_in) == (600, True)
    assert after(601, signed_in)["Location"].startswith("/signin/")


def test_one_press_extends(signed_in: Browser, settings: Any) -> None:
    settings.IDLE_SECONDS = 600
    assert asks(590, signed_in, "post") == (1190, True)
    assert after(1100, signed_in).status_code == 200


def test_the_end_in_any_case_is_not_put_off_and_says_so(signed_in: Browser, settings: Any) -> None:
    settings.IDLE_SECONDS, settings.SESSION_COOKIE_AGE = 3600, 7200
    assert asks(3000, signed_in, "post") == (6600, True)
    assert asks(6000, signed_in, "post") == (7200, False)


def test_whoever_is_out_learns_only_that(client: Browser, db: None) -> None:
    assert client.get("/signin/stay/").status_code == 401
    assert client.post("/signin/stay/").status_code == 401


def test_another_site_extends_nothing(signed_in: Browser) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.cookies = signed_in.cookies
    assert browser.post("/signin/stay/").status_code == 403


# ---------------------------------------------------------------- a form that was sent too late


TYPED = {
    "time_zone": "UTC",
    "theme": "dark",
    "note": "Two hours of careful thought",
    "password": "never kept",
}


def late(browser: Browser, path: str = "/me/", **headers: Any) -> Any:
    with time_machine.travel(NOON + 7200, tick=False):
        return browser.post(path, TYPED, HTTP_REFERER="http://testserver/me/", **headers)


def back_in(browser: Browser, user: Any) -> Any:
    with time_machine.travel(NOON + 7300, tick=False):
        user.time_zone = "UTC"
        user.save()
        answer = browser.post(
            "/signin/", {"login": user.email, "password": PASSWORD, "next": "/signin/kept/"}
        )
        return browser.get(answer["Location"])


def test_what_was_typed_waits_and_is_sent_after_signing_in(signed_in: Browser, bob: Any) -> None:
    answer = late(signed_in)
    assert answer["Location"] == "/signin/?next=/signin/kept/"
    bob.refresh_from_db()
    assert bob.theme == "system"  # nothing was done
    page = back_in(signed_in, bob).content.decode()
    assert "Two hours of careful thought" in page
    assert 'action="/me/"' in page
    assert "not for the session" not in page
    assert "Files, passwords, codes and tokens are never kept" in page
    with time_machine.travel(NOON + 7310, tick=False):
        assert signed_in.post("/signin/kept/")["Location"] == "/me/"
        assert signed_in.get("/signin/kept/")["Location"] == "/"


def test_it_waits_for_its_writer_alone(signed_in: Browser, bob: Any, sam: Any) -> None:
    late(signed_in)
    assert back_in(signed_in, sam)["Location"] == "/"
    assert "Two hours" not in str(dict(signed_in.session.items()))


def test_it_also_waits_if_the_page_had_learnt_of_the_end_before(signed_in: Browser, bob: Any) -> None:
    after(7100, signed_in)
    assert late(signed_in)["Location"] == "/signin/?next=/signin/kept/"
    assert "Two hours" in back_in(signed_in, bob).content.decode()


def test_a_fragments_form_sends_the_whole_page_there(signed_in: Browser) -> None:
    assert late(signed_in, HTTP_HX_REQUEST="true")["HX-Redirect"] == "/signin/?next=/signin/kept/"


def test_a_stranger_leaves_nothing_behind(client: Browser, db: None) -> None:
    answer = client.post("/me/", TYPED)
    assert answer["Location"] == "/signin/?next=/me/"
    assert "kept_form" not in client.session


def test_it_is_not_kept_for_long(signed_in: Browser, bob: Any) -> None:
    late(signed_in)
    back_in(signed_in, bob)
    with time_machine.travel(NOON + 7200 + 3601, tick=False):
        assert signed_in.get("/signin/kept/")["Location"] == "/"
