"""The pages about people: who sees them, what they say, and that nothing changes before the last press."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from offboarding.approvals.models import Delegation
from offboarding.directory.models import Engagement, Membership
from offboarding.execution import actions
from offboarding.execution.models import Run
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.notifications.follow import follow
from offboarding.notifications.mail import compose
from offboarding.notifications.models import Message
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work import clock
from offboarding.work.rules import State
from tests.conftest import PASSWORD


@pytest.fixture
def desk(client: Browser, ada: Any) -> Browser:
    client.force_login(ada)
    return client


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def lines(*rows: tuple[str, Any, str]) -> dict[str, str]:
    return {
        f"{name}-{n}": str(value)
        for n, row in enumerate(rows)
        for name, value in zip(("role", "client", "until"), row, strict=True)
    }


@pytest.fixture
def confirm(desk: Browser) -> Callable[..., Any]:
    """Proves who it is, reads the last page, and presses."""

    def make(**more: str) -> Any:
        desk.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        page = desk.get("/setup/people/confirm/")
        nonce = re.search(r'name="nonce" value="([^"]+)"', page.content.decode())
        assert nonce
        answer = desk.post("/setup/people/confirm/", {"nonce": nonce[1], **more})
        return page, answer

    return make


def roles(user: Any) -> set[tuple[str, int | None]]:
    return set(Membership.objects.filter(user=user).values_list("role", "client_id"))


def test_the_list_says_roles_factor_and_browsers(desk: Browser, bob: Any, clients: dict[str, Any]) -> None:
    Membership.objects.filter(user=bob).delete()
    until = date(2031, 4, 30)
    Membership.objects.create(user=bob, role=Role.AUDITOR.value, client=clients["Acme"], ends_on=until)
    text = says(desk.get("/setup/people/"))
    for wanted in (
        "2 people",
        "Auditor for Acme, until 30 Apr 2031",
        "none yet",
        "Administrator for all clients",
    ):
        assert wanted in text


def test_an_auditor_is_given_the_records_of_a_period(
    desk: Browser, confirm: Any, bob: Any, clients: dict[str, Any]
) -> None:
    acme = clients["Acme"]
    line = {"role-0": "auditor", "client-0": str(acme.pk), "until-0": "2031-04-30"}
    days = {"records-from-0": "2031-01-01", "records-until-0": "2031-03-31"}
    desk.post(f"/setup/people/{bob.pk}/", {**line, **days})
    page, _answer = confirm()
    (held,) = Membership.objects.filter(user=bob, client=acme)
    assert (held.records_from, held.records_until) == (date(2031, 1, 1), date(2031, 3, 31))
    said = "Auditor for Acme, records of 1 Jan 2031 to 31 Mar 2031, until 30 Apr 2031"
    assert f"Gains: {said}" in says(page) and said in says(desk.get("/setup/people/"))
    assert 'value="2031-01-01"' in desk.get(f"/setup/people/{bob.pk}/").content.decode()
    told = canonical.loads(bytes(Entry.objects.filter(event=Event.ROLES_CHANGED).latest("seq").body))["facts"]
    assert told["gained"] == ["auditor for Acme until 2031-04-30, records from 2031-01-01 until 2031-03-31"]
    desk.post(f"/setup/people/{bob.pk}/", {**line, **days, "role-0": "approver"})
    confirm()
    (held,) = Membership.objects.filter(user=bob, client=acme)
    assert (held.role, held.records_from, held.records_until) == ("approver", None, None)


def test_the_list_takes_the_same_queries_however_many_people(desk: Browser, person: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as taken:
            desk.get("/setup/people/")
        return len(taken)

    person("p0", Role.APPROVER)
    desk.get("/setup/people/")
    before = queries()
    for n in range(1, 12):
        person(f"p{n}", Role.APPROVER, Role.OPERATOR)
    assert queries() == before


def test_it_is_searched_and_paged(desk: Browser, person: Any) -> None:
    for n in range(60):
        person(f"p{n:02}", Role.APPROVER)
    assert "1–50 of 61" in says(desk.get("/setup/people/"))
    assert "p07@northwind.example" in says(desk.get("/setup/people/?text=p07"))
    assert "Nobody fits “zz”" in says(desk.get("/setup/people/?text=zz"))


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 403), ("bob", 403), ("olga", 403), ("erin", 403), ("sam", 200)]
)
def test_only_administrators_and_security_see_it(
    who: str, status: int, client: Browser, request: Any
) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get("/setup/people/").status_code == status
    assert client.get("/setup/people/invite/").status_code == 403


def test_security_reads_and_changes_nothing(client: Browser, sam: Any, bob: Any) -> None:
    client.force_login(sam)
    assert "Only an administrator" in says(client.get(f"/setup/people/{bob.pk}/"))
    before = roles(bob)
    assert client.post(f"/setup/people/{bob.pk}/", lines(("operator", "all", ""))).status_code == 403
    assert client.post(f"/setup/people/{bob.pk}/disable/").status_code in (403, 409)
    assert roles(bob) == before
    assert User.objects.get(pk=bob.pk).is_active


def test_people_of_other_clients_are_not_here(client: Browser, person: Any, carol: Any) -> None:
    client.force_login(person("local", Role.ADMINISTRATOR, clients_=("Acme",)))
    assert client.get(f"/setup/people/{carol.pk}/").status_code == 404
    assert client.post(f"/setup/people/{carol.pk}/disable/").status_code == 404
    assert "carol@" not in says(client.get("/setup/people/"))


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.SECURITY])
def test_what_somebody_does_for_other_clients_is_not_told_here(
    role: Role, client: Browser, person: Any, bob: Any
) -> None:
    """Bob approves for Acme and for Globex; who looks after Acme alone does not learn that there is a Globex."""
    client.force_login(person("local", role, clients_=("Acme",)))
    for path in ("/setup/people/", f"/setup/people/{bob.pk}/"):
        text = says(client.get(path))
        assert "Globex" not in text, path
    assert "Approver for Acme" in says(client.get("/setup/people/"))


def test_roles_change_after_a_proof_and_a_page_that_says_what_is_gained_and_lost(
    desk: Browser, confirm: Any, bob: Any, clients: dict[str, Any]
) -> None:
    acme = clients["Acme"].pk
    answer = desk.post(f"/setup/people/{bob.pk}/", lines(("approver", acme, ""), ("security", acme, "")))
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert (Role.SECURITY.value, acme) not in roles(bob)
    page, answer = confirm()
    text = says(page)
    assert "Gains: Security for Acme" in text
    assert "Loses: Approver for Globex" in text
    assert answer["Location"] == f"/setup/people/{bob.pk}/"
    assert roles(bob) == {("approver", acme), ("security", acme)}


@pytest.fixture
def build(clients: dict[str, Any], alice: Any) -> Engagement:
    return Engagement.objects.create(client=clients["Acme"], name="Build", lead=alice)


def test_a_role_is_given_for_one_engagement_and_taken_back(
    desk: Browser, confirm: Any, bob: Any, build: Engagement
) -> None:
    acme, within = build.client_id, f"{build.client_id}.{build.pk}"
    form = desk.get(f"/setup/people/{bob.pk}/").content.decode()
    assert "All of Acme" in form and f'<option value="{within}">Acme, only Build</option>' in form
    desk.post(f"/setup/people/{bob.pk}/", lines(("approver", within, "")))
    page, _answer = confirm()
    assert "Gains: Approver for Build at Acme" in says(page)
    assert "Loses: Approver for Acme" in says(page)
    (held,) = Membership.objects.filter(user=bob)
    assert (held.client_id, held.engagement) == (acme, build)
    assert "Approver for Build at Acme" in says(desk.get("/setup/people/"))
    assert f'value="{within}" selected' in desk.get(f"/setup/people/{bob.pk}/").content.decode()
    desk.post(f"/setup/people/{bob.pk}/", lines(("approver", acme, "")))
    page, _answer = confirm()
    assert "Loses: Approver for Build at Acme" in says(page)
    assert roles(bob) == {("approver", acme)}


def test_the_page_says_that_a_role_ended_with_its_engagement(
    desk: Browser, confirm: Any, bob: Any, build: Engagement, today: date
) -> None:
    Membership.objects.filter(user=bob).delete()
    Membership.objects.create(user=bob, role=Role.APPROVER, client=build.client, engagement=build)
    Engagement.objects.update(ends_on=today - timedelta(days=1))
    said = "Approver for Build at Acme (it has ended, so the role gives nothing)"
    assert said in says(desk.get("/setup/people/"))
    within = f"{build.client_id}.{build.pk}"
    desk.post(f"/setup/people/{bob.pk}/", lines(("approver", within, ""), ("operator", build.client_id, "")))
    page, _answer = confirm()
    assert "Gains: Operator for Acme" in says(page) and "Loses" not in says(page)
    assert 'value="' + within not in desk.get("/setup/people/invite/").content.decode()


@pytest.mark.parametrize(
    ("role", "where", "says_so"),
    [
        ("security", "within", "Only engagement leads, approvers and operators work within one engagement."),
        ("approver", "elsewhere", "Choose the client that this role is for."),
        ("approver", "other", "Choose the client that this role is for."),
    ],
)
def test_what_cannot_be_held_within_an_engagement_is_said_and_stays(
    desk: Browser, bob: Any, build: Engagement, clients: dict[str, Any], role: str, where: str, says_so: str
) -> None:
    values = {
        "within": f"{build.client_id}.{build.pk}",
        "elsewhere": f"{clients['Globex'].pk}.{build.pk}",
        "other": f"{build.client_id}.9999",
    }
    before = roles(bob)
    answer = desk.post(f"/setup/people/{bob.pk}/", lines((role, values[where], "")))
    assert answer.status_code == 422 and says_so in says(answer)
    assert f'value="{role}" selected' in answer.content.decode()
    assert roles(bob) == before


def test_an_administrator_of_one_client_gives_its_engagements_alone(
    client: Browser, person: Any, bob: Any, build: Engagement, clients: dict[str, Any], alice: Any
) -> None:
    Engagement.objects.create(client=clients["Globex"], name="Pilot", lead=alice)
    client.force_login(person("local", Role.ADMINISTRATOR, clients_=("Acme",)))
    form = says(client.get(f"/setup/people/{bob.pk}/"))
    assert "Acme, only Build" in form and "Pilot" not in form


def test_without_a_proof_the_last_page_does_not_open(desk: Browser, bob: Any) -> None:
    desk.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    desk.post(f"/setup/people/{bob.pk}/", lines(("operator", "all", "")))
    before = roles(bob)
    for call in (desk.get, desk.post):
        assert call("/setup/people/confirm/")["Location"].startswith(reverse("account_reauthenticate"))
    assert roles(bob) == before


def test_an_older_page_changes_nothing(desk: Browser, confirm: Any, bob: Any) -> None:
    desk.post(f"/setup/people/{bob.pk}/", lines(("operator", "all", "")))
    before = roles(bob)
    _page, answer = confirm(nonce="older")
    assert "older one" in says(answer)
    assert roles(bob) == before


def test_somebody_is_invited_and_told_by_mail(
    desk: Browser, confirm: Any, clients: dict[str, Any], today: date
) -> None:
    until = (today + timedelta(days=30)).isoformat()
    given = {"email": "aud@firm.example", "name": "Aud F.", **lines(("auditor", clients["Acme"].pk, until))}
    desk.post("/setup/people/invite/", given)
    page, _answer = confirm()
    assert "Gains: Auditor for Acme, until" in says(page)
    made = User.objects.get(email="aud@firm.example")
    assert roles(made) == {("auditor", clients["Acme"].pk)}
    from offboarding.notifications.follow import follow
    from offboarding.notifications.models import Message

    follow()
    message = Message.objects.get(recipient=made)
    assert (message.kind, message.url) == ("invited", "/account/password/reset/")
    assert "Auditor for Acme until" in message.text


def test_who_is_invited_chooses_a_password_by_mail(desk: Browser, confirm: Any, mailoutbox: Any) -> None:
    desk.post(
        "/setup/people/invite/",
        {"email": "nia@firm.example", "name": "Nia", **lines(("requester", "all", ""))},
    )
    confirm()
    other = Browser()
    other.post("/account/password/reset/", {"email": "nia@firm.example"})
    link = re.search(r"https?://[^/\s]+(/account/password/reset/key/\S+)", mailoutbox[-1].body)
    assert link
    form = other.get(link[1], follow=True)
    other.post(
        form.request["PATH_INFO"], {"password1": "a long enough phrase", "password2": "a long enough phrase"}
    )
    other.post("/signin/", {"login": "nia@firm.example", "password": "a long enough phrase"})
    assert other.get("/requests/").status_code == 200


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"email": "nobody"}, "Enter an e-mail address"),
        ({"name": ""}, "Enter the person"),
        ({"role-0": ""}, "Choose at least one role"),
        ({"role-0": "king"}, "Choose a role from the list"),
        ({"client-0": "9999"}, "Choose the client"),
        ({"client-0": ""}, "Choose the client"),
        ({"until-0": "tomorrow"}, "Write the day like"),
        ({"role-0": "auditor"}, "last day"),
        ({"email": "ada@northwind.example"}, "signs in here already"),
        ({"name": "x" * 121}, "Shorten the name"),
    ],
)
def test_what_is_mistyped_is_said_and_what_was_typed_stays(
    typed: dict[str, str], wanted: str, desk: Browser, clients: dict[str, Any]
) -> None:
    given = {
        "email": "new@firm.example",
        "name": "Nia",
        **lines(("approver", clients["Acme"].pk, "")),
        **typed,
    }
    answer = desk.post("/setup/people/invite/", given)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert wanted in says(answer)
    assert "<title>Error:" in text.replace("\n", "")
    assert f'value="{given["email"]}"' in text


def test_disabling_asks_why_and_ends_every_sign_in(desk: Browser, confirm: Any, bob: Any) -> None:
    other = Browser()
    other.post("/signin/", {"login": bob.email, "password": PASSWORD})
    assert other.get("/").status_code == 200
    desk.post(f"/setup/people/{bob.pk}/disable/")
    _page, answer = confirm(reason="")
    assert answer.status_code == 422
    assert User.objects.get(pk=bob.pk).is_active
    _page, answer = confirm(reason="Left the firm.")
    assert answer.status_code == 302
    assert other.get("/")["Location"].startswith("/signin/")
    assert "Disabled" in says(desk.get("/setup/people/"))
    desk.post(f"/setup/people/{bob.pk}/enable/")
    confirm()
    assert User.objects.get(pk=bob.pk).is_active


def test_a_lost_second_factor_is_taken_away_with_a_reason_and_its_owner_is_told(
    desk: Browser, confirm: Any, bob: Any, ada: Any
) -> None:
    page = f"/setup/people/{bob.pk}/"
    assert "Second factor is lost" not in says(desk.get(page))
    theirs = Browser()
    theirs.post("/signin/", {"login": bob.email, "password": PASSWORD})
    assert theirs.get("/").status_code == 200
    TOTP.activate(bob, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(bob)
    assert "Second factor is lost" in says(desk.get(page))
    desk.post(f"{page}lost-factor/")
    shown, refused = confirm(reason=" ")
    assert "Call them back at a number that you had before" in says(shown)
    assert refused.status_code == 422 and "Say how you made sure" in says(refused)
    assert Authenticator.objects.filter(user=bob).count() == 2
    _page, answer = confirm(reason="Called her desk at the Bern office.")
    assert answer.status_code == 302 and not Authenticator.objects.filter(user=bob).exists()
    assert theirs.get("/")["Location"].startswith("/signin/")
    entries = Entry.objects.filter(event__startswith="user.second_factor").order_by("-seq")[:3]
    assert {each.actor_id for each in entries} == {str(ada.pk)}, "not as if its owner had given it up"
    facts = canonical.loads(bytes(entries[0].body))["facts"]
    assert (facts["why"], facts["kinds"]) == (
        "Called her desk at the Bern office.",
        ["recovery_codes", "totp"],
    )
    follow()
    assert Message.objects.get(kind="factor taken").recipient == bob


def test_a_mistyped_address_is_put_right_after_a_proof_and_both_addresses_are_told(
    desk: Browser, confirm: Any, bob: Any
) -> None:
    url, old = f"/setup/people/{bob.pk}/", bob.email
    answer = desk.post(url + "correct/", {"email": "robert", "name": "Robert"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "Enter an e-mail address like" in page and 'value="Robert"' in page
    desk.post(url + "correct/", {"email": "robert@northwind.example", "name": "Robert"})
    bob.refresh_from_db()
    assert bob.email == old, "nothing changes before the last press"
    page, answer = confirm()
    assert f"The address {old} becomes robert@northwind.example." in says(page)
    assert "Robert" in says(desk.get(answer["Location"]))
    follow()
    message = Message.objects.get(kind="corrected")
    mail = compose(message, [message])
    assert mail.to == ["robert@northwind.example", old]
    assert f"robert@northwind.example, before: {old}" in mail.body


def test_of_another_name_alone_the_one_address_is_told(desk: Browser, confirm: Any, bob: Any) -> None:
    desk.post(f"/setup/people/{bob.pk}/correct/", {"email": bob.email, "name": "Robert"})
    page, _answer = confirm()
    assert "They are told by mail." in says(page)
    follow()
    message = Message.objects.get(kind="corrected")
    mail = compose(message, [message])
    assert mail.to == [bob.email] and "sign in with the address" not in mail.body
    assert "Robert, before: Bob" in mail.body


def test_what_waits_for_somebody_who_is_disabled_is_named_and_their_steps_go_back(
    desk: Browser, confirm: Any, running: Any, ada: Any, olga: Any, clients: dict[str, Any]
) -> None:
    removal = running()
    run = Run.objects.filter(item__plan__removal=removal, manual=True, state=State.NEEDS_PERSON)[0]
    actions.assign(run, olga, olga)
    over = Run.objects.filter(item__plan__removal=removal, state=State.DONE)[0]
    Run.objects.filter(pk=over.pk).update(assigned_to=olga)
    Engagement.objects.create(client=clients["Acme"], name="Analytics", lead=olga)
    desk.post(f"/setup/people/{olga.pk}/disable/")
    page, _answer = confirm(reason="Left the firm.")
    assert "1 step that they have goes back to everybody who may take it." in says(page)
    assert "Still leads Analytics (Acme): choose another lead there." in says(page)
    run.refresh_from_db()
    over.refresh_from_db()
    assert run.assigned_to is None and over.assigned_to == olga, "what has ended stays theirs"
    entry = Entry.objects.filter(about=removal.reference).latest("seq")
    assert (entry.event, entry.actor_id) == (Event.ITEM_MOVED, str(ada.pk))


# ---------------------------------------------------------------- decisions in their place


@pytest.fixture
def delegation(bob: Any, person: Any) -> Any:
    now = clock.now()
    return Delegation.objects.create(
        giver=bob,
        to=person("dev", Role.AUDITOR),
        starts_at=now,
        ends_at=now + timedelta(days=9),
        why="Holidays",
        method="code",
    )


@pytest.mark.parametrize("side", ["giver", "to"])
def test_an_administrator_ends_what_somebody_delegated(
    side: str, desk: Browser, confirm: Any, delegation: Delegation
) -> None:
    person = getattr(delegation, side)
    text = says(desk.get(f"/setup/people/{person.pk}/"))
    assert ("Dev decides for Bob" in text) and "Holds now" in text
    answer = desk.post(f"/setup/people/{person.pk}/delegations/{delegation.pk}/end/")
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    page, answer = confirm(reason="")
    assert "Dev decides for Bob" in says(page) and answer.status_code == 422
    _page, answer = confirm(reason="Bob is back.")
    assert answer["Location"] == f"/setup/people/{person.pk}/"
    delegation.refresh_from_db()
    assert delegation.cancelled_by and delegation.cancelled_by.name == "Ada"
    assert "Dev decides for Bob" not in says(desk.get(f"/setup/people/{person.pk}/")), (
        "only what can be ended"
    )


def test_whose_delegate_lies_outside_of_reach_is_not_told(client: Browser, person: Any) -> None:
    local = person("local", Role.ADMINISTRATOR, clients_=("Acme",))
    giver = person("giver", Role.APPROVER, clients_=("Acme",))
    other = person("other", Role.APPROVER, clients_=("Globex",))
    now = clock.now()
    made = Delegation.objects.create(
        giver=giver, to=other, starts_at=now, ends_at=now + timedelta(days=9), why="w", method="code"
    )
    client.force_login(local)
    assert "Other" not in says(client.get(f"/setup/people/{giver.pk}/"))
    assert client.post(f"/setup/people/{giver.pk}/delegations/{made.pk}/end/").status_code == 404


def test_a_delegation_of_somebody_else_is_not_ended_from_this_page(
    desk: Browser, delegation: Delegation, alice: Any
) -> None:
    assert desk.post(f"/setup/people/{alice.pk}/delegations/{delegation.pk}/end/").status_code == 404
    assert desk.post(f"/setup/people/{alice.pk}/delegations/999/end/").status_code == 404
