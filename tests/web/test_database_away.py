"""While the database is away, a page says so, and needs no database for that."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.test import Client
from structlog.testing import capture_logs

from offboarding.work import desks
from offboarding.work.engine import Engine

pytestmark = pytest.mark.django_db


def fails(error: type[Exception], says: str = "server closed the connection unexpectedly") -> Any:
    """Every question to the database ends like this."""

    def wrapper(*_: Any) -> Any:
        raise error(says)

    return connection.execute_wrapper(wrapper)


@pytest.fixture
def browser(alice: Any) -> Client:
    made = Client(raise_request_exception=False)
    made.force_login(alice)
    return made


@pytest.mark.parametrize("page", ["/", "/signin/", "/requests/"])
def test_a_page_says_that_the_database_does_not_answer(browser: Client, page: str) -> None:
    with fails(OperationalError):
        answer = browser.get(page)
    assert answer.status_code == 503
    assert "The database does not answer" in answer.content.decode()
    assert "server closed" not in answer.content.decode()
    assert answer["Retry-After"] and answer["Cache-Control"] == "no-store"


def test_a_form_that_was_sent_meanwhile_is_told_the_same(browser: Client) -> None:
    with fails(OperationalError):
        answer = browser.post("/signin/", {"login": "alice@northwind.example", "password": "wrong"})
    assert answer.status_code == 503


def test_the_next_page_is_whole_again(browser: Client) -> None:
    with fails(OperationalError):
        browser.get("/")
    assert browser.get("/").status_code == 200


def test_a_mistake_of_ours_is_no_outage(browser: Client) -> None:
    """It shows the page with a number, and that page needs no database either."""
    with fails(ProgrammingError):
        answer = browser.get("/requests/")
    assert answer.status_code == 500
    assert "quote this number" in answer.content.decode()


NOT_OURS = [
    (ProgrammingError, "permission denied for table stamps_stamping"),
    (ProgrammingError, 'relation "stamps_stamping" does not exist'),
    (OperationalError, "no such table: stamps_stamping"),
]


@pytest.mark.parametrize(("error", "says"), NOT_OURS)
def test_an_upgrade_without_its_tables_says_what_to_run(client: Client, error: Any, says: str) -> None:
    with fails(error, says):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert "Run migrate, and limit_web_role" in answer.json()["says"]


def test_a_database_that_is_away_is_said_to_be_away(client: Client) -> None:
    with fails(OperationalError):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["says"]) == (503, "The database does not answer.")


@pytest.mark.parametrize(("error", "says"), NOT_OURS)
def test_an_engine_without_its_tables_does_not_blame_the_database(
    monkeypatch: pytest.MonkeyPatch, error: Any, says: str
) -> None:
    def asked() -> None:
        raise error(says)

    monkeypatch.setattr(desks.opening, "ask", asked)
    with capture_logs() as lines:
        Engine(1).turn(None)  # type: ignore[arg-type]
    assert [line["event"] for line in lines] == ["tables are not those of this version"]
