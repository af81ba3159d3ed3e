"""The pages about approval policies: who sees them, what they say, and that it takes two people to change one."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from offboarding.approvals.models import Policy, PolicyVersion
from offboarding.approvals.policies import actions as verbs
from offboarding.approvals.policies.actions import Proposal
from offboarding.approvals.policies.rules import Selector, Terms, Turn, Who
from offboarding.directory.models import Membership
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.users.models import User
from offboarding.users.rules import Role
from tests.conftest import PASSWORD

CONFIRM = "/setup/policies/confirm/"
TYPED = {
    "client": "all", "environment": "", "reason": "", "why": "An auditor asked for it",
    "who-0": "approver", "count-0": "1", "people-0": "", "who-1": "", "count-1": "1", "who-2": "", "count-2": "1",
    "owner": "3", "production": "1", "many": "10", "many_needed": "2", "valid_days": "7", "remind_hours": "24",
    "escalate_hours": "72", "escalate_to": "",
}  # fmt: skip


def administrator(key: str) -> Any:
    user = User.objects.create_user(f"{key}@northwind.example", key.capitalize(), PASSWORD)
    Membership.objects.create(user=user, role=Role.ADMINISTRATOR.value)
    return user


@pytest.fixture
def ada(db: None) -> Any:
    return administrator("ada")


@pytest.fixture
def lin(db: None) -> Any:
    return administrator("lin")


@pytest.fixture
def desk(client: Browser, ada: Any) -> Browser:
    client.force_login(ada)
    return client


@pytest.fixture
def other(lin: Any) -> Browser:
    browser = Browser()
    browser.force_login(lin)
    return browser


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def press(browser: Browser, **more: str) -> tuple[Any, Any]:
    """Proves who it is, reads the last page, and presses."""
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = browser.get(CONFIRM)
    nonce = re.search(r'name="nonce" value="([^"]+)"', page.content.decode())
    assert nonce, page
    return page, browser.post(CONFIRM, {"nonce": nonce[1], **more})


def standings() -> list[str]:
    return list(PolicyVersion.objects.order_by("pk").values_list("standing", flat=True))


def test_one_proposes_and_another_lets_it_come_into_force(desk: Browser, other: Browser) -> None:
    answer = desk.post("/setup/policies/new/", TYPED)
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert standings() == []
    page, answer = press(desk)
    assert "at least 3 different people" in says(page)
    assert "An auditor asked for it" in says(page)
    proposal = PolicyVersion.objects.get()
    assert answer["Location"] == f"/setup/policies/{proposal.policy_id}/"
    assert "1 proposal waits for a second person" in says(other.get("/setup/policies/"))
    at = f"/setup/policies/proposals/{proposal.pk}/"
    assert "What changes" in says(other.get(at))
    other.post(f"{at}approve/")
    page, answer = press(other)
    assert "Let it come into force" in says(page)
    proposal.refresh_from_db()
    assert (proposal.standing, proposal.version, proposal.decided_method) == ("approved", 1, "password")
    text = says(desk.get(f"/setup/policies/{proposal.policy_id}/"))
    assert "In force: version 1" in text and "Approved by Lin" in text


def test_a_proposal_stands_on_the_work_page_of_who_can_decide_on_it(
    desk: Browser, other: Browser, sam: Any
) -> None:
    desk.post("/setup/policies/new/", TYPED)
    press(desk)
    url = reverse("policy_proposal", args=[PolicyVersion.objects.get().pk])
    page = other.get("/")
    assert url in page.content.decode() and "Changes of policy to decide (1)" in says(page)
    assert url not in desk.get("/").content.decode(), "who proposed it"
    at_sam = Browser()
    at_sam.force_login(sam)
    assert url not in at_sam.get("/").content.decode(), "who only reads it"
    other.post(f"{url}approve/")
    press(other)
    assert url not in other.get("/").content.decode()


def test_who_proposed_it_cannot_approve_it_through_any_door(desk: Browser, ada: Any, today: date) -> None:
    said = Proposal(Selector(), Terms(owner=3), "w")
    proposal = verbs.propose(ada, said, "code", today)
    at = f"/setup/policies/proposals/{proposal.pk}/"
    text = says(desk.get(at))
    assert "You proposed this, so another administrator decides." in text and "Approve</button>" not in text
    for name in ("approve", "decline"):
        assert desk.post(f"{at}{name}/").status_code == 403
    session = desk.session
    session["policy_change"] = {
        "act": "approve",
        "proposal": proposal.pk,
        "data": {},
        "nonce": "n",
        "at": 0.0,
    }
    session.save()
    desk.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    answer = desk.post(CONFIRM, {"nonce": "n"})
    assert answer.status_code == 409 and "another administrator decides" in says(answer)
    assert standings() == ["proposed"]


def test_it_is_declined_with_a_note_or_withdrawn(
    desk: Browser, other: Browser, ada: Any, today: date
) -> None:
    said = Proposal(Selector(), Terms(owner=3), "w")
    first = verbs.propose(ada, said, "code", today)
    other.post(f"/setup/policies/proposals/{first.pk}/decline/")
    _page, answer = press(other, note="")
    assert answer.status_code == 422 and standings() == ["proposed"]
    _page, _answer = press(other, note="Three is too many")
    assert standings() == ["declined"]
    assert "Three is too many" in says(desk.get(f"/setup/policies/{first.policy_id}/"))
    second = verbs.propose(ada, said, "code", today)
    assert other.post(f"/setup/policies/proposals/{second.pk}/withdraw/").status_code == 403
    desk.post(f"/setup/policies/proposals/{second.pk}/withdraw/")
    press(desk)
    assert standings() == ["declined", "withdrawn"]


def test_a_policy_is_changed_and_ended_and_its_history_tells_it(
    desk: Browser, other: Browser, ada: Any, lin: Any, today: date
) -> None:
    made = verbs.approve(
        verbs.propose(ada, Proposal(Selector(), Terms(owner=3), "w"), "code", today), lin, "code", today
    )
    at = f"/setup/policies/{made.policy_id}/"
    form = desk.get(f"{at}change/")
    assert 'name="owner" id="id_owner" value="3"' in form.content.decode()
    assert desk.post(f"{at}change/", {**TYPED, "owner": "4"}).status_code == 302
    page, _answer = press(desk)
    assert "at least 3 different people" in says(page) and "at least 4 different people" in says(page)
    proposal = PolicyVersion.objects.get(standing="proposed")
    assert other.post(f"/setup/policies/proposals/{proposal.pk}/approve/").status_code == 302
    press(other)
    assert desk.post(f"{at}end/", {"why": ""}).status_code == 422
    assert desk.post(f"{at}end/", {"why": "Not needed"}).status_code == 302
    press(desk)
    ending = PolicyVersion.objects.get(standing="proposed")
    other.post(f"/setup/policies/proposals/{ending.pk}/approve/")
    press(other)
    text = says(desk.get(at))
    assert "Not in force" in text
    assert all(f"Version {n}" in text for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"client": ""}, "Choose what the policy is for"),
        ({"client": "99"}, "Choose a client from the list"),
        ({"environment": "moon"}, "Choose an environment from the list"),
        ({"reason": "boredom"}, "Choose a reason from the list"),
        ({"why": ""}, "Say why"),
        ({"who-0": ""}, "Say who decides"),
        ({"who-0": "king"}, "Choose who decides from the list"),
        ({"count-0": "x"}, "Write a whole number"),
        ({"count-0": "9"}, "Write a number from 1 to 5"),
        ({"people-0": "nobody@x.example"}, "nobody@x.example does not sign in here"),
        ({"owner": "0"}, "Write a number from 1 to 5"),
        ({"remind_hours": "999"}, "before the request for approval ends"),
        ({"escalate_to": "nobody@x.example"}, "does not sign in here"),
    ],
)
def test_what_is_mistyped_is_said_and_what_was_typed_stays(
    typed: dict[str, str], wanted: str, desk: Browser
) -> None:
    answer = desk.post("/setup/policies/new/", {**TYPED, **typed})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert wanted in says(answer)
    assert "<title>Error:" in text.replace("\n", "")
    assert typed.get("why") == "" or "An auditor asked for it" in text
    assert not Policy.objects.exists()


def test_it_says_which_policy_applies_and_why(
    desk: Browser, ada: Any, lin: Any, clients: dict[str, Any], today: date
) -> None:
    acme = clients["Acme"].pk
    at = f"/setup/policies/applies/?client={acme}&environment=production&reason=person-left"
    assert "No policy fits" in says(desk.get(at))
    for selector in (Selector(), Selector(acme, "production")):
        said = Proposal(selector, Terms((Turn(Who.CLIENT), Turn(Who.SECURITY)), ordered=True), "w")
        verbs.approve(verbs.propose(ada, said, "code", today), lin, "code", today)
    text = says(desk.get(at))
    assert "Acme, production, every reason, version 1" in text
    assert "It names the client, the environment. Others fit too, and are less specific." in text
    assert "1 approver of the client, then 1 of security" in text
    assert "All clients, every environment, every reason" in text


def test_it_says_where_the_installation_is_stricter(
    desk: Browser, ada: Any, lin: Any, clients: Any, today: date
) -> None:
    said = Proposal(Selector(), Terms(), "w")
    verbs.approve(verbs.propose(ada, said, "code", today), lin, "code", today)
    at = f"/setup/policies/applies/?client={clients['Acme'].pk}&environment=production&reason="
    leak, other = says(desk.get(at + "credentials-compromised")), says(desk.get(at + "contract-ended"))
    assert "stricter in part, and holds beside it" in leak and "after 1 hour" in leak
    assert "stricter in part" not in other and "after 1 day" in other
    assert "still holds where it is stricter" in says(desk.get("/setup/policies/new/"))


def test_policies_of_other_clients_are_not_here(
    client: Browser, person: Any, ada: Any, clients: dict[str, Any], today: date
) -> None:
    client.force_login(person("local", Role.ADMINISTRATOR, clients_=("Acme",)))
    foreign = verbs.propose(ada, Proposal(Selector(clients["Hooli"].pk), Terms(owner=3), "w"), "code", today)
    everyones = verbs.propose(ada, Proposal(Selector(), Terms(owner=3), "w"), "code", today)
    for path in (f"{foreign.policy_id}/", f"{foreign.policy_id}/change/", f"proposals/{foreign.pk}/"):
        assert client.get(f"/setup/policies/{path}").status_code == 404
    assert client.post(f"/setup/policies/proposals/{foreign.pk}/approve/").status_code == 404
    assert "Hooli" not in says(client.get("/setup/policies/"))
    assert client.get(f"/setup/policies/{everyones.policy_id}/").status_code == 200
    assert client.get(f"/setup/policies/{everyones.policy_id}/change/").status_code == 403
    assert client.post(f"/setup/policies/proposals/{everyones.pk}/approve/").status_code == 403
    answer = client.post("/setup/policies/new/", {**TYPED, "client": "all"})
    assert answer.status_code == 422 and "administrator of all clients" in says(answer)


def test_a_proof_of_before_the_choice_does_not_count(desk: Browser) -> None:
    desk.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    desk.post("/setup/policies/new/", TYPED)
    for call in (desk.get, desk.post):
        assert call(CONFIRM)["Location"].startswith(reverse("account_reauthenticate"))
    assert standings() == []


def test_the_list_takes_the_same_queries_however_many(
    desk: Browser, ada: Any, lin: Any, sam: Any, clients: dict[str, Any], today: date
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            desk.get("/setup/policies/")
        return len(taken)

    def put(environment: str, **of: Any) -> None:
        terms = Terms((Turn(Who.SECURITY, 1, (sam.pk,)),))
        for reason in ("", "partial"):
            said = Proposal(Selector(clients["Acme"].pk, environment, reason), terms, "w")
            made = verbs.propose(ada, said, "code", today)
            if not reason:
                verbs.approve(made, lin, "code", today)

    put("")
    queries()
    before = queries()
    put("production")
    put("staging")
    assert queries() == before


def test_the_form_to_decide_says_whose_turn_it_is(
    client: Browser, filed: Any, sam: Any, ada: Any, lin: Any, today: date
) -> None:
    terms = Terms((Turn(Who.APPROVER), Turn(Who.SECURITY)), ordered=True)
    verbs.approve(verbs.propose(ada, Proposal(Selector(), terms, "w"), "code", today), lin, "code", today)
    removal = filed()
    client.force_login(sam)
    at = f"/requests/{removal.reference}/approve/"
    page = client.get(at)
    assert "It is not your turn yet: first an approver decides." in says(page)
    assert "1 approver, then 1 of security" in says(page)
    fingerprint = removal.plans.get().fingerprint
    answer = client.post(at, {"decision": "approve", "fingerprint": fingerprint})
    assert answer.status_code == 422
    refused = Entry.objects.filter(about=removal.reference, event="plan.decision_refused")
    assert [canonical.loads(bytes(each.body))["facts"]["why"] for each in refused] == ["not-your-turn"]
    assert client.post(at, {"decision": "ask", "note": "Why?", "fingerprint": fingerprint}).status_code == 302
