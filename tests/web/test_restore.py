"""The page that asks for access back for a time, and what other pages say of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from offboarding.execution.models import Attempt, Run
from offboarding.journey import actions as journey
from offboarding.removals.models import RemovalRequest
from offboarding.verification.models import Finding

Make = Callable[..., Any]


def at(removal: Any, path: str = "") -> str:
    return f"/requests/{removal.reference}/{path}"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def field(response: Any, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', response.content.decode())
    return found[1] if found else ""


@pytest.fixture
def taken(running: Make) -> Any:
    removal = running("Acme Production")
    Run.objects.update(state="done", ended="already")
    return removal


def filled(page: Any, **change: Any) -> dict[str, Any]:
    usual = {"places": re.findall(r'name="places"[^>]*value="(\d+)"', page.content.decode()),
             "day": field(page, "day"), "clock": field(page, "clock"), "time_zone": "Europe/Berlin",
             "why": "The nightly export stopped"}  # fmt: skip
    return {**usual, **change}


def test_a_restoration_is_asked_for_and_found_from_both_sides(
    client: Browser, taken: Any, alice: Any
) -> None:
    client.force_login(alice)
    assert at(taken, "restore/") in client.get(at(taken)).content.decode()
    page = client.get(at(taken, "restore/"))
    assert "has to accept the invitation" in text_of(page) and "Groups are given again" in text_of(page)
    assert "Held before: Source Admin" in text_of(page)
    response = client.post(at(taken, "restore/"), filled(page), follow=True)
    made = RemovalRequest.objects.get(restores=taken)
    shown = text_of(response)
    assert response.redirect_chain[-1][0] == at(made)
    assert "waits for approval" in shown and f"Restores what {taken.reference} took away" in shown
    assert "Restore access of Dan Reyes in 1 workspace for a time" in shown
    assert "Change the plan" not in shown
    assert f"Restoration {made.reference}: To decide" in text_of(client.get(at(taken)))
    assert f"{made.reference} restores access here already." in text_of(client.get(at(taken, "restore/")))


def test_an_approver_reads_what_comes_back(client: Browser, taken: Any, alice: Any, bob: Any) -> None:
    client.force_login(alice)
    client.post(at(taken, "restore/"), filled(client.get(at(taken, "restore/"))))
    made = RemovalRequest.objects.get(restores=taken)
    client.force_login(bob)
    page = text_of(client.get(at(made, "approve/")))
    assert "What comes back: 1 workspace" in page
    assert f"Gives back what {taken.reference} took away, because: The nightly export stopped" in page
    assert "Given back" in page and "Give back until" in page and "2 Give back" in page
    assert "invited again and has to accept" in page


def test_while_it_lasts_nothing_is_called_gone(
    client: Browser, taken: Any, alice: Any, bob: Any, olga: Any, decide: Make
) -> None:
    client.force_login(alice)
    client.post(at(taken, "restore/"), filled(client.get(at(taken, "restore/"))))
    made = RemovalRequest.objects.get(restores=taken)
    decide(made, bob)
    journey.advance(made.pk)
    Run.objects.filter(item__plan__removal=made, item__phase="restore").update(
        state="done", ended="changed", sentence="holds exactly what was held before"
    )
    client.force_login(olga)
    for path in ("", "checklist/"):
        page = text_of(client.get(at(made, path)))
        assert "Restored until" in page
        assert not re.search(r"\b(gone|removed)\b", page.split("Restored until")[1], re.IGNORECASE), path
    assert "On purpose, until its end: holds exactly" in text_of(client.get(at(made)))


def test_meanwhile_the_original_does_not_call_it_gone_either(
    client: Browser, taken: Any, alice: Any, bob: Any, olga: Any, decide: Make
) -> None:
    """A place that was read as gone, and is given back now."""
    client.force_login(alice)
    client.post(at(taken, "restore/"), filled(client.get(at(taken, "restore/"))))
    made = RemovalRequest.objects.get(restores=taken)
    decide(made, bob)
    journey.advance(made.pk)
    Run.objects.filter(item__plan__removal=made, item__code="give-back").update(state="done", ended="changed")
    check = Run.objects.get(item__plan__removal=taken, item__code="read-again")
    attempt = Attempt.objects.create(run=check, number=1, act="look", intent="Read", result="seen")
    Finding.objects.create(attempt=attempt, seen="absent", says="not among members", data={})
    client.force_login(olga)
    original = text_of(client.get(at(taken)))
    assert f"Given back On purpose, by {made.reference}, until its end" in original and "1 kept" in original
    assert original.count("Gone") == 0
    Run.objects.filter(item__plan__removal=made, item__code="end-restored").update(
        state="done", ended="changed"
    )
    assert "Gone, verified" in text_of(client.get(at(taken)))


def test_cancelling_the_rest_of_a_restoration_promises_its_end(
    client: Browser, taken: Any, alice: Any, bob: Any, decide: Make
) -> None:
    client.force_login(alice)
    client.post(at(taken, "restore/"), filled(client.get(at(taken, "restore/"))))
    made = RemovalRequest.objects.get(restores=taken)
    decide(made, bob)
    journey.advance(made.pk)
    assert "What was given back still ends at its time." in text_of(client.get(at(made, "cancel-rest/")))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"places": []}, "Choose at least one workspace."),
        ({"day": "tomorrow"}, "Enter a date like 2027-01-31."),
        ({"day": "2020-01-01"}, "at least one hour away"),
        ({"day": "2031-01-01"}, "within the next 30 days"),
        ({"clock": "late"}, "Enter a time like 17:00."),
        ({"time_zone": "Mars/Phobos"}, "Choose a time zone from the list."),
        ({"why": ""}, "Say what stopped working."),
        ({"day": "2027-03-28", "clock": "02:30"}, "There is no 02:30 on 28 Mar 2027 in Europe/Berlin"),
        ({"day": "2027-10-31", "clock": "02:30"}, "02:30 on 31 Oct 2027 in Europe/Berlin comes twice"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_nothing_is_lost(
    client: Browser, taken: Any, alice: Any, change: dict[str, Any], says: str
) -> None:
    client.force_login(alice)
    page = client.get(at(taken, "restore/"))
    response = client.post(at(taken, "restore/"), filled(page, **change))
    assert response.status_code in (409, 422) and says in text_of(response)
    assert "why" in change or "The nightly export stopped" in text_of(response)
    assert not RemovalRequest.objects.exclude(restores=None).exists()


@pytest.mark.parametrize("who", ["bob", "olga", "erin"])
def test_others_read_why_they_cannot(client: Browser, taken: Any, request: Any, who: str) -> None:
    client.force_login(request.getfixturevalue(who))
    assert at(taken, "restore/") not in client.get(at(taken)).content.decode()
    assert "Only engagement leads, security and administrators" in text_of(client.get(at(taken, "restore/")))
    assert client.post(at(taken, "restore/"), {"why": "x"}).status_code == 403


def test_for_another_clients_lead_it_does_not_exist(client: Browser, taken: Any, carol: Any) -> None:
    client.force_login(carol)
    assert client.get(at(taken, "restore/")).status_code == 404


def test_before_anything_was_taken_the_page_says_why_not(client: Browser, running: Make, alice: Any) -> None:
    removal = running("Acme Production")
    client.force_login(alice)
    page = text_of(client.get(at(removal, "restore/")))
    assert "The work there has not ended yet." in page and "Send for approval" not in page
