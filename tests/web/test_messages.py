"""The Messages tab: works, wrong person, other client, wrong state, stale, twice, constant queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from offboarding.notifications.follow import follow
from offboarding.notifications.models import Message

Make = Callable[..., Any]
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
HTMX = {"HX-Request": "true"}
ENDS: dict[str, dict[str, Any]] = {
    "done": {"sent_at": NOW, "handed_over_at": NOW},
    "failed": {"trouble": "The mail server did not take it: 550 no such user"},
    "unknown": {"handed_over_at": NOW, "not_before": None, "trouble": "Sending was cut off."},
    "needs_person": {"not_before": None, "trouble": "This message stopped 3 times."},
    "cancelled": {"left_out": "R-1001 is approved already."},
}


@pytest.fixture
def told(filed: Make, bob: Any) -> Any:
    """A request whose approver is told."""
    removal = filed()
    follow()
    return removal


@pytest.fixture
def ended(told: Any) -> Make:
    """The one message of the request, in this state."""

    def make(state: str) -> Message:
        Message.objects.update(state=state, **ENDS.get(state, {}))
        return Message.objects.get()

    return make


@pytest.fixture
def url(told: Any) -> str:
    return f"/requests/{told.reference}/messages/"


def again(message: Message) -> str:
    return f"/requests/{message.about}/messages/{message.pk}/again/"


def test_a_message_stands_with_reader_subject_state_and_text(client: Client, alice: Any, url: str) -> None:
    client.force_login(alice)
    page = client.get(url).content.decode()
    assert "Waiting" in page and "To Bob, bob@northwind.example" in page
    assert "Decide by " in page and "Contract ended, CS-1" in page
    assert 'href="/requests/R-1001/messages/" aria-current="page"' in page


@pytest.mark.parametrize(
    ("state", "says", "offers"),
    [
        ("ready", "Waiting", False),
        ("running", "Sending", False),
        ("done", "Sent", False),
        ("failed", "550 no such user", True),
        ("unknown", "May have been sent", True),
        ("needs_person", "stopped 3 times", True),
        ("cancelled", "R-1001 is approved already.", False),
    ],
)
def test_each_state_says_what_it_is_and_offers_what_helps(
    client: Client, alice: Any, url: str, ended: Make, state: str, says: str, offers: bool
) -> None:
    message = ended(state)
    client.force_login(alice)
    page = client.get(url).content.decode()
    assert says in page
    assert (again(message) in page) is offers


def test_before_anybody_is_told_the_page_says_so(client: Client, alice: Any, filed: Make) -> None:
    removal = filed()
    client.force_login(alice)
    assert "No message yet" in client.get(f"/requests/{removal.reference}/messages/").content.decode()


def test_of_another_client_there_is_nothing(client: Client, carol: Any, url: str, ended: Make) -> None:
    message = ended("failed")
    client.force_login(carol)
    assert client.get(url).status_code == 404
    assert client.get(again(message)).status_code == 404
    assert client.post(again(message), {"fence": message.fence}).status_code == 404
    assert Message.objects.get().state == "failed"


def test_a_message_of_another_request_is_not_found_here(
    client: Client, alice: Any, ended: Make, filed: Make
) -> None:
    message, other = ended("failed"), filed("Acme Staging")
    client.force_login(alice)
    assert (
        client.post(f"/requests/{other.reference}/messages/{message.pk}/again/", {"fence": 0}).status_code
        == 404
    )


@pytest.mark.parametrize("reader", ["alice", "olga", "sam"])
@pytest.mark.parametrize("state", ["failed", "unknown", "needs_person"])
def test_a_message_that_stopped_is_sent_again(
    client: Client, ended: Make, request: pytest.FixtureRequest, reader: str, state: str
) -> None:
    message = ended(state)
    client.force_login(request.getfixturevalue(reader))
    confirm = client.get(again(message)).content.decode()
    assert "Send this message again" in confirm
    assert ("may arrive twice" in confirm) is (state == "unknown")
    answer = client.post(again(message), {"fence": message.fence}, follow=True)
    assert "goes out again" in answer.content.decode()
    message.refresh_from_db()
    assert message.not_before is not None and message.handed_over_at is None


def test_a_get_never_sends(client: Client, alice: Any, ended: Make) -> None:
    message = ended("failed")
    client.force_login(alice)
    client.get(again(message))
    assert Message.objects.get().state == "failed"


@pytest.mark.parametrize("reader", ["bob", "erin"])
def test_who_only_reads_is_told_who_may_send(
    client: Client, ended: Make, url: str, request: pytest.FixtureRequest, reader: str
) -> None:
    message = ended("failed")
    client.force_login(request.getfixturevalue(reader))
    assert again(message) not in client.get(url).content.decode()
    answer = client.post(again(message), {"fence": message.fence})
    assert answer.status_code == 403 and "operators and security" in answer.content.decode()
    assert Message.objects.get().state == "failed"


@pytest.mark.parametrize("fence", ["7", "", "x", "²", "9" * 40])
def test_a_form_of_an_older_state_sends_nothing(client: Client, alice: Any, ended: Make, fence: str) -> None:
    message = ended("failed")
    client.force_login(alice)
    assert client.post(again(message), {"fence": fence}).status_code == 409
    assert Message.objects.get().state == "failed"


def test_what_was_sent_is_not_sent_again(client: Client, alice: Any, ended: Make, url: str) -> None:
    message = ended("done")
    client.force_login(alice)
    assert client.get(again(message)).headers["Location"] == url
    assert client.post(again(message), {"fence": message.fence}).status_code == 409


def test_a_second_press_sends_nothing_more(client: Client, alice: Any, ended: Make) -> None:
    message = ended("unknown")
    client.force_login(alice)
    assert client.post(again(message), {"fence": message.fence}).status_code == 302
    assert client.post(again(message), {"fence": message.fence}).status_code == 409


def test_a_poll_answers_only_with_news(client: Client, alice: Any, url: str, ended: Make) -> None:
    client.force_login(alice)
    since = client.get(url).context["poll"].url
    assert client.get(since, headers=HTMX).status_code == 204
    ended("done")
    news = client.get(since, headers=HTMX)
    assert news.status_code == 200 and b"<html" not in news.content
    assert "1 of 1 sent" in news.headers["HX-Trigger"]


def test_more_messages_cost_no_more_queries(
    client: Client, alice: Any, olga: Any, sam: Any, url: str, told: Any, decide: Make, bob: Any
) -> None:
    client.force_login(alice)
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(url)
    decide(told, bob, "ask", "Who takes over?")
    for number in range(3):
        message = Message.objects.order_by("pk")[0]
        Message.objects.create(
            entry_id=message.entry_id, recipient=[alice, olga, sam][number], kind="x", about=message.about,
            pace="at once", subject=f"Notice {number}", text="…", url="/",
        )  # fmt: skip
    follow()
    with CaptureQueriesContext(connection) as many:
        page = client.get(url).content.decode()
    assert page.count('id="message-') == 2 * 5
    assert len(many) == len(few)
