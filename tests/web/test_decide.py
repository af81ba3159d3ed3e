"""Deciding: exactly one plan, by the right person, who has just proved who they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from offboarding.approvals.models import Approval
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.removals.actions import Wish
from offboarding.removals.rules import Choice

Make = Callable[..., Any]
PASSWORD = "correct horse battery"


def at(removal: Any, path: str = "approve/") -> str:
    return f"/requests/{removal.reference}/{path}"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def newest(removal: Any) -> Any:
    return removal.plans.order_by("-version").first()


def choose(
    browser: Browser, removal: Any, decision: str = "approve", note: str = "", fingerprint: str = ""
) -> Any:
    data = {"decision": decision, "note": note, "fingerprint": fingerprint or newest(removal).fingerprint}
    return browser.post(at(removal), data)


def prove(browser: Browser, removal: Any, password: str = PASSWORD) -> Any:
    after = at(removal, "approve/confirm/")
    return browser.post(f"/confirm-identity/?next={after}", {"password": password, "next": after})


def nonce(browser: Browser, removal: Any) -> str:
    page = browser.get(at(removal, "approve/confirm/")).content.decode()
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    assert found
    return found[1]


def press(browser: Browser, removal: Any, value: str = "") -> Any:
    return browser.post(at(removal, "approve/confirm/"), {"nonce": value or nonce(browser, removal)})


def turned_away(removal: Any) -> list[tuple[str, str, str]]:
    """Of this request, in the ledger: why, what was wanted, on which fingerprint."""
    found = Entry.objects.filter(about=removal.reference, event="plan.decision_refused").order_by("seq")
    told = [canonical.loads(bytes(each.body))["facts"] for each in found]
    return [(each["why"], each["decision"], each["fingerprint"]) for each in told]


def change(removal: Any, alice: Any, today: Any) -> None:
    from offboarding.journey import actions as journey

    removal.refresh_from_db()
    wishes = [Wish(place.workspace, Choice.REMOVE) for place in removal.places.all()]
    wishes[0] = Wish(wishes[0].workspace, Choice.KEEP, None, "hand-over")
    journey.change(removal, alice, wishes, removal.version, today)


@pytest.fixture
def reading(client: Browser, filed: Make, bob: Any) -> tuple[Browser, Any]:
    """Bob in front of a request for two workspaces."""
    removal = filed("Acme Production", "Globex Production")
    client.force_login(bob)
    return client, removal


Reading = tuple[Browser, Any]


# ---- the way through ------------------------------------------------------------------------------------------


def test_an_approver_reads_chooses_proves_confirms_and_is_told_what_follows(
    reading: Reading, bob: Any
) -> None:
    browser, removal = reading
    chosen = choose(browser, removal)
    assert (
        chosen["Location"]
        == f"/confirm-identity/?next=%2Frequests%2F{removal.reference}%2Fapprove%2Fconfirm%2F"
    )
    assert prove(browser, removal)["Location"] == at(removal, "approve/confirm/")
    page = text_of(browser.get(at(removal, "approve/confirm/")))
    assert "Approve removal from 2 workspaces" in page
    assert "confirmed by password" in page
    done = press(browser, removal)
    assert done["Location"] == at(removal)
    approval, plan = Approval.objects.get(), newest(removal)
    assert (approval.approver, approval.fingerprint, approval.method) == (bob, plan.fingerprint, "password")
    assert (approval.text, approval.address) == ("Approve removal from 2 workspaces", "127.0.0.1")
    assert "You approved version 1" in text_of(browser.get(at(removal)))
    removal.refresh_from_db()
    assert removal.stage == "approved"


def test_the_page_shows_the_whole_plan_without_a_table_and_no_choice_is_made_for_the_reader(
    reading: Reading,
) -> None:
    browser, removal = reading
    response = browser.get(at(removal))
    page, words = response.content.decode(), text_of(response)
    plan = newest(removal).data
    for place in plan["places"]:
        assert place["workspace"] in words
    for line in (*plan["may_break"], *plan["not_known"], *(item["title"] for item in plan["items"])):
        assert line.replace("'", "&#x27;") in words
    assert "<table" not in page
    assert page.count('type="radio"') == 3
    assert "checked" not in page


def refusals(removal: Any) -> list[str]:
    """Why presses were turned away, as the ledger has it."""
    told = Entry.objects.filter(about=removal.reference, event="plan.decision_refused").order_by("seq")
    return [canonical.loads(bytes(entry.body))["facts"]["why"] for entry in told]


# ---- proof of identity ----------------------------------------------------------------------------------------


def test_what_the_lead_wrote_is_read_by_who_decides_and_by_who_works_on_it(
    reading: Reading, alice: Any, olga: Any
) -> None:
    from offboarding.removals.models import RemovalRequest

    browser, removal = reading
    said = {"notes": "Leaves at noon.\nAsk <b>Kim</b>.", "handover": "Kim Rao", "sow": "SOW-7"}
    RemovalRequest.objects.filter(pk=removal.pk).update(**said, client_informed=True)
    olgas = Browser()
    olgas.force_login(olga)
    for page in (browser.get(at(removal)), olgas.get(at(removal, ""))):
        text = text_of(page)
        told = text[text.index(f"What {alice.name} says about it") :]
        assert all(each in told for each in ("Leaves at noon.", "Kim Rao", "SOW-7", "CS-1", "Knows about it"))
        assert b"Ask &lt;b&gt;Kim&lt;/b&gt;." in page.content


def test_somebody_who_signed_in_a_second_ago_still_confirms(client: Browser, filed: Make, bob: Any) -> None:
    removal = filed()
    client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    assert choose(client, removal).status_code == 302
    assert client.get(at(removal, "approve/confirm/"))["Location"].startswith("/confirm-identity/")
    assert client.post(at(removal, "approve/confirm/"), {"nonce": "x"})["Location"].startswith(
        "/confirm-identity/"
    )
    assert not Approval.objects.exists()


def test_a_wrong_password_confirms_nothing(reading: Reading) -> None:
    browser, removal = reading
    choose(browser, removal)
    prove(browser, removal, "wrong password")
    assert browser.get(at(removal, "approve/confirm/"))["Location"].startswith("/confirm-identity/")


def test_a_proof_made_before_the_choice_does_not_count_for_it(reading: Reading) -> None:
    browser, removal = reading
    choose(browser, removal, "ask", "Why now?")
    prove(browser, removal)
    choose(browser, removal, "approve")
    assert browser.get(at(removal, "approve/confirm/"))["Location"].startswith("/confirm-identity/")


def test_a_proof_is_used_up_by_one_decision(reading: Reading) -> None:
    browser, removal = reading
    choose(browser, removal, "ask", "Why now?")
    prove(browser, removal)
    press(browser, removal)
    assert browser.post(at(removal, "approve/confirm/"), {"nonce": "x"})["Location"] == at(removal)
    assert "Nothing was chosen here, or it was recorded already." in text_of(browser.get(at(removal)))
    assert Approval.objects.count() == 1 and refusals(removal) == ["no-choice"]


def test_a_proof_goes_stale_after_ten_minutes(reading: Reading) -> None:
    browser, removal = reading
    choose(browser, removal)
    prove(browser, removal)
    value = nonce(browser, removal)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        there = press(browser, removal, value)["Location"]
        assert there.startswith("/confirm-identity/")
        assert "too old, so nothing was recorded" in text_of(browser.get(there))
    assert not Approval.objects.exists() and refusals(removal) == ["stale-proof"]


def test_a_press_from_an_older_page_records_nothing(reading: Reading) -> None:
    browser, removal = reading
    choose(browser, removal)
    prove(browser, removal)
    for stale in ("from-another-page", "é"):
        assert press(browser, removal, stale)["Location"] == at(removal)
        assert "nothing was recorded. Decide again here." in text_of(browser.get(at(removal)))
    assert not Approval.objects.exists() and refusals(removal) == ["older-page"] * 2


def test_a_choice_about_one_request_confirms_no_other(reading: Reading, filed: Make) -> None:
    browser, removal = reading
    other = filed("Acme Staging")
    choose(browser, removal)
    prove(browser, removal)
    assert browser.get(at(other, "approve/confirm/"))["Location"] == at(other)


# ---- the plan changed -----------------------------------------------------------------------------------------


def test_a_form_that_names_no_plan_blames_nobody(reading: Reading, alice: Any) -> None:
    browser, removal = reading
    response = choose(browser, removal, fingerprint="0" * 64)
    assert response.status_code == 409
    assert "does not name the plan" in text_of(response)
    assert f"{alice.name} changed the plan" not in text_of(response)
    assert not Approval.objects.exists()


def test_a_choice_on_a_plan_that_changed_is_refused_with_the_difference(
    reading: Reading, alice: Any, today: Any
) -> None:
    browser, removal = reading
    old = newest(removal).fingerprint
    change(removal, alice, today)
    response = choose(browser, removal, fingerprint=old, note="I read the old one")
    page = response.content.decode()
    assert response.status_code == 409
    assert "Your decision was not recorded. Read the changes and decide again." in page
    assert re.search(r"<del>[^<]*Remove</del>.*<ins>[^<]*Keep: hand-over</ins>", page, re.S)
    assert "I read the old one" in page
    assert newest(removal).fingerprint in page
    assert not Approval.objects.exists()
    assert turned_away(removal) == [("plan-changed", "approve", old)]


def test_a_plan_that_changes_before_the_last_press_is_not_approved(
    reading: Reading, alice: Any, today: Any
) -> None:
    browser, removal = reading
    choose(browser, removal)
    prove(browser, removal)
    value = nonce(browser, removal)
    change(removal, alice, today)
    response = press(browser, removal, value)
    assert response.status_code == 409
    assert "<ins>" in response.content.decode()
    assert not Approval.objects.exists()
    assert Entry.objects.filter(about=removal.reference, event="plan.decision_refused").count() == 1


def test_a_plan_that_changes_before_the_confirm_page_is_shown_with_the_difference(
    reading: Reading, alice: Any, today: Any
) -> None:
    browser, removal = reading
    choose(browser, removal)
    prove(browser, removal)
    change(removal, alice, today)
    response = browser.get(at(removal, "approve/confirm/"))
    assert response.status_code == 409
    assert browser.get(at(removal, "approve/confirm/"))["Location"] == at(removal)


def test_a_fingerprint_that_never_was_is_refused_without_a_difference(reading: Reading) -> None:
    browser, removal = reading
    response = choose(browser, removal, fingerprint="f" * 64)
    assert response.status_code == 409
    assert "<ins>" not in response.content.decode()


# ---- who, and in which state ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("alice", "You filed this, so someone else decides."),
        ("olga", "Only an approver for every client in this request decides."),
        ("erin", "Only an approver for every client in this request decides."),
    ],
)
def test_who_may_not_decide_reads_the_plan_and_why_and_who_can(
    who: str, sentence: str, request: Any, client: Browser, filed: Make, bob: Any
) -> None:
    removal = filed()
    client.force_login(request.getfixturevalue(who))
    response = client.get(at(removal))
    assert sentence in text_of(response)
    assert "Who can decide: Bob." in text_of(response)
    assert 'type="radio"' not in response.content.decode()
    assert choose(client, removal).status_code == 403
    assert not Approval.objects.exists()


def test_an_approver_of_another_client_does_not_see_it(client: Browser, filed: Make, person: Make) -> None:
    from offboarding.users.rules import Role

    removal = filed()
    client.force_login(person("cleo", Role.APPROVER, clients_=("Hooli",)))
    assert choose(client, removal).status_code == 404


def test_an_owner_needs_two_and_each_is_told_where_it_stands(
    settings: Any, client: Browser, filed: Make, bob: Any, person: Make
) -> None:
    from offboarding.users.rules import Role

    settings.OWNER_APPROVERS = 2
    removal = filed(roles=("Workspace Owner",))
    second = person("dev", Role.APPROVER, name="Dev")
    client.force_login(bob)
    choose(client, removal)
    prove(client, removal)
    assert "1 of 2 approvals are in after yours" in text_of(client.get(at(removal, "approve/confirm/")))
    press(client, removal)
    page = text_of(client.get(at(removal)))
    assert "You have decided on this plan already." in page
    assert "1 more approval is needed. Who can decide: Dev." in page
    client.force_login(second)
    choose(client, removal)
    prove(client, removal)
    press(client, removal)
    removal.refresh_from_db()
    assert removal.stage == "approved"


def test_a_question_leaves_the_decision_open(reading: Reading) -> None:
    browser, removal = reading
    choose(browser, removal, "ask", "Is the audience handed over?")
    prove(browser, removal)
    press(browser, removal)
    page = text_of(browser.get(at(removal)))
    assert "You asked a question" in page
    assert "The due time keeps running" in page
    assert "Your decision" in page


def test_a_rejected_request_says_so_and_has_no_form(reading: Reading) -> None:
    browser, removal = reading
    choose(browser, removal, "reject", "Wrong person")
    prove(browser, removal)
    assert "Reject this plan" in text_of(browser.get(at(removal, "approve/confirm/")))
    press(browser, removal)
    page = text_of(browser.get(at(removal)))
    assert "This plan was rejected." in page
    assert "Wrong person" in page
    assert "Your decision" not in page


def test_two_people_at_once_the_second_is_told_that_nothing_is_left(
    reading: Reading, decide: Make, person: Make
) -> None:
    from offboarding.users.rules import Role

    browser, removal = reading
    choose(browser, removal)
    prove(browser, removal)
    value = nonce(browser, removal)
    decide(removal, person("dev", Role.APPROVER))
    response = press(browser, removal, value)
    assert response.status_code == 409
    assert "Nothing is left to decide" in text_of(response)
    assert Approval.objects.count() == 1
    assert choose(browser, removal).status_code == 403
    assert [why for why, _, _ in turned_away(removal)] == ["decided-meanwhile", "decided-meanwhile"]


# ---- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "note", "sentence"),
    [
        ("", "typed before", "Choose one of the three."),
        ("maybe", "typed before", "Choose one of the three."),
        ("reject", "", "Write a note: it is needed to reject or to ask."),
        ("ask", "  ", "Write a note: it is needed to reject or to ask."),
        ("approve", "x" * 2001, "Write at most 2000 characters."),
    ],
)
def test_what_is_missing_is_said_at_the_field_and_what_was_typed_stays(
    decision: str, note: str, sentence: str, reading: Reading
) -> None:
    browser, removal = reading
    response = choose(browser, removal, decision, note)
    page = response.content.decode()
    assert response.status_code == 422
    assert page.count(sentence) == 2  # in the summary and at the field
    assert "<title>Error:" in re.sub(r"\s+", " ", page).replace("<title> ", "<title>")
    assert note.strip() in page
    if decision in ("reject", "ask"):
        assert re.search(rf'value="{decision}" checked', page)
    assert "decision" not in browser.session


def test_the_difference_to_the_version_before_can_be_read(reading: Reading, alice: Any, today: Any) -> None:
    browser, removal = reading
    change(removal, alice, today)
    response = browser.get(at(removal))
    assert "What changed since the version before" in text_of(response)
    assert "<ins>" in response.content.decode()


def test_the_number_of_queries_is_the_same_for_one_place_and_four(
    client: Browser, filed: Make, bob: Any
) -> None:
    client.force_login(bob)
    counts = []
    for names in (("Acme Production",), ("Acme Staging", "Acme EU", "Globex EU", "Globex Staging")):
        removal = filed(*names)
        client.get(at(removal))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(at(removal)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_nobody_decided_in_time_is_asked_again_with_one_press(
    client: Browser, filed: Make, alice: Any, bob: Any
) -> None:
    from datetime import UTC, datetime, timedelta

    from offboarding.approvals.models import Asking
    from offboarding.journey import actions as journey

    removal = filed()
    client.force_login(bob)
    assert "This request for approval ends" in text_of(client.get(at(removal)))
    past = datetime.now(UTC) - timedelta(days=9)
    Asking.objects.update(asked_at=past, expires_at=past + timedelta(days=7))
    journey.deadlines()
    page = text_of(client.get(at(removal)))
    assert "Nobody decided in time" in page and "Alice can ask again." in page
    assert client.post(at(removal, "ask-again/")).status_code == 409
    client.force_login(alice)
    assert "Not decided in time (1)" in text_of(client.get("/"))
    url = f"/requests/{removal.reference}/"
    assert "Nobody decided until" in text_of(client.get(url))
    assert client.post(f"{url}ask-again/").status_code == 302
    removal.refresh_from_db()
    assert removal.stage == "planned"
    assert "Version 2 of the plan waits for approval." in text_of(client.get(url))


HX = {"HTTP_HX_REQUEST": "true"}


def since(page: Any) -> str:
    found = re.search(r'hx-get="([^"]*approve/\?since=[^"]+)"', page.content.decode())
    assert found
    return found[1].replace("&amp;", "&")


def test_who_decided_meanwhile_is_shown_at_once_and_the_form_stays(
    client: Browser, filed: Make, decide: Make, bob: Any, person: Make, settings: Any
) -> None:
    from offboarding.users.rules import Role

    settings.OWNER_APPROVERS = 2
    removal = filed(roles=("Workspace Owner",))
    zoe = person("zoe", Role.APPROVER)
    client.force_login(bob)
    ask = since(client.get(at(removal)))
    assert client.get(ask, **HX).status_code == 204
    decide(removal, zoe)
    news = client.get(ask, **HX)
    assert "Zoe" in text_of(news) and 'id="decide"' not in news.content.decode()
    assert "1 of 2 approvals are in." in news["HX-Trigger"]
    ask = since(news)
    decide(removal, person("dev", Role.APPROVER))
    news = client.get(ask, **HX)
    assert 'id="decide"' in news.content.decode()
    assert "This plan is approved. Nothing is left to decide." in text_of(news)


def test_news_of_decisions_leaves_an_answer_that_is_being_written(
    client: Browser, filed: Make, decide: Make, alice: Any, bob: Any, person: Make
) -> None:
    from offboarding.users.rules import Role

    removal = filed()
    decide(removal, bob, "ask", "Who takes the audiences?")
    client.force_login(alice)
    page = client.get(at(removal, "")).content.decode()
    found = re.search(r'hx-get="([^"]*\?since=[^"]+)"', page)
    assert found
    decide(removal, person("zoe", Role.APPROVER), "ask", "And the functions?")
    assert client.get(found[1], **HX).status_code == 204


def test_an_approval_that_fell_is_given_again_by_somebody_else(
    client: Browser, running: Make, bob: Any, person: Make
) -> None:
    from offboarding.approvals.falling import fall
    from offboarding.checklist.queries import newest_plan
    from offboarding.users.models import User
    from offboarding.users.rules import Role

    removal = running("Acme Production")
    zoe = person("zoe", Role.APPROVER)
    client.force_login(zoe)
    assert "the work has begun" in text_of(client.get(at(removal)))
    User.objects.filter(pk=bob.pk).update(is_active=False)
    plan = newest_plan(removal)
    assert plan and fall(plan)
    assert "To decide (1)" in text_of(client.get("/"))
    url = f"/requests/{removal.reference}/"
    assert "Bob approved this and may not approve it any more." in text_of(client.get(url))
    page = client.get(at(removal))
    assert "To stop it, pause it or cancel the rest." in text_of(page)
    assert "no longer counts: it fell before the work was done" in text_of(page)
    choose(client, removal)
    prove(client, removal)
    press(client, removal)
    assert "You approved version 1" in text_of(client.get(at(removal)))
    assert "may not approve it any more" not in text_of(client.get(url))


@pytest.mark.parametrize("who", ["requester", "editor", "the person", "their delegate", "twice"])
def test_a_direct_post_with_a_forged_choice_gets_nobody_past_the_rules(
    client: Browser, filed: Make, decide: Make, alice: Any, bob: Any, person: Make, who: str, settings: Any
) -> None:
    from offboarding.approvals.models import Approval, Delegation
    from offboarding.directory.models import Membership
    from offboarding.removals.models import RemovalRequest
    from offboarding.users.rules import Role

    settings.OWNER_APPROVERS = 2
    removal = filed(roles=("Workspace Owner",))
    for place in removal.places.all():
        Membership.objects.create(user=alice, role=Role.APPROVER.value, client=place.workspace.client)
    user = {"requester": alice, "twice": bob}.get(who) or person("zoe", Role.APPROVER)
    plan = newest(removal)
    match who:
        case "editor":
            plan.pk, plan.version, plan.made_by = None, 2, user
            plan.save(force_insert=True)
        case "the person":
            RemovalRequest.objects.update(addresses=[user.email.upper()])
        case "their delegate":
            Membership.objects.filter(user=user).update(role=Role.OPERATOR.value)
            now = datetime.now(UTC)
            times = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=1)}
            Delegation.objects.create(giver=alice, to=user, why="w", method="code", **times)
        case "twice":
            decide(removal, bob)
    before = Approval.objects.count()
    client.force_login(user)
    answered = choose(client, removal).status_code
    assert answered in (403, 404)
    # What is foreign does not exist, so nothing is said of it.
    why = [("may-not-decide", "approve", newest(removal).fingerprint)] if answered == 403 else []
    assert turned_away(removal) == why
    session = client.session
    fingerprint = newest(removal).fingerprint
    session["decision"] = {
        "number": removal.number, "decision": "approve", "fingerprint": fingerprint, "note": "", "nonce": "n", "at": 0.0,
    }  # fmt: skip
    session.save()
    prove(client, removal)
    assert press(client, removal, "n").status_code in (404, 409)
    assert Approval.objects.count() == before
