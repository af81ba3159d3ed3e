"""Letting people in, changing what they may do, and putting them out at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client as Browser

from offboarding.approvals.queries import approvers_for
from offboarding.directory import correcting, people
from offboarding.directory.models import Address, Collaborator
from offboarding.directory.queries import people_in, scope_of
from offboarding.directory.rules import Grant
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.removals.queries import removals_for
from offboarding.users.models import User
from offboarding.users.rules import Role
from tests.conftest import DAN, PASSWORD


@pytest.fixture
def act(today: date) -> Callable[..., Any]:
    """`act(people.disable, ada, bob, "left")`: as that administrator, with what they administer."""

    def make(verb: Callable[..., Any], by: Any, *args: Any) -> Any:
        given = (*args, today) if verb in (people.invite, people.change) else args
        return verb(by, scope_of(by, today), *given)

    return make


def newest() -> tuple[str, dict[str, Any]]:
    entry = Entry.objects.order_by("-seq")[0]
    return entry.event, canonical.loads(bytes(entry.body))["facts"]


def held(user: Any) -> set[tuple[Role, int | None]]:
    return {(grant.role, grant.client) for grant in people.grants_of(user)}


def test_an_administrator_lets_somebody_in_who_has_no_password_yet(
    ada: Any, act: Any, clients: dict[str, Any]
) -> None:
    made = act(
        people.invite, ada, "new@northwind.example", "Nia", (Grant(Role.APPROVER, clients["Acme"].pk),)
    )
    assert held(made) == {(Role.APPROVER, clients["Acme"].pk)}
    assert not made.has_usable_password()
    event, facts = newest()
    assert (event, facts["roles"]) == ("user.invited", ["approver for Acme"])


def test_an_address_in_capitals_signs_in_as_one_in_small_letters(
    ada: Any, act: Any, clients: dict[str, Any], client: Browser
) -> None:
    made = act(people.invite, ada, "Nia@Firm.example", "Nia", (Grant(Role.APPROVER, clients["Acme"].pk),))
    made.set_password(PASSWORD)
    made.save()
    client.post("/signin/", {"login": "Nia@Firm.example", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(made.pk)


def test_roles_are_gained_and_lost_and_the_record_says_which(
    ada: Any, act: Any, bob: Any, clients: dict[str, Any]
) -> None:
    acme, globex = clients["Acme"].pk, clients["Globex"].pk
    act(people.change, ada, bob, (Grant(Role.APPROVER, acme), Grant(Role.OPERATOR, globex)))
    assert held(bob) == {(Role.APPROVER, acme), (Role.OPERATOR, globex)}
    event, facts = newest()
    assert event == "user.roles_changed"
    assert (facts["gained"], facts["lost"]) == (["operator for Globex"], ["approver for Globex"])


def test_who_administers_one_client_reaches_no_other(
    act: Any, person: Any, bob: Any, clients: dict[str, Any], today: date
) -> None:
    ada = person("local", Role.ADMINISTRATOR, clients_=("Acme",))
    act(people.change, ada, bob, (Grant(Role.OPERATOR, clients["Acme"].pk),))
    assert held(bob) == {(Role.OPERATOR, clients["Acme"].pk), (Role.APPROVER, clients["Globex"].pk)}
    for grant in (Grant(Role.OPERATOR, clients["Globex"].pk), Grant(Role.ADMINISTRATOR)):
        with pytest.raises(Refused) as refused:
            act(people.change, ada, bob, (grant,))
        assert refused.value.code == "out-of-reach"
    with pytest.raises(Refused) as refused:
        act(people.disable, ada, bob, "left")
    assert refused.value.code == "out-of-reach"
    carol = person("carol2", Role.REQUESTER, clients_=("Hooli",))
    assert carol not in people_in(scope_of(ada, today), Role.ADMINISTRATOR)


@pytest.mark.parametrize(
    "verb", [people.disable, people.enable, people.sign_out, people.change, people.take_lost_factor]
)
def test_nobody_but_an_administrator_changes_who_may_do_what(verb: Any, act: Any, sam: Any, bob: Any) -> None:
    reasons = {people.disable: ("left",), people.take_lost_factor: ("saw them",)}
    given = {**reasons, people.change: ((Grant(Role.APPROVER),),)}.get(verb, ())
    with pytest.raises(Refused) as refused:
        act(verb, sam, bob, *given)
    assert refused.value.code == "may-not-change"


def test_nobody_changes_their_own_roles(ada: Any, act: Any) -> None:
    with pytest.raises(Refused, match="another administrator"):
        act(people.change, ada, ada, (Grant(Role.APPROVER),))
    with pytest.raises(Refused, match="another administrator"):
        act(people.disable, ada, ada, "tired")
    with pytest.raises(Refused, match="another administrator"):
        act(people.take_lost_factor, ada, ada, "it is me")


def test_the_last_administrator_stays(ada: Any, act: Any, today: date) -> None:
    other = act(people.invite, ada, "eve@northwind.example", "Eve", (Grant(Role.ADMINISTRATOR),))
    act(people.disable, other, ada, "left")
    ada.refresh_from_db()
    act(people.enable, other, ada)
    ada.refresh_from_db()
    ends = Grant(Role.ADMINISTRATOR, None, None, today + timedelta(days=9))
    act(people.change, ada, other, (ends,))  # Ada is still there
    with pytest.raises(Refused) as refused:
        act(people.disable, other, ada, "left")
    assert refused.value.code == "last-administrator"
    assert User.objects.get(pk=ada.pk).is_active
    assert newest()[0] == "user.roles_changed"


def test_an_auditor_has_a_last_day(ada: Any, act: Any, bob: Any, today: date) -> None:
    with pytest.raises(Refused, match="last day"):
        act(people.change, ada, bob, (Grant(Role.AUDITOR),))
    until = today + timedelta(days=30)
    act(people.change, ada, bob, (Grant(Role.AUDITOR, None, None, until),))
    assert scope_of(bob, until).has(Role.AUDITOR)
    assert not scope_of(bob, until + timedelta(days=1)).grants


@pytest.mark.parametrize(
    ("grants", "says"),
    [
        (lambda day: (Grant(Role.APPROVER), Grant(Role.APPROVER)), "twice"),
        (lambda day: (Grant(Role.APPROVER, None, day, day - timedelta(days=1)),), "ends before it begins"),
        (lambda day: (Grant(Role.APPROVER, None, None, day - timedelta(days=1)),), "has ended already"),
    ],
)
def test_roles_that_cannot_be_are_refused_in_a_sentence(
    grants: Any, says: str, ada: Any, act: Any, bob: Any, today: date
) -> None:
    before = held(bob)
    with pytest.raises(Refused, match=says):
        act(people.change, ada, bob, grants(today))
    assert held(bob) == before


def test_who_is_disabled_is_out_on_every_browser_at_the_next_press(
    ada: Any, act: Any, bob: Any, client: Browser
) -> None:
    other = Browser()
    for browser in (client, other):
        browser.post("/signin/", {"login": bob.email, "password": "correct horse battery"})
        assert browser.get("/requests/").status_code == 200
    assert act(people.disable, ada, bob, "Left the firm.") == 2
    for browser in (client, other):
        assert browser.get("/requests/")["Location"].startswith("/signin/")
    answer = client.post("/signin/", {"login": bob.email, "password": "correct horse battery"})
    assert "_auth_user_id" not in client.session
    assert answer.status_code in (200, 302)
    act(people.enable, ada, bob)
    client.post("/signin/", {"login": bob.email, "password": "correct horse battery"})
    assert client.get("/requests/").status_code == 200


# ---------------------------------------------------------------- another name, another address


def test_another_address_ends_every_sign_in_and_the_old_one_opens_nothing(
    ada: Any, act: Any, bob: Any, client: Browser
) -> None:
    old = bob.email
    client.post("/signin/", {"login": old, "password": PASSWORD})
    EmailAddress.objects.get_or_create(user=bob, email=old, verified=True)
    assert act(correcting.correct, ada, bob, " Robert@northwind.example ", "Robert") == 1
    assert client.get("/requests/")["Location"].startswith("/signin/")
    again = Browser()
    again.post("/signin/", {"login": old, "password": PASSWORD})
    assert "_auth_user_id" not in again.session
    again.post("/signin/", {"login": "robert@northwind.example", "password": PASSWORD})
    assert again.session["_auth_user_id"] == str(bob.pk)
    entry = Entry.objects.get(event="user.corrected")
    facts = canonical.loads(bytes(entry.body))["facts"]
    assert facts == {"user": bob.pk, "what": ["address", "name"], "browsers": 1}
    said = dict(entry.personal.values_list("name", "value"))
    assert (said["address before"], said["name"]) == (old, "Robert")


def test_another_name_alone_signs_nobody_out(ada: Any, act: Any, bob: Any, client: Browser) -> None:
    client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    assert act(correcting.correct, ada, bob, bob.email, "Robert") == 0
    assert client.get("/requests/").status_code == 200


@pytest.mark.parametrize(
    ("email", "name", "code"),
    [
        ("bob", "Bob", "bad-address"),
        ("bob@northwind.example", " ", "no-name"),
        ("bob@northwind.example", "B" * 121, "long-name"),
        ("OLGA@northwind.example", "Bob", "known-user"),
        ("glass@northwind.example", "Bob", "break-glass"),
        ("bob@northwind.example", "Bob", "nothing-changed"),
    ],
)
def test_a_name_or_address_that_cannot_be_is_refused(
    email: str, name: str, code: str, ada: Any, act: Any, bob: Any, olga: Any, settings: Any
) -> None:
    settings.BREAK_GLASS = "glass@northwind.example"
    User.objects.filter(pk=bob.pk).update(email="bob@northwind.example", name="Bob")
    bob.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        act(correcting.correct, ada, bob, email, name)
    assert refusal.value.code == code
    assert not Entry.objects.filter(event="user.corrected").exists()


def test_nobody_puts_right_their_own_nor_what_is_out_of_reach(
    ada: Any, act: Any, bob: Any, person: Any, sam: Any
) -> None:
    for by, whom, code in (
        (ada, ada, "may-not-change"),
        (sam, bob, "may-not-change"),
        (person("local", Role.ADMINISTRATOR, clients_=("Acme",)), bob, "out-of-reach"),
    ):
        with pytest.raises(Refused) as refusal:
            act(correcting.correct, by, whom, "else@northwind.example", "Else")
        assert refusal.value.code == code


@pytest.mark.parametrize("name", ["dan", "zed"], ids=["the request names it", "the client knows both"])
def test_a_corrected_address_lets_nobody_decide_about_their_own_access(
    name: str, ada: Any, act: Any, filed: Any, decide: Any, person: Any, clients: Any, today: date
) -> None:
    """An open request stays about them, by the address that it names and by what the client knows them by besides."""
    leaver = person(name, Role.APPROVER)
    known = Collaborator.objects.create(client=clients["Acme"], name="Dan Reyes")
    for address in {leaver.email, DAN}:
        Address.objects.create(collaborator=known, email=address)
    old, removal = leaver.email, filed()
    for address in ("reyes@northwind.example", "d.reyes@northwind.example"):
        act(correcting.correct, ada, leaver, address, "Dan")
    leaver = User.objects.get(pk=leaver.pk)
    assert leaver.former == sorted([old, "reyes@northwind.example"])
    with pytest.raises(Refused) as refusal:
        decide(removal, leaver)
    assert "This is about your own access" in refusal.value.sentence
    assert leaver not in approvers_for(removal, today)
    assert not removals_for(scope_of(leaver, today)).filter(pk=removal.pk).exists()


def test_an_address_that_was_put_back_is_no_former_one(ada: Any, act: Any, bob: Any) -> None:
    old = bob.email
    act(correcting.correct, ada, bob, "robert@northwind.example", "Bob")
    act(correcting.correct, ada, bob, old, "Bob")
    assert User.objects.get(pk=bob.pk).former == ["robert@northwind.example"]
