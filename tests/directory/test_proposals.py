"""Whoever gives somebody a say, or moves who decides to another address, has a second administrator agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding.connections import upkeep
from offboarding.connections.models import Coverage
from offboarding.directory import correcting, engagements, people, proposals
from offboarding.directory.grants import grants_of
from offboarding.directory.models import Client, Engagement, Membership, Proposal
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Act, Grant, Said
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work import clock

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 2)
DECIDING = [Role.APPROVER, Role.SECURITY, Role.ADMINISTRATOR]
NIA = "nia@firm.example"


def scope(user: Any) -> Any:
    return scope_of(user, TODAY)


@pytest.fixture
def lin(person: Make) -> Any:
    user = person("lin")
    Membership.objects.create(user=user, role=Role.ADMINISTRATOR.value)
    return user


@pytest.fixture
def acme(clients: dict[str, Any]) -> Any:
    return clients["Acme"]


def invite(by: Any, *grants: Grant, second: Any = None) -> User:
    return people.invite(by, scope(by), NIA, "Nia", grants, TODAY, second)


def propose(by: Any, user: Any, act: Act, *grants: Grant, email: str = NIA, name: str = "Nia") -> Proposal:
    said = Said(act, email, name, grants)
    return proposals.propose(by, scope(by), user, said, "She takes over from Bob.", "code", TODAY)


def agree(proposal: Proposal, by: Any) -> User:
    return proposals.agree(proposal, by, scope(by), "passkey", TODAY)


def refused(code: str, act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refusal, transaction.atomic():
        act()
    assert refusal.value.code == code
    return refusal.value.sentence


# ---------------------------------------------------------------- when it takes two


@pytest.mark.parametrize("role", DECIDING)
def test_one_administrator_of_two_lets_nobody_in_who_decides(
    role: Role, ada: Any, lin: Any, acme: Any
) -> None:
    refused("two-administrators", lambda: invite(ada, Grant(role, acme.pk)))
    assert not User.objects.filter(email=NIA).exists()
    made = propose(ada, None, Act.INVITE, Grant(role, acme.pk))
    assert not User.objects.filter(email=NIA).exists(), "nothing changes before another one agrees"
    nia = agree(made, lin)
    assert grants_of(nia) == (Grant(role, acme.pk),)
    made.refresh_from_db()
    assert (made.standing, made.decided_by, made.decided_method) == ("agreed", lin, "passkey")


@pytest.mark.parametrize("role", [Role.REQUESTER, Role.OPERATOR, Role.AUDITOR])
def test_who_decides_nothing_is_let_in_by_one(role: Role, ada: Any, lin: Any, acme: Any) -> None:
    last = TODAY + timedelta(days=9) if role is Role.AUDITOR else None
    grant = Grant(role, acme.pk, ends_on=last)
    assert grants_of(invite(ada, grant)) == (grant,)


@pytest.mark.parametrize("role", DECIDING)
def test_the_only_administrator_that_there_ever_was_acts_alone(role: Role, ada: Any, acme: Any) -> None:
    assert grants_of(invite(ada, Grant(role, acme.pk))) == (Grant(role, acme.pk),)


@pytest.mark.parametrize("way", ["role taken", "disabled", "role of one client left"])
def test_who_made_the_other_administrator_go_is_not_the_only_one_by_that(
    way: str, ada: Any, lin: Any, acme: Any
) -> None:
    if way == "disabled":
        people.disable(ada, scope(ada), lin, "Left.")
    else:
        rest = (Grant(Role.OPERATOR),) if way == "role taken" else (Grant(Role.ADMINISTRATOR, acme.pk),)
        # The role of one client is no gain for who had it for all.
        people.change(ada, scope(ada), lin, rest, TODAY)
    refused("two-administrators", lambda: invite(ada, Grant(Role.APPROVER)))


def test_an_administrator_of_another_client_is_not_asked(ada: Any, acme: Any, person: Make) -> None:
    gus = person("gus", Role.ADMINISTRATOR, clients_=("Globex",))
    assert invite(ada, Grant(Role.APPROVER, acme.pk))
    nia = User.objects.get(email=NIA)
    both = (Grant(Role.APPROVER, acme.pk), Grant(Role.OPERATOR, Client.objects.get(name="Globex").pk))
    people.change(ada, scope(ada), nia, both, TODAY)
    amy = person("amy", Role.ADMINISTRATOR, clients_=("Acme",))
    one = (Grant(Role.SECURITY, acme.pk),)
    refused("two-administrators", lambda: people.change(ada, scope(ada), nia, (*both, *one), TODAY))
    made = propose(ada, nia, Act.ROLES, *both, *one)
    refused("may-not-agree", lambda: agree(made, gus))
    assert set(grants_of(agree(made, amy))) == {*both, *one}


def test_nobody_agrees_to_what_also_touches_clients_that_are_not_theirs(
    ada: Any, lin: Any, acme: Any, clients: dict[str, Any], person: Make
) -> None:
    nia = person("nia", Role.OPERATOR, clients_=("Globex",))
    amy = person("amy", Role.ADMINISTRATOR, clients_=("Acme",))
    made = propose(ada, nia, Act.ROLES, Grant(Role.APPROVER, acme.pk))
    refused("may-not-agree", lambda: agree(made, amy))
    assert proposals.open_for(scope(amy)) == [] and proposals.proposal_for(scope(amy), made.pk) is None
    assert grants_of(agree(made, lin)) == (Grant(Role.APPROVER, acme.pk),)


HELD = Grant(Role.APPROVER, starts_on=TODAY, ends_on=TODAY + timedelta(days=9))


@pytest.mark.parametrize(
    ("wanted", "two"),
    [
        (Grant(Role.APPROVER, ends_on=TODAY + timedelta(days=9)), True),
        (Grant(Role.APPROVER, starts_on=TODAY, ends_on=TODAY + timedelta(days=10)), True),
        (Grant(Role.APPROVER, starts_on=TODAY, ends_on=None), True),
        (Grant(Role.APPROVER, starts_on=TODAY, ends_on=TODAY + timedelta(days=8)), False),
        (Grant(Role.APPROVER, starts_on=TODAY + timedelta(days=1), ends_on=TODAY + timedelta(days=9)), False),
        (Grant(Role.SECURITY, starts_on=TODAY, ends_on=TODAY + timedelta(days=9)), True),
        (Grant(Role.OPERATOR), False),
    ],
)
def test_only_what_is_more_than_before_takes_two(wanted: Grant, two: bool, ada: Any, person: Make) -> None:
    nia = invite(ada, HELD)
    lin = person("lin")
    Membership.objects.create(user=lin, role=Role.ADMINISTRATOR.value)
    if two:
        refused("two-administrators", lambda: people.change(ada, scope(ada), nia, (wanted,), TODAY))
        assert grants_of(nia) == (HELD,)
    else:
        people.change(ada, scope(ada), nia, (wanted,), TODAY)
        assert grants_of(nia) == (wanted,)


def test_a_role_for_one_client_is_no_gain_for_who_has_it_for_all(
    ada: Any, acme: Any, clients: dict[str, Any], person: Make
) -> None:
    nia = invite(ada, Grant(Role.APPROVER))
    Membership.objects.create(user=person("lin"), role=Role.ADMINISTRATOR.value)
    people.change(ada, scope(ada), nia, (Grant(Role.APPROVER, acme.pk),), TODAY)
    for wider in (Grant(Role.APPROVER), Grant(Role.APPROVER, clients["Globex"].pk)):
        refused(
            "two-administrators", lambda wider=wider: people.change(ada, scope(ada), nia, (wider,), TODAY)
        )


def test_another_address_of_who_decides_takes_two_and_another_name_one(ada: Any, lin: Any, bob: Any) -> None:
    refused("two-administrators", lambda: correcting.correct(ada, scope(ada), bob, NIA, "Bob"))
    assert correcting.correct(ada, scope(ada), bob, bob.email, "Robert") == 0
    made = propose(ada, bob, Act.CORRECT, name="Robert")
    bob.refresh_from_db()
    assert bob.email == "bob@northwind.example"
    agree(made, lin)
    bob.refresh_from_db()
    assert (bob.email, bob.former) == (NIA, ["bob@northwind.example"])


def test_the_address_of_who_decides_nothing_takes_one(ada: Any, lin: Any, olga: Any) -> None:
    correcting.correct(ada, scope(ada), olga, NIA, "Olga")
    olga.refresh_from_db()
    assert olga.email == NIA


# ---------------------------------------------------------------- who agrees


@pytest.fixture
def proposed(ada: Any, lin: Any, acme: Any) -> Proposal:
    return propose(ada, None, Act.INVITE, Grant(Role.APPROVER, acme.pk))


@pytest.mark.parametrize("who", ["ada", "sam", "bob", "gus", "an administrator until yesterday"])
def test_who_proposed_it_and_who_does_not_administer_all_of_it_do_not_agree(
    who: str, proposed: Proposal, ada: Any, sam: Any, bob: Any, person: Make
) -> None:
    others = {"ada": ada, "sam": sam, "bob": bob}
    user = others.get(who) or person("gus", Role.ADMINISTRATOR, clients_=("Globex",))
    if who.startswith("an"):
        Membership.objects.filter(user=user).update(client=None, ends_on=TODAY - timedelta(days=1))
    refused("may-not-agree", lambda: agree(proposed, user))
    refused("may-not-agree", lambda: proposals.decline(proposed, user, scope(user), "code", "No."))
    assert not User.objects.filter(email=NIA).exists()
    assert Proposal.objects.get().standing == "proposed"


def test_nobody_agrees_to_what_is_about_themself(ada: Any, lin: Any, person: Make) -> None:
    amy = person("amy", Role.ADMINISTRATOR, clients_=("Acme",))
    made = propose(ada, amy, Act.ROLES, Grant(Role.ADMINISTRATOR))
    Membership.objects.filter(user=amy).update(client=None)
    assert "about yourself" in refused("may-not-agree", lambda: agree(made, amy))
    refused("may-not-agree", lambda: people.change(ada, scope(ada), amy, (), TODAY, scope(amy)))


@pytest.mark.parametrize("gone", ["disabled", "role taken"])
def test_what_somebody_proposed_who_is_no_administrator_any_more_does_not_happen(
    gone: str, proposed: Proposal, ada: Any, lin: Any
) -> None:
    if gone == "disabled":
        User.objects.filter(pk=ada.pk).update(is_active=False)
    else:
        Membership.objects.filter(user=ada).delete()
    refused("proposer-gone", lambda: agree(proposed, lin))
    proposals.decline(proposed, lin, scope(lin), "code", "She left.")
    assert Proposal.objects.get().standing == "declined"


def test_what_was_compared_with_has_to_stand_still(ada: Any, lin: Any, acme: Any, person: Make) -> None:
    nia = person("nia", Role.OPERATOR, clients_=("Acme",))
    made = propose(ada, nia, Act.ROLES, Grant(Role.OPERATOR, acme.pk), Grant(Role.APPROVER, acme.pk))
    Membership.objects.filter(user=nia).update(role=Role.REQUESTER.value)
    refused("moved-on", lambda: agree(made, lin))
    assert grants_of(nia) == (Grant(Role.REQUESTER, acme.pk),)


@pytest.mark.parametrize("how", ["agreed", "declined", "withdrawn"])
def test_what_is_decided_is_decided_once(how: str, proposed: Proposal, ada: Any, lin: Any) -> None:
    if how == "agreed":
        agree(proposed, lin)
    elif how == "declined":
        proposals.decline(proposed, lin, scope(lin), "code", "I do not know her.")
    else:
        refused("not-yours", lambda: proposals.withdraw(proposed, lin))
        proposals.withdraw(proposed, ada)
    told = f"{how} already"
    assert told in refused("decided-meanwhile", lambda: agree(proposed, lin))
    refused("decided-meanwhile", lambda: proposals.withdraw(proposed, ada))
    refused("decided-meanwhile", lambda: proposals.decline(proposed, lin, scope(lin), "code", "No."))
    assert User.objects.filter(email=NIA).exists() == (how == "agreed")


def test_one_change_of_a_person_waits_at_a_time(
    proposed: Proposal, ada: Any, lin: Any, acme: Any, bob: Any
) -> None:
    refused("proposed-already", lambda: propose(lin, None, Act.INVITE, Grant(Role.SECURITY, acme.pk)))
    propose(ada, bob, Act.CORRECT, email="robert@firm.example", name="Bob")
    grants = (*grants_of(bob), Grant(Role.SECURITY, acme.pk))
    refused("proposed-already", lambda: propose(lin, bob, Act.ROLES, *grants))
    proposals.withdraw(proposed, ada)
    assert propose(lin, None, Act.INVITE, Grant(Role.SECURITY, acme.pk))


@pytest.mark.parametrize("why", ["", "  ", "x" * 501])
def test_it_says_why(why: str, ada: Any, lin: Any, acme: Any) -> None:
    said = Said(Act.INVITE, NIA, "Nia", (Grant(Role.APPROVER, acme.pk),))
    with pytest.raises(Refused) as refusal:
        proposals.propose(ada, scope(ada), None, said, why, "code", TODAY)
    assert refusal.value.facts["field"] == "reason"
    made = propose(ada, None, Act.INVITE, *said.grants)
    with pytest.raises(Refused) as refusal:
        proposals.decline(made, lin, scope(lin), "code", why)
    assert refusal.value.facts["field"] == "note"


def test_what_the_act_itself_would_refuse_is_not_proposed(ada: Any, lin: Any, acme: Any, bob: Any) -> None:
    grant = Grant(Role.APPROVER, acme.pk)
    refused("known-user", lambda: propose(ada, None, Act.INVITE, grant, email=bob.email))
    refused("nothing-changed", lambda: propose(ada, bob, Act.ROLES, *grants_of(bob)))
    refused("may-not-change", lambda: propose(ada, ada, Act.ROLES, grant))
    refused("may-not-change", lambda: propose(bob, None, Act.INVITE, grant))
    refused("takes-one", lambda: propose(ada, None, Act.INVITE, Grant(Role.OPERATOR, acme.pk)))


# ---------------------------------------------------------------- what an engagement covers


@pytest.fixture
def pilot(acme: Any, alice: Any, workspace: Make) -> Engagement:
    made: Engagement = Engagement.objects.create(client=acme, name="Pilot", lead=alice)
    Coverage.objects.create(engagement=made, workspace=workspace("Acme Staging"))
    return made


@pytest.fixture
def approves_within(pilot: Engagement, acme: Any, person: Make) -> Any:
    user = person("una")
    Membership.objects.create(user=user, role=Role.APPROVER.value, client=acme, engagement=pilot)
    return user


def widen(by: Any, pilot: Engagement, *more: Any) -> None:
    pilot.refresh_from_db()
    places = [each.workspace for each in pilot.coverage.all()]
    upkeep.cover(by, scope(by), pilot, [*places, *more], pilot.version)


def test_where_somebody_approves_an_engagement_reaches_no_further_on_one_word(
    ada: Any, lin: Any, pilot: Engagement, approves_within: Any, workspace: Make
) -> None:
    production = workspace("Acme Production")
    assert "approve: Una" in refused("two-administrators", lambda: widen(ada, pilot, production))
    assert pilot.coverage.count() == 1
    people.change(ada, scope(ada), approves_within, (), TODAY)
    widen(ada, pilot, production)
    assert pilot.coverage.count() == 2
    refused("two-administrators", lambda: people.change(
        ada, scope(ada), approves_within, (Grant(Role.APPROVER, pilot.client_id, engagement=pilot.pk),), TODAY
    ))  # fmt: skip


def test_it_covers_less_on_one_word(ada: Any, lin: Any, pilot: Engagement, approves_within: Any) -> None:
    upkeep.cover(ada, scope(ada), pilot, [], pilot.version)
    assert not pilot.coverage.exists()


def test_where_nobody_approves_or_nobody_else_administers_one_word_is_enough(
    ada: Any, pilot: Engagement, approves_within: Any, workspace: Make, person: Make
) -> None:
    widen(ada, pilot, workspace("Acme Production"))
    Membership.objects.filter(user=approves_within).update(role=Role.OPERATOR.value)
    Membership.objects.create(user=person("lin"), role=Role.ADMINISTRATOR.value)
    widen(ada, pilot, workspace("Acme Europe"))
    assert pilot.coverage.count() == 3


@pytest.mark.parametrize("way", ["opened again", "another last day"])
def test_what_had_ended_goes_on_for_nobody_who_approves_on_one_word(
    way: str, ada: Any, lin: Any, pilot: Engagement, approves_within: Any
) -> None:
    said = engagements.Said("Pilot", lead=pilot.lead, starts_on=None, ends_on=None)

    def goes_on() -> None:
        if way == "opened again":
            engagements.reopen(ada, scope(ada), pilot, pilot.version)
        else:
            engagements.change(ada, scope(ada), pilot, said, pilot.version, TODAY)

    pilot.ends_on = TODAY - timedelta(days=1)
    pilot.ended_at = clock.now() if way == "opened again" else None
    pilot.save()
    refused("two-administrators", goes_on)
    Membership.objects.filter(user=approves_within).delete()
    goes_on()


# ---------------------------------------------------------------- what stays


def test_the_record_names_both_and_no_address_in_clear(proposed: Proposal, ada: Any, lin: Any) -> None:
    nia = agree(proposed, lin)
    entries = {each.event: each for each in Entry.objects.filter(event__startswith="user.")}
    told = ["user.change_proposed", "user.change_agreed", "user.invited"]
    assert [entries[name].actor_id for name in told] == [str(ada.pk), str(lin.pk), str(ada.pk)]
    assert entries["user.invited"].facts["agreed_by"] == lin.pk
    assert entries["user.invited"].facts["user"] == nia.pk
    assert entries["user.change_proposed"].facts["roles"] == ["approver for Acme"]
    assert all(NIA.encode() not in bytes(each.body) for each in entries.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"standing": "agreed"},
        {"standing": "declined", "decided_at": Now()},
        {"why": ""},
        {"act": "roles"},
    ],
)
def test_the_database_knows_the_rule_too(wrong: dict[str, Any], proposed: Proposal) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.update(**wrong)


@pytest.mark.parametrize("field", ["decided_by", "person"])
def test_the_database_knows_that_they_are_two(field: str, proposed: Proposal, ada: Any) -> None:
    more = {"act": "roles"} if field == "person" else {}
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.update(**{field: ada}, **more)
