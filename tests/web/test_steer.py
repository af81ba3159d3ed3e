"""Pausing a request, letting it go on and cancelling its rest, in the browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from offboarding.execution.models import Run
from offboarding.removals import steering

Make = Callable[..., Any]


def at(removal: Any, path: str = "") -> str:
    return f"/requests/{removal.reference}/{path}"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_request_is_paused_with_a_reason_and_goes_on(client: Browser, running: Make, olga: Any) -> None:
    removal = running()
    client.force_login(olga)
    assert at(removal, "pause/") in client.get(at(removal)).content.decode()
    done = client.post(at(removal, "pause/"), {"reason": "The client asked"}, follow=True)
    page = text_of(done)
    assert "is paused. No call begins until somebody lets it go on." in page
    assert "Paused by Olga" in page and "The client asked" in page
    assert at(removal, "pause/") not in done.content.decode()
    page = text_of(client.post(at(removal, "resume/"), follow=True))
    assert "goes on" in page and "Paused by" not in page


def test_the_rest_is_cancelled_with_a_reason(client: Browser, running: Make, alice: Any) -> None:
    removal = running()
    client.force_login(alice)
    page = text_of(client.get(at(removal, "cancel-rest/")))
    assert "What was called already is not undone." in page
    page = text_of(client.post(at(removal, "cancel-rest/"), {"reason": "Dan stays"}, follow=True))
    assert "Cancelled what was left" in page and "Cancelled by Alice" in page and "Dan stays" in page
    assert "Cancel the rest" not in page
    assert "Cancelled what was left" in text_of(client.get("/requests/"))
    timeline = text_of(client.get(at(removal, "timeline/")))
    assert "cancelled what had not run yet: Dan stays" in timeline


@pytest.mark.parametrize("path", ["pause/", "cancel-rest/"])
def test_without_a_reason_the_page_asks_again(client: Browser, running: Make, olga: Any, path: str) -> None:
    removal = running()
    client.force_login(olga)
    response = client.post(at(removal, path), {"reason": " "})
    assert response.status_code == 422
    assert 'href="#id_reason"' in response.content.decode()


@pytest.mark.parametrize("path", ["pause/", "cancel-rest/"])
@pytest.mark.parametrize("who", ["bob", "erin"])
def test_others_read_why_they_cannot(
    client: Browser, running: Make, request: Any, path: str, who: str
) -> None:
    removal = running()
    client.force_login(request.getfixturevalue(who))
    assert at(removal, path) not in client.get(at(removal)).content.decode()
    assert "Only the requester" in text_of(client.get(at(removal, path)))
    assert client.post(at(removal, path), {"reason": "x"}).status_code == 403
    removal.refresh_from_db()
    assert removal.paused_at is None and removal.rest_cancelled_at is None


@pytest.mark.parametrize("path", ["pause/", "resume/", "cancel-rest/"])
def test_for_another_clients_lead_it_does_not_exist(
    client: Browser, running: Make, carol: Any, path: str
) -> None:
    removal = running()
    client.force_login(carol)
    assert client.post(at(removal, path), {"reason": "x"}).status_code == 404


def test_a_second_press_says_that_it_is_done(client: Browser, running: Make, olga: Any) -> None:
    removal = running()
    client.force_login(olga)
    assert client.post(at(removal, "resume/")).status_code == 409
    steering.pause(removal, olga, "Wait")
    response = client.post(at(removal, "pause/"), {"reason": "Wait"})
    assert response.status_code == 409
    assert "is paused already" in text_of(response)


def test_pages_of_a_paused_request_cost_no_more_questions(client: Browser, running: Make, olga: Any) -> None:
    removal = running()
    client.force_login(olga)
    with CaptureQueriesContext(connection) as before:
        client.get(at(removal))
    steering.pause(removal, olga, "Wait")
    with CaptureQueriesContext(connection) as after:
        client.get(at(removal))
    assert len(after) <= len(before)


def test_a_step_that_backs_off_offers_now_and_by_hand(client: Browser, running: Make, olga: Any) -> None:
    removal = running()
    run = Run.objects.get(item__plan__removal=removal, item__code="remove-member")
    later = datetime.now(UTC) + timedelta(minutes=4)
    Run.objects.filter(pk=run.pk).update(state="waiting", waiting_for="No answer. Next try", not_before=later)
    client.force_login(olga)
    url = at(removal, f"steps/{run.item.number}/")
    page = text_of(client.get(url))
    assert "Try now" in page and "Do it by hand" in page and "Skip this step" in page
    steering.pause(removal, olga, "Wait")
    assert "Try now" not in text_of(client.get(url))


def test_a_stopped_step_can_be_handed_to_somebody(
    client: Browser, running: Make, olga: Any, sam: Any
) -> None:
    removal = running()
    run = Run.objects.get(item__plan__removal=removal, item__code="remove-member")
    Run.objects.filter(pk=run.pk).update(state="needs_person", cause="declined", not_before=None)
    client.force_login(olga)
    url = at(removal, f"steps/{run.item.number}/")
    assert "Hand to somebody" in text_of(client.get(url))
    assert "For Sam" in text_of(client.post(f"{url}assign/", {"to": sam.pk}, follow=True))
