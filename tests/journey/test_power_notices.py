"""Whoever one administrator lets decide, others are told of: who can take it back, and nobody beyond the walls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from offboarding.directory import correcting, people, sign_in
from offboarding.directory.models import Client, Membership
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Grant, Scope
from offboarding.notifications.follow import follow
from offboarding.notifications.handlers import objection
from offboarding.notifications.mail import compose
from offboarding.notifications.models import Message
from offboarding.users.models import SignInProvider, User
from offboarding.users.rules import Role

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 2)


@pytest.fixture
def watchers(person: Make, ada: Any) -> dict[str, Any]:
    """Ada and Lin administer all clients, Amy Acme alone; Sam is security for all, Gus for Globex."""
    return {
        "ada": ada,
        "lin": of_all(person("lin"), Role.ADMINISTRATOR),
        "amy": person("amy", Role.ADMINISTRATOR, clients_=("Acme",)),
        "sam": of_all(person("sam"), Role.SECURITY),
        "gus": person("gus", Role.SECURITY, clients_=("Globex",)),
    }


def of_all(user: Any, role: Role) -> Any:
    Membership.objects.create(user=user, role=role.value)
    return user


def lin() -> Scope:
    """Who agrees."""
    return scope_of(User.objects.get(name="Lin"), TODAY)


def invite(by: Any, *grants: Grant) -> User:
    return people.invite(by, scope_of(by, TODAY), "nia@firm.example", "Nia", grants, TODAY, lin())


def told(kind: str) -> set[str]:
    follow()
    return {message.recipient.email.partition("@")[0] for message in Message.objects.filter(kind=kind)}


def acme() -> int:
    return Client.objects.get(name="Acme").pk


@pytest.mark.parametrize("role", [Role.APPROVER, Role.SECURITY, Role.ADMINISTRATOR])
def test_who_is_let_in_to_decide_is_news_to_the_others(role: Role, watchers: dict[str, Any]) -> None:
    nia = invite(watchers["ada"], Grant(role, acme()))
    assert told("power given") == {"lin", "amy", "sam"}, "not Gus, who works for Globex, nor Ada herself"
    message = Message.objects.filter(kind="power given")[0]
    assert message.url == f"/setup/people/{nia.pk}/" and "nia@firm.example" in message.text
    assert "for Acme" in message.text and "Ada" in message.text
    assert told("invited") == {"nia"}


@pytest.mark.parametrize("role", [Role.REQUESTER, Role.OPERATOR, Role.AUDITOR])
def test_who_decides_nothing_is_no_news(role: Role, watchers: dict[str, Any]) -> None:
    last = date(2026, 12, 1) if role is Role.AUDITOR else None
    invite(watchers["ada"], Grant(role, acme(), ends_on=last))
    assert told("power given") == set()


def test_of_a_role_for_all_clients_only_those_of_all_clients_are_told(watchers: dict[str, Any]) -> None:
    invite(watchers["ada"], Grant(Role.APPROVER))
    assert told("power given") == {"lin", "sam"}


def test_a_role_that_is_given_later_is_news_and_one_that_goes_is_not(watchers: dict[str, Any]) -> None:
    ada, lead = watchers["ada"], Grant(Role.REQUESTER, acme())
    nia = invite(ada, lead)
    assert told("power given") == set()
    people.change(ada, scope_of(ada, TODAY), nia, (lead, Grant(Role.APPROVER, acme())), TODAY, lin())
    assert told("power given") == {"lin", "amy", "sam"}
    Message.objects.filter(kind="power given").delete()
    people.change(ada, scope_of(ada, TODAY), nia, (lead,), TODAY)
    assert told("power given") == set()


def test_another_address_of_who_decides_is_news_and_goes_to_no_address_of_theirs(
    watchers: dict[str, Any],
) -> None:
    ada = watchers["ada"]
    nia = invite(ada, Grant(Role.APPROVER, acme()))
    follow()
    Message.objects.all().delete()
    correcting.correct(ada, scope_of(ada, TODAY), nia, "else@firm.example", "Nia", lin())
    assert told("power given") == {"lin", "amy", "sam"} and told("corrected") == {"else"}
    for message in Message.objects.filter(kind="power given"):
        assert compose(message, [message]).to == [message.recipient.email]
        assert "nia@firm.example" in message.text and "else@firm.example" in message.text
    for message in Message.objects.filter(kind="corrected"):
        assert compose(message, [message]).to == ["else@firm.example", "nia@firm.example"]


@pytest.mark.parametrize("role", [Role.APPROVER, Role.OPERATOR])
def test_another_name_or_the_address_of_who_decides_nothing_is_no_news(
    role: Role, watchers: dict[str, Any]
) -> None:
    ada = watchers["ada"]
    nia = invite(ada, Grant(role, acme()))
    follow()
    Message.objects.all().delete()
    address = "nia@firm.example" if role is Role.APPROVER else "else@firm.example"
    correcting.correct(ada, scope_of(ada, TODAY), nia, address, "Nia B.", lin())
    assert told("power given") == set() and len(told("corrected")) == 1


def test_who_lost_their_own_role_before_the_mail_went_is_told_nothing(watchers: dict[str, Any]) -> None:
    invite(watchers["ada"], Grant(Role.APPROVER, acme()))
    assert told("power given") >= {"amy", "lin"}
    watchers["amy"].memberships.all().delete()
    messages = {each.recipient_id: each for each in Message.objects.filter(kind="power given")}
    entry = messages[watchers["amy"].pk].entry
    assert "does not watch over Nia" in objection(entry, watchers["amy"])
    assert objection(entry, watchers["lin"]) == ""


@pytest.fixture
def way() -> SignInProvider:
    return SignInProvider.objects.create(
        kind="oidc", slug="corp", name="Corp", domains=["firm.example"], issuer="https://id.firm.example",
        client_id="x", sealed_secret="sealed",
    )  # fmt: skip


def test_a_way_in_that_is_switched_on_is_news_to_who_watches_over_all(
    way: SignInProvider, watchers: dict[str, Any]
) -> None:
    ada = watchers["ada"]
    sign_in.switch(ada, scope_of(ada, TODAY), way, True)
    assert told("way in changed") == {"lin", "sam"}
    urls = {each.recipient.email[:3]: each.url for each in Message.objects.filter(kind="way in changed")}
    assert urls == {"lin": "/setup/sign-in/at/corp/", "sam": "/setup/people/"}
    assert "firm.example" in Message.objects.filter(kind="way in changed")[0].text


def test_a_way_in_that_is_off_is_no_news(way: SignInProvider, watchers: dict[str, Any]) -> None:
    ada = watchers["ada"]
    sign_in.change(ada, scope_of(ada, TODAY), way, {"domains": ["firm.example", "other.example"]}, "")
    assert told("way in changed") == set()
    sign_in.switch(ada, scope_of(ada, TODAY), way, True)
    follow()
    Message.objects.all().delete()
    sign_in.switch(ada, scope_of(ada, TODAY), way, False)
    assert told("way in changed") == set()
