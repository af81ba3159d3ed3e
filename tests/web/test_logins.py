"""The form for a new login: after a proof of identity, entered once, never shown again."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from offboarding.checklist.models import ChecklistItem
from offboarding.execution.models import Run, Secret
from offboarding.execution.rules import Cause
from offboarding.work.rules import State
from tests.conftest import PASSWORD

Make = Callable[..., Any]
SECRET = "never-shown-again-7"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def at(run: Run, path: str = "") -> str:
    return f"/requests/{run.item.plan.removal.reference}/steps/{run.item.number}/{path}"


@pytest.fixture
def run(running: Make) -> Run:
    """A step that looked at a warehouse and waits for its new login."""
    plan = running("Acme Production").plans.get()
    item = ChecklistItem.objects.create(
        plan=plan, number=900, code="rotate-warehouse-login", phase="rotate", kind="automatic",
        step="segment.update_warehouse", title="Give the warehouse Postgres a new login",
        workspace=plan.items.exclude(workspace=None).first().workspace, due_at=plan.removal.due_at, waits_for=[], how=[],
        target={"addresses": [], "login_id": "w1", "login": "Postgres"},
    )  # fmt: skip
    made = Run.objects.create(item=item, state=State.NEEDS_PERSON, cause=Cause.LOGIN_WANTED, not_before=None,
                              sentence="Enter the new login.", remedy="Make one.")  # fmt: skip
    made.attempts.create(
        number=1, act="look", intent="Read", result="seen",
        facts={
            "seen": "present", "used_by": ["Web shop", "App"], "updated_at": "",
            "settings": {"username": "segment_loader", "hostname": "db.acme.example", "port": 5432},
            "asked": [["username", False, True], ["password", True, True]],
        },
    )  # fmt: skip
    return made


@pytest.fixture
def operator(client: Browser, olga: Any) -> Browser:
    client.force_login(olga)
    return client


def prove(browser: Browser, run: Run) -> None:
    """Ask for the form, and show who you are."""
    answer = browser.get(at(run, "login/"))
    assert answer["Location"].startswith("/confirm-identity/")
    assert browser.post(answer["Location"], {"password": PASSWORD})["Location"] == at(run, "login/")


def send(browser: Browser, run: Run, **data: str) -> Any:
    return browser.post(at(run, "login/"), {"username": "loader_2", "password": SECRET, **data})


def test_the_step_shows_who_uses_the_login_and_how_it_signs_in(operator: Browser, run: Run) -> None:
    page = text_of(operator.get(at(run)))
    for words in (
        "Enter the new login", "Web shop", "App", "segment_loader", "db.acme.example", "5432",
        "Segment tries the new login before it is saved.", "Do it by hand",
    ):  # fmt: skip
        assert words in page
    assert "Try again" not in page and "Blocked" not in page


def test_after_a_proof_the_login_is_kept_and_the_step_goes_on(operator: Browser, run: Run, olga: Any) -> None:
    prove(operator, run)
    form = operator.get(at(run, "login/")).content.decode()
    assert 'value="segment_loader"' in form and 'type="password"' in form
    page = operator.post(at(run, "login/"), {"username": "loader_2", "password": SECRET}, follow=True)
    assert "The new login is kept, sealed, and is tried now." in text_of(page)
    assert "A new login is kept here, sealed, since today" in text_of(page)
    run.refresh_from_db()
    assert (run.state, run.cause) == ("ready", "")
    assert Secret.objects.filter(run=run, forgotten_at=None).count() == 1


def test_one_proof_is_enough_for_the_logins_of_a_request(operator: Browser, run: Run) -> None:
    prove(operator, run)
    send(operator, run)
    Run.objects.filter(pk=run.pk).update(state=State.NEEDS_PERSON)
    assert operator.get(at(run, "login/")).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_proof_made_for_this_request_nothing_is_taken(
    operator: Browser, run: Run, method: str
) -> None:
    answer = operator.get(at(run, "login/")) if method == "get" else send(operator, run)
    assert answer["Location"].startswith("/confirm-identity/")
    assert send(operator, run)["Location"].startswith("/confirm-identity/")
    assert not Secret.objects.exists()


def test_a_proof_for_another_request_or_an_old_one_does_not_count(
    operator: Browser, run: Run, settings: Any
) -> None:
    prove(operator, run)
    session = operator.session
    session["login"] = {"request": run.item.plan.removal.number + 1, "at": 0}
    session.save()
    assert send(operator, run)["Location"].startswith("/confirm-identity/")
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1
    session = operator.session
    session["login"] = {"request": run.item.plan.removal.number, "at": time.time() - 60}
    session.save()
    assert send(operator, run)["Location"].startswith("/confirm-identity/")
    assert not Secret.objects.exists()


def test_a_mistake_is_told_at_its_field_and_the_secret_is_not_shown_again(
    operator: Browser, run: Run
) -> None:
    prove(operator, run)
    answer = send(operator, run, username="")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("Enter the username.") == 2
    assert SECRET not in page
    answer = send(operator, run, password="••••")
    assert 'value="loader_2"' in answer.content.decode()
    assert not Secret.objects.exists()


def test_who_may_not_work_on_the_step_sees_no_form(client: Browser, run: Run, bob: Any, carol: Any) -> None:
    client.force_login(bob)
    assert "login/" not in client.get(at(run)).content.decode()
    assert client.get(at(run, "login/")).status_code == 409
    assert send(client, run).status_code == 409
    client.force_login(carol)
    assert client.get(at(run, "login/")).status_code == 404


@pytest.mark.parametrize(
    "change", [{"manual": True}, {"state": State.VERIFYING}, {"state": State.DONE, "ended": "changed"}]
)
def test_a_step_that_wants_no_login_has_no_form(operator: Browser, run: Run, change: dict[str, Any]) -> None:
    prove(operator, run)
    Run.objects.filter(pk=run.pk).update(**change)
    assert "Enter the new login" not in re.sub(r"Enter the new login\.", "", text_of(operator.get(at(run))))
    assert operator.get(at(run, "login/")).status_code == 409
    assert send(operator, run).status_code == 409


def test_the_secret_is_in_no_page_row_session_or_log(operator: Browser, run: Run, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    prove(operator, run)
    pages = [send(operator, run, username=""), send(operator, run), operator.get(at(run))]
    pages.append(operator.get(f"/requests/{run.item.plan.removal.reference}/timeline/"))
    rows = [repr(vars(row)) for model in apps.get_models() for row in model._base_manager.all()]
    texts = [*rows, *(page.content.decode() for page in pages), caplog.text, repr(dict(operator.session))]
    assert not [text for text in texts if SECRET in text]


def test_nor_in_an_error_page_when_something_breaks(operator: Browser, run: Run, caplog: Any) -> None:
    from offboarding.ledger.models import Head

    prove(operator, run)
    Head.objects.all().delete()
    operator.raise_request_exception = False
    answer = send(operator, run)
    assert answer.status_code == 500
    assert SECRET not in answer.content.decode() and SECRET not in caplog.text
    assert not Secret.objects.exists()


def test_while_another_request_changes_the_login_the_page_says_so_and_takes_none(
    operator: Browser, run: Run
) -> None:
    item = ChecklistItem.objects.get(pk=run.item_id)
    item.pk, item.number = None, 901
    item.save()
    other = Run.objects.create(item=item, state=State.VERIFYING, not_before=None)
    Secret.objects.create(run=other, name="new login", sealed="x", fingerprint="f")
    page = text_of(operator.get(at(run)))
    assert "Step 901 of R-" in page and "changes this login now." in page
    assert "login/" not in operator.get(at(run)).content.decode()
    assert operator.get(at(run, "login/")).status_code == 409


def test_the_number_of_queries_stays_small(operator: Browser, run: Run) -> None:
    with CaptureQueriesContext(connection) as queries:
        operator.get(at(run))
    assert len(queries) <= 28, [query["sql"][:90] for query in queries]
