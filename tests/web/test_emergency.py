"""The page of an emergency: one page to release it, one to watch it, and what others see of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from offboarding.discovery.models import Look
from offboarding.emergencies.models import Ask, Emergency, Review
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.removals.models import RemovalRequest
from tests.conftest import DAN, DAN_ELSEWHERE, PASSWORD

Make = Callable[..., Any]
PAGE = "/emergency/"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def typed(**change: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(minutes=20)
    return {
        "email": DAN,
        "others": "",
        "incident": "INC-774",
        "reason": "credentials-compromised",
        "known_day": at.date().isoformat(),
        "known_clock": f"{at:%H:%M}",
        "time_zone": "UTC",
        "typed": DAN,
        "act": "release",
        **change,
    }


def sign_in(browser: Browser, user: Any) -> None:
    """Through the door, so that the sign-in itself is a fresh proof."""
    browser.logout()
    browser.post("/signin/", {"login": user.email, "password": PASSWORD})


@pytest.fixture
def place(workspace: Make, seen: Make) -> Any:
    found = workspace("Acme Production")
    seen(found, [DAN], groups=("Admins",))
    return found


def test_the_button_is_there_for_security_alone(client: Browser, sam: Any, alice: Any) -> None:
    client.force_login(sam)
    assert 'href="/emergency/"' in client.get("/").content.decode()
    client.force_login(alice)
    assert 'href="/emergency/"' not in client.get("/").content.decode()
    page = client.get(PAGE)
    assert page.status_code == 403 and "Only security releases an emergency." in text_of(page)


def test_one_press_after_a_fresh_sign_in_releases(client: Browser, sam: Any, place: Any) -> None:
    sign_in(client, sam)
    answer = client.post(PAGE, typed())
    removal = RemovalRequest.objects.get(emergency=True)
    assert answer.headers["Location"] == f"{PAGE}{removal.reference}/"
    made = Emergency.objects.get()
    assert (made.released_by, made.method, made.incident) == (sam, "password", "INC-774")
    assert Run.objects.get(item__plan__removal=removal, item__code="contain").state == "ready"


def test_without_a_fresh_proof_it_is_asked_for_and_what_was_typed_stays(
    client: Browser, sam: Any, place: Any
) -> None:
    client.force_login(sam)
    answer = client.post(PAGE, typed(others="dan@elsewhere.example"))
    assert answer.status_code == 302 and "next=%2Femergency%2F" in answer.headers["Location"]
    assert not RemovalRequest.objects.exists()
    page = client.get(PAGE).content.decode()
    assert f'value="{DAN}"' in page and "INC-774" in page and "dan@elsewhere.example" in page


WRONG = [
    ({"email": "dan"}, "id_email", "Enter an e-mail address like name@company.com."),
    ({"others": "x@y.example, nobody"}, "id_others", "“nobody” is not an e-mail address"),
    ({"incident": ""}, "id_incident", "Enter the reference of the incident."),
    ({"incident": "x" * 101}, "id_incident", "Write at most 100 characters."),
    ({"reason": "contract-ended"}, "id_reason", "Choose the security reason."),
    ({"known_day": "soon"}, "id_known_day", "Enter a date like 2027-01-31."),
    ({"known_clock": "early"}, "id_known_clock", "Enter a time like 13:20."),
    ({"known_day": "2999-01-01"}, "id_known_clock", "This time is still ahead."),
    ({"time_zone": "Mars"}, "id_time_zone", "Choose a time zone from the list."),
    ({"typed": "dna@northwind.example"}, "id_typed", "Type the address once more"),
    ({"email": "sam@northwind.example", "typed": "sam@northwind.example"}, "id_email", "This is your own address."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "field", "says"), WRONG, ids=[row[1] + row[2][:9] for row in WRONG])
def test_what_is_wrong_stands_at_its_field_and_the_rest_stays(
    client: Browser, sam: Any, place: Any, change: dict[str, Any], field: str, says: str
) -> None:
    sign_in(client, sam)
    given = typed(**change)
    answer = client.post(PAGE, given)
    page = answer.content.decode()
    assert answer.status_code == 422 and says in text_of(answer) and f'href="#{field}"' in page
    assert "<title>Error:" in page and not RemovalRequest.objects.exists()
    for name, value in given.items():
        assert name in ("act", "reason", "time_zone") or value in page, name


def test_known_addresses_are_used_too(client: Browser, sam: Any, place: Any, clients: dict[str, Any]) -> None:
    from offboarding.directory.models import Address, Collaborator

    dan = Collaborator.objects.create(client=clients["Acme"], name="Dan Reyes")
    for email in (DAN, DAN_ELSEWHERE):
        Address.objects.create(collaborator=dan, email=email)
    sign_in(client, sam)
    client.post(PAGE, typed(act="look"))
    assert DAN_ELSEWHERE in text_of(client.get(PAGE))
    client.post(PAGE, typed())
    removal = RemovalRequest.objects.get(emergency=True)
    assert removal.addresses == [DAN, DAN_ELSEWHERE] and removal.person_name == "Dan Reyes"


def test_looking_first_shows_what_goes_and_removes_nothing(client: Browser, sam: Any, place: Any) -> None:
    sign_in(client, sam)
    answer = client.post(PAGE, typed(act="look", incident="", typed=""))
    assert answer.headers["Location"] == PAGE and Look.objects.get().workspace == place
    shown = text_of(client.get(PAGE))
    assert "1 membership, 1 group, 0 invitations" in shown and "Acme Production" in shown
    assert "tokens in 1 workspace" in shown and not RemovalRequest.objects.exists()
    news = client.get(f"{PAGE}seen/?since=x", headers={"HX-Request": "true"})
    assert "Acme Production" in news.content.decode()


def test_a_second_press_leads_to_the_first(client: Browser, sam: Any, place: Any) -> None:
    sign_in(client, sam)
    client.post(PAGE, typed())
    answer = client.post(PAGE, typed())
    removal = RemovalRequest.objects.get(emergency=True)
    assert (
        answer.status_code == 422
        and f"{removal.reference} is under way for this person already." in text_of(answer)
    )
    assert f'href="/emergency/{removal.reference}/"' in answer.content.decode()


# ---------------------------------------------------------------- two people


def test_a_failing_factor_takes_a_second_person(client: Browser, sam: Any, place: Any, person: Make) -> None:
    from offboarding.users.rules import Role

    ada = person("ada", Role.ADMINISTRATOR)
    client.force_login(sam)
    answer = client.post(PAGE, typed(act="ask"))
    ask = Ask.objects.get()
    assert answer.headers["Location"] == f"{PAGE}asks/{ask.pk}/" and not RemovalRequest.objects.exists()
    waits = text_of(client.get(answer.headers["Location"]))
    assert "It waits for a second person. Nothing is removed yet." in waits and "Ada" in waits
    assert client.post(answer.headers["Location"]).status_code == 403 and not RemovalRequest.objects.exists()
    sign_in(client, ada)
    assert "Confirm the emergency INC-774" in text_of(client.get(answer.headers["Location"]))
    client.post(answer.headers["Location"])
    made = Emergency.objects.get()
    assert (made.released_by, made.second, made.because, made.method) == (sam, ada, "factor", "")
    assert made.second_method == "password"
    again = client.post(answer.headers["Location"])
    assert again.status_code == 302 and Emergency.objects.count() == 1


def test_who_has_no_fresh_proof_does_not_confirm(client: Browser, sam: Any, place: Any, person: Make) -> None:
    from offboarding.users.rules import Role

    client.force_login(sam)
    path = client.post(PAGE, typed(act="ask")).headers["Location"]
    client.force_login(person("ada", Role.ADMINISTRATOR))
    answer = client.post(path)
    assert answer.status_code == 302 and "/confirm-identity/" in answer.headers["Location"]
    assert not RemovalRequest.objects.exists()


def test_an_ask_ends_after_an_hour(client: Browser, sam: Any, place: Any, person: Make) -> None:
    from offboarding.users.rules import Role

    client.force_login(sam)
    path = client.post(PAGE, typed(act="ask")).headers["Location"]
    Ask.objects.update(ends_at=datetime.now(UTC) - timedelta(seconds=1))
    assert "Nobody confirmed it in time. Nothing was removed." in text_of(client.get(path))
    sign_in(client, person("ada", Role.ADMINISTRATOR))
    assert client.post(path).status_code == 409 and not RemovalRequest.objects.exists()


# ---------------------------------------------------------------- watching it


def at(removal: Any, path: str = "") -> str:
    return f"{PAGE}{removal.reference}/{path}"


def test_its_page_says_where_everything_stands(client: Browser, release: Make, sam: Any) -> None:
    removal = release("Acme Production", "Globex Production")
    journey.advance(removal.pk)
    client.force_login(sam)
    page = client.get(at(removal))
    shown = text_of(page)
    assert "Emergency: Dan Reyes loses access to 2 workspaces" in shown
    assert "0 of 2 workspaces read again and found empty" in shown
    assert "By hand: disable the account at the identity provider." in shown
    assert "without an approval" in shown and "INC-774" in shown
    assert "As of" in shown and "UTC" in shown
    assert re.search(r'role="timer" data-since="[^"]+">00:00:\d\d<', page.content.decode())


def test_its_page_says_what_is_still_owed(client: Browser, release: Make, sam: Any) -> None:
    removal = release("Acme Production")
    client.force_login(sam)
    page = client.get(f"{PAGE}{removal.reference}/")
    text, steps = text_of(page), Run.objects.filter(item__plan__removal=removal)
    told = steps.get(item__code="client-told")
    assert "Client notice" in text and "has the client to be told?" in text
    assert f"/requests/{removal.reference}/steps/{told.item.number}/" in page.content.decode()
    assert f"0 of {steps.count()} steps done" in text
    assert f'href="/requests/{removal.reference}/checklist/"' in page.content.decode()


def test_while_the_engine_stands_still_whoever_presses_is_told(
    client: Browser, release: Make, sam: Any
) -> None:
    from offboarding.work.models import Standstill

    removal = release("Acme Production")
    client.force_login(sam)
    says = "The engine stands still: it looks, and changes nothing"
    assert all(says not in text_of(client.get(path)) for path in (PAGE, at(removal)))
    Standstill.objects.filter(pk=1).update(since=datetime.now(UTC), why="restored", by="ada")
    assert all(says in text_of(client.get(path)) for path in (PAGE, at(removal)))


def test_nothing_new_is_204(client: Browser, release: Make, sam: Any) -> None:
    removal = release("Acme Production")
    client.force_login(sam)
    since = re.search(r"since=([0-9a-f]+)", client.get(at(removal)).content.decode())
    assert since
    headers = {"HX-Request": "true"}
    assert client.get(at(removal) + f"?since={since[1]}", headers=headers).status_code == 204
    fresh = client.get(at(removal) + "?since=0", headers=headers)
    assert fresh.status_code == 200 and "0 of 1 workspaces read again" in fresh.headers["HX-Trigger"]


def test_the_request_shows_it_as_an_emergency(client: Browser, release: Make, alice: Any, bob: Any) -> None:
    removal = release("Acme Production")
    client.force_login(alice)
    shown = text_of(client.get(f"/requests/{removal.reference}/"))
    assert "Emergency" in shown and "Released without an approval by Sam" in shown and "Review due" in shown
    timeline = text_of(client.get(f"/requests/{removal.reference}/timeline/"))
    assert (
        "released it at once, without an approval, for INC-774" in timeline
        and "filed the emergency" in timeline
    )
    client.force_login(bob)
    decide = client.get(f"/requests/{removal.reference}/approve/")
    assert "This is an emergency: nobody approved this plan beforehand." in text_of(decide)
    assert "Emergency" in text_of(client.get("/requests/"))


def test_somebody_of_another_client_sees_nothing(client: Browser, release: Make, carol: Any) -> None:
    removal = release("Acme Production")
    client.force_login(carol)
    assert [client.get(at(removal, path)).status_code for path in ("", "keys/", "review/")] == [404] * 3


def test_an_ordinary_request_has_no_such_page(client: Browser, running: Make, sam: Any) -> None:
    removal = running("Acme Production")
    client.force_login(sam)
    assert [client.get(at(removal, path)).status_code for path in ("", "keys/", "review/")] == [404] * 3


# ---------------------------------------------------------------- the review


def test_somebody_else_reviews_it(client: Browser, release: Make, sam: Any, bob: Any) -> None:
    removal = release("Acme Production")
    sign_in(client, bob)
    assert "Review the emergency" in text_of(client.get(at(removal, "review/")))
    answer = client.post(at(removal, "review/"), {"verdict": "confirm", "note": "I called Dan; it was real."})
    assert answer.headers["Location"] == at(removal)
    made = Review.objects.get()
    assert (made.reviewer, made.verdict, made.method) == (bob, "confirm", "password")
    shown = text_of(client.get(at(removal)))
    assert "Confirmed" in shown and "I called Dan; it was real." in shown
    assert "Confirmed afterwards by Bob" in text_of(client.get(f"/requests/{removal.reference}/"))


def test_who_released_it_reads_who_can(client: Browser, release: Make, sam: Any, bob: Any) -> None:
    removal = release("Acme Production")
    sign_in(client, sam)
    for answer in (
        client.get(at(removal, "review/")),
        client.post(at(removal, "review/"), {"verdict": "confirm"}),
    ):
        assert answer.status_code == 403
        assert "You released this, so somebody else reviews it." in text_of(answer) and "Bob" in text_of(
            answer
        )
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"note": "Looked"}, "Choose one of the two."),
        ({"verdict": "confirm"}, "Write what you looked at"),
        ({"verdict": "object", "note": "x" * 2001}, "Write at most 2000 characters."),
    ],
)
def test_a_review_says_what_is_missing_and_keeps_what_was_typed(
    client: Browser,
    release: Make,
    bob: Any,
    given: dict[str, str],
    says: str,
) -> None:
    removal = release("Acme Production")
    sign_in(client, bob)
    answer = client.post(at(removal, "review/"), given)
    assert answer.status_code == 422 and says in text_of(answer)
    assert given.get("note", "") in answer.content.decode() and not Review.objects.exists()


def test_a_review_needs_a_fresh_proof_and_keeps_what_was_typed(
    client: Browser,
    release: Make,
    bob: Any,
) -> None:
    removal = release("Acme Production")
    client.force_login(bob)
    answer = client.post(at(removal, "review/"), {"verdict": "object", "note": "Nobody asked the lead"})
    assert answer.status_code == 302 and "/confirm-identity/" in answer.headers["Location"]
    assert (
        "Nobody asked the lead" in text_of(client.get(at(removal, "review/"))) and not Review.objects.exists()
    )


def test_the_queue_shows_who_has_to_confirm_and_to_review(
    client: Browser, release: Make, sam: Any, bob: Any, place: Any, person: Make
) -> None:
    from offboarding.users.rules import Role

    ada = person("ada", Role.ADMINISTRATOR)
    client.force_login(sam)
    client.post(PAGE, typed(act="ask"))
    removal = release(connected=[place])
    assert "Emergencies to review" not in text_of(client.get("/")) and "Confirm now" not in text_of(
        client.get("/")
    )
    client.force_login(ada)
    shown = text_of(client.get("/"))
    assert "Confirm now (1)" in shown and "Sam asks for a second person" in shown
    client.force_login(bob)
    page = client.get("/")
    assert "Emergencies to review (1)" in text_of(page) and at(removal, "review/") in page.content.decode()


# ---------------------------------------------------------------- what pages cost


def queries(browser: Browser, path: str, counter: Make) -> int:
    browser.get(path)
    with counter() as asked:
        assert browser.get(path).status_code == 200
    return len(asked)


def test_the_pages_ask_the_same_however_many_places_there_are(
    client: Browser,
    release: Make,
    workspace: Make,
    sam: Any,
    django_assert_max_num_queries: Make,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def counter() -> Any:
        return CaptureQueriesContext(connection)

    few = release("Acme Production")
    many = release(*(f"Globex {n}" for n in range(6)), addresses=["eve@northwind.example"])
    for removal in (few, many):
        journey.advance(removal.pk)
    sign_in(client, sam)
    assert queries(client, at(few), counter) == queries(client, at(many), counter) <= 26
    assert queries(client, PAGE, counter) <= 16
