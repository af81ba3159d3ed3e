"""Policies: which one applies, what they ask, and that no one person changes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models.functions import Now

from offboarding.approvals.models import Policy, PolicyVersion
from offboarding.approvals.policies import actions as verbs
from offboarding.approvals.policies.actions import Proposal
from offboarding.approvals.policies.queries import applying, decided_under, installed, version_in_force
from offboarding.approvals.policies.rules import (
    Selector,
    Terms,
    Turn,
    Who,
    most_specific,
    told,
    wrong_with,
)
from offboarding.checklist.queries import newest_plan
from offboarding.directory.models import Membership
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import Role
from tests.work.test_at_once import together

Make = Callable[..., Any]


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


@pytest.fixture
def ada(db: None) -> Any:
    return administrator("ada")


@pytest.fixture
def lin(db: None) -> Any:
    return administrator("lin")


def administrator(key: str) -> User:
    user = User.objects.create_user(f"{key}@northwind.example", key.capitalize(), "correct horse battery")
    Membership.objects.create(user=user, role=Role.ADMINISTRATOR.value)
    return user


@pytest.fixture
def propose(ada: Any, today: date) -> Make:
    def make(
        terms: Terms | None, by: Any = None, why: str = "An auditor asked for it", **of: Any
    ) -> PolicyVersion:
        return verbs.propose(by or ada, Proposal(Selector(**of), terms, why), "code", today)

    return make


@pytest.fixture
def in_force(propose: Make, lin: Any, today: date) -> Make:
    """A policy that one administrator proposed and another approved."""

    def make(terms: Terms | None, **of: Any) -> PolicyVersion:
        return verbs.approve(propose(terms, **of), lin, "passkey", today)

    return make


# ---------------------------------------------------------------- which one

A, B = 1, 2
EVERY = [
    Selector(),
    Selector(reason="Security"),
    Selector(reason="credentials-compromised"),
    Selector(environment="production"),
    Selector(environment="production", reason="person-left"),
    Selector(A),
    Selector(A, reason="Security"),
    Selector(A, "production"),
    Selector(B, "staging", "person-left"),
]
WHICH = [
    ((A, "production", "person-left", "Organisation"), Selector(A, "production"), "client and environment"),
    ((A, "staging", "person-left", "Organisation"), Selector(A), "the client alone"),
    ((A, "staging", "audit-finding", "Security"), Selector(A, reason="Security"), "a group of reasons"),
    ((A, "production", "audit-finding", "Security"), Selector(A, "production"), "environment before reason"),
    ((B, "staging", "credentials-compromised", "Security"), Selector(reason="credentials-compromised"), "reason over group"),
    ((B, "staging", "audit-finding", "Security"), Selector(reason="Security"), "the group alone"),
    ((B, "production", "person-left", "Organisation"), Selector(environment="production", reason="person-left"), "both"),
    ((B, "production", "audit-finding", "Security"), Selector(environment="production"), "environment before reason"),
    ((B, "staging", "person-left", "Organisation"), Selector(B, "staging", "person-left"), "all three"),
    ((B, "development", "partial", "Scope"), Selector(), "the most general"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "wanted", "because"), WHICH)
def test_the_most_specific_policy_applies(asked: Any, wanted: Selector, because: str) -> None:
    assert most_specific(EVERY, *asked)[0] == wanted, because
    assert most_specific(reversed(EVERY), *asked)[0] == wanted, because


def test_no_two_that_fit_are_equally_specific() -> None:
    for asked, _, _ in WHICH:
        ranks = [each.rank(asked[2]) for each in most_specific(EVERY, *asked)]
        assert len(set(ranks)) == len(ranks)


WRONG = [
    ({"turns": ()}, "who-0"),
    ({"turns": (Turn(Who.APPROVER, 0),)}, "count-0"),
    ({"turns": (Turn(Who.APPROVER), Turn(Who.SECURITY, 9))}, "count-1"),
    ({"turns": (Turn(Who.APPROVER, 3), Turn(Who.SECURITY, 3))}, "count-0"),
    ({"turns": (Turn(Who.APPROVER, 2, (7,)),)}, "count-0"),
    ({"owner": 0}, "owner"),
    ({"production": 6}, "production"),
    ({"many": 0}, "many"),
    ({"many_needed": 0}, "many_needed"),
    ({"valid_days": 0}, "valid_days"),
    ({"valid_days": 91}, "valid_days"),
    ({"remind_hours": 7 * 24}, "remind_hours"),
    ({"escalate_hours": 7 * 24}, "escalate_hours"),
    ({"remind_hours": 24, "escalate_hours": 12}, "escalate_hours"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_what_cannot_be_is_named_by_its_field(change: dict[str, Any], field: str) -> None:
    assert list(wrong_with(replace(Terms(), **change))) == [field]


def test_terms_come_back_as_they_were_kept_and_read_as_sentences() -> None:
    terms = Terms((Turn(Who.CLIENT), Turn(Who.SECURITY, 1, (5, 6))), ordered=True, escalate_to=(5,))
    assert Terms.from_json(canonical.loads(canonical.dumps(terms.as_json()))) == terms
    lines = dict(told(terms, {5: "Sam", 6: "Li"}))
    assert lines["Who decides"] == "1 approver of the client, then 1 of security (Sam or Li)"
    assert lines["Told to others"] == "after 3 days: Sam"
    assert not wrong_with(terms) and not wrong_with(Terms(remind_hours=0, escalate_hours=0))


# ---------------------------------------------------------------- two people


def test_what_one_proposes_another_lets_come_into_force(
    propose: Make, ada: Any, lin: Any, today: date
) -> None:
    proposal = propose(Terms(owner=3))
    assert version_in_force(proposal.policy) is None
    approved = verbs.approve(proposal, lin, "passkey", today)
    now = version_in_force(proposal.policy)
    assert now is not None and (now.version, now.terms.owner) == (1, 3)
    assert (approved.proposed_by, approved.decided_by) == (ada, lin)
    entries = Entry.objects.filter(event__startswith="policy.").order_by("seq")
    assert [(each.event, each.actor_id) for each in entries] == [
        ("policy.proposed", str(ada.pk)),
        ("policy.approved", str(lin.pk)),
    ]
    facts = canonical.loads(bytes(entries[1].body))["facts"]
    assert (facts["terms"]["owner"], facts["method"], facts["version"]) == (3, "passkey", 1)


def test_who_proposed_it_never_approves_nor_declines_it(propose: Make, ada: Any, today: date) -> None:
    proposal = propose(Terms(owner=3))
    assert refusal(lambda: verbs.approve(proposal, ada, "code", today)) == "may-not-approve"
    assert refusal(lambda: verbs.decline(proposal, ada, "code", "No", today)) == "may-not-approve"
    assert version_in_force(proposal.policy) is None


def test_only_administrators_within_their_clients(
    propose: Make, person: Make, clients: dict[str, Any], ada: Any, bob: Any, today: date
) -> None:
    local = person("local", Role.ADMINISTRATOR, clients_=("Acme",))
    acme, globex = clients["Acme"].pk, clients["Globex"].pk
    for by, client in ((bob, acme), (local, None), (local, globex)):
        assert (
            refusal(lambda by=by, client=client: propose(Terms(owner=3), by, client=client)) == "may-not-set"
        )  # type: ignore[misc]
    own = propose(Terms(owner=3), local, client=acme)
    everywhere, foreign = propose(Terms(owner=3)), propose(Terms(owner=3), client=globex)
    for proposal in (everywhere, foreign):
        assert refusal(lambda it=proposal: verbs.approve(it, local, "code", today)) == "may-not-approve"  # type: ignore[misc]
        assert refusal(lambda it=proposal: verbs.approve(it, bob, "code", today)) == "may-not-approve"  # type: ignore[misc]
    verbs.approve(own, ada, "code", today)


def test_a_proposal_of_somebody_who_is_no_administrator_any_more_counts_for_nothing(
    propose: Make, ada: Any, lin: Any, today: date
) -> None:
    proposal = propose(Terms(owner=3))
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert refusal(lambda: verbs.approve(proposal, lin, "code", today)) == "proposer-gone"
    verbs.decline(proposal, lin, "code", "Ada left", today)


def test_a_proposal_is_declined_or_withdrawn_and_then_nothing_is_left(
    propose: Make, ada: Any, lin: Any, today: date
) -> None:
    proposal = propose(Terms(owner=3))
    assert refusal(lambda: propose(Terms(owner=4))) == "proposed-already"
    assert refusal(lambda: verbs.withdraw(proposal, lin)) == "not-yours"
    assert refusal(lambda: verbs.decline(proposal, lin, "code", " ", today)) == "no-note"
    verbs.decline(proposal, lin, "code", "Three is too many", today)
    assert refusal(lambda: verbs.approve(proposal, lin, "code", today)) == "decided-meanwhile"
    again = propose(Terms(owner=4))
    verbs.withdraw(again, ada)
    assert refusal(lambda: verbs.approve(again, lin, "code", today)) == "decided-meanwhile"
    assert version_in_force(proposal.policy) is None


def test_what_changes_nothing_is_not_proposed(propose: Make, in_force: Make) -> None:
    assert refusal(lambda: propose(None)) == "nothing-changed"
    in_force(Terms(owner=3))
    assert refusal(lambda: propose(Terms(owner=3))) == "nothing-changed"
    assert refusal(lambda: propose(Terms(owner=2), why=" ")) == "no-reason"
    assert refusal(lambda: propose(Terms(owner=9))) == "bad-terms"
    assert refusal(lambda: propose(Terms(), environment="moon")) == "no-environment"


def test_who_is_named_holds_the_role(propose: Make, bob: Any, sam: Any, clients: dict[str, Any]) -> None:
    acme = clients["Acme"].pk
    wrong = Terms((Turn(Who.SECURITY, 1, (bob.pk,)),))
    assert refusal(lambda: propose(wrong, client=acme)) == "bad-terms"
    assert refusal(lambda: propose(Terms((Turn(Who.SECURITY, 1, (999,)),)))) == "bad-terms"
    assert refusal(lambda: propose(Terms(escalate_to=(999,)))) == "bad-terms"
    propose(Terms((Turn(Who.SECURITY, 1, (sam.pk,)),), escalate_to=(bob.pk,)), client=acme)


def test_the_database_itself_wants_two_people(propose: Make, ada: Any, lin: Any) -> None:
    proposal = propose(Terms(owner=3))
    one = PolicyVersion.objects.filter(pk=proposal.pk)
    decided = {"standing": "approved", "version": 1, "decided_at": Now(), "decided_method": "code"}
    for change, name in (
        ({**decided, "decided_by": ada}, "who_proposed_a_policy_does_not_decide"),
        ({**decided}, "a_policy_in_force_names_two_people"),
        ({**decided, "decided_by": lin, "decided_method": ""}, "a_policy_in_force_names_two_people"),
        ({"standing": "declined", "decided_by": lin}, "a_declined_policy_says_who_and_why"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            one.update(**change)
    for change in (
        {"proposed_by": lin},
        {"terms_data": Terms().as_json()},
        {"ends": True},
        {"why": "Because"},
    ):
        with pytest.raises(DatabaseError, match="stands as it was proposed"), transaction.atomic():
            one.update(**change)
    made = {
        "policy": Policy.objects.create(reason="partial"),
        "terms_data": {},
        "why": "w",
        "proposed_method": "c",
    }
    with pytest.raises(DatabaseError, match="begins as a proposal"), transaction.atomic():
        PolicyVersion.objects.create(**made, **decided, proposed_by=ada, decided_by=lin)
    one.update(**decided, decided_by=lin)
    with pytest.raises(DatabaseError, match="stands as it was proposed"), transaction.atomic():
        one.update(standing="proposed", version=None, decided_by=None)
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
        one.delete()


def test_there_is_one_policy_for_one_thing(db: None, clients: dict[str, Any]) -> None:
    for client in (None, clients["Acme"]):
        Policy.objects.create(client=client, environment="production")
        with pytest.raises(IntegrityError), transaction.atomic():
            Policy.objects.create(client=client, environment="production")


@pytest.mark.django_db(transaction=True)
def test_of_many_presses_at_once_one_comes_into_force(propose: Make, ada: Any, lin: Any, today: date) -> None:
    proposal = propose(Terms(owner=3))
    others = [administrator(f"admin{n}") for n in range(3)]

    def press(number: int) -> bool:
        user = (ada, lin, *others)[number % 5]
        try:
            verbs.approve(PolicyVersion.objects.get(pk=proposal.pk), user, "code", today)
        except Refused:
            return False
        return True

    assert sum(together(press, 10)) == 1
    stands = PolicyVersion.objects.get(pk=proposal.pk)
    assert stands.version == 1 and stands.decided_by_id != ada.pk


# ---------------------------------------------------------------- what a plan is decided under


def test_a_plan_carries_the_policy_that_held_when_it_was_sent(
    filed: Make, decide: Make, in_force: Make, bob: Any, person: Make, clients: dict[str, Any]
) -> None:
    before = filed("Acme Production")
    in_force(Terms((Turn(Who.APPROVER, 2),)), client=clients["Acme"].pk)
    decide(before, bob)
    before.refresh_from_db()
    assert before.stage == "approved", "asked under what held before"
    after = filed(connected=tuple(place.workspace for place in before.places.all()))
    plan = newest_plan(after)
    assert plan is not None
    (under,) = plan.data["decided_under"]
    assert (under["name"], under["version"]) == ("Acme, every environment, every reason", 1)
    decide(after, bob)
    after.refresh_from_db()
    assert after.stage == "planned"
    decide(after, person("zoe", Role.APPROVER))
    after.refresh_from_db()
    assert after.stage == "approved"


def test_a_leak_is_decided_within_hours_as_installed(db: None) -> None:
    usual, leak = installed("contract-ended"), installed("credentials-compromised")
    assert installed("Security") == leak and installed("something else") == usual
    assert (leak.remind_hours, leak.escalate_hours, leak.valid_days) == (1, 4, 2)
    assert replace(leak, remind_hours=24, escalate_hours=72, valid_days=7) == usual
    assert wrong_with(leak) == {}


@pytest.mark.parametrize("reason", ["service-account-retired", "sso-migration", "credential-rotation"])
def test_what_programs_may_use_takes_two_in_production_as_installed(reason: str, db: None) -> None:
    assert installed(reason) == replace(installed(), production=2)


def test_a_plan_is_decided_under_what_is_installed_for_its_reason(filed: Make, in_force: Make) -> None:
    removal = filed()
    removal.reason = "credentials-compromised"
    (ruled,) = decided_under(removal)
    assert ruled["name"] == "As installed" and ruled["terms"]["remind_hours"] == 1
    in_force(Terms(), reason="Security")
    (ruled,) = decided_under(removal)
    assert ruled["version"] == 1 and ruled["terms"]["remind_hours"] == 24


STRICTER = [
    (
        "credentials-compromised",
        Terms(),
        {"remind_hours": 1, "escalate_hours": 4, "valid_days": 2},
        "it is looser",
    ),
    (
        "audit-finding",
        Terms(valid_days=1, remind_hours=0, escalate_hours=0),
        {"remind_hours": 1, "escalate_hours": 4},
        "never is no time",
    ),
    ("sso-migration", Terms(), {"production": 2}, "it asks fewer people"),
    ("credential-rotation", Terms(production=3), {}, "it asks more people"),
    ("contract-ended", Terms(valid_days=30), {}, "nothing of its own is installed"),
]


@pytest.mark.parametrize(("reason", "says", "differs", "because"), STRICTER)
def test_a_policy_for_every_reason_loosens_nothing_that_is_installed(
    filed: Make, in_force: Make, reason: str, says: Terms, differs: dict[str, int], because: str
) -> None:
    removal = filed()
    removal.reason = reason
    in_force(says)
    (ruled,) = decided_under(removal)
    held = Terms.from_json(ruled["terms"])
    assert ruled["version"] == 1 and held == replace(says, **differs), because
    assert wrong_with(held) == {}


def test_each_place_has_its_policy_and_all_are_met(
    filed: Make, decide: Make, in_force: Make, bob: Any, sam: Any, clients: dict[str, Any]
) -> None:
    in_force(Terms((Turn(Who.APPROVER), Turn(Who.SECURITY)), ordered=True), client=clients["Globex"].pk)
    removal = filed("Acme Production", "Globex Production")
    assert [each["version"] for each in decided_under(removal)] == [0, 1]
    assert refusal(lambda: decide(removal, sam)) == "not-your-turn"
    decide(removal, bob)
    removal.refresh_from_db()
    assert removal.stage == "planned"
    decide(removal, sam)
    removal.refresh_from_db()
    assert removal.stage == "approved"


def test_security_may_not_decide_where_the_policy_does_not_ask_them(
    filed: Make, decide: Make, sam: Any
) -> None:
    removal = filed()
    assert refusal(lambda: decide(removal, sam)) == "may-not-decide"


def test_out_of_turn_one_may_still_say_no_or_ask(
    filed: Make, decide: Make, in_force: Make, bob: Any, sam: Any
) -> None:
    in_force(Terms((Turn(Who.APPROVER), Turn(Who.SECURITY)), ordered=True))
    removal = filed()
    decide(removal, sam, "ask", "Why now?")
    decide(removal, sam, "reject", "Not like this")
    removal.refresh_from_db()
    assert removal.stage == "rejected"


def test_a_yes_of_somebody_who_lost_the_role_meanwhile_does_not_count(
    filed: Make, decide: Make, in_force: Make, bob: Any, person: Make
) -> None:
    in_force(Terms((Turn(Who.APPROVER, 2),)))
    removal = filed()
    decide(removal, bob)
    Membership.objects.filter(user=bob).delete()
    decide(removal, person("zoe", Role.APPROVER))
    removal.refresh_from_db()
    assert removal.stage == "planned"
    decide(removal, person("dev", Role.APPROVER))
    removal.refresh_from_db()
    assert removal.stage == "approved"


def test_operators_do_not_approve_where_doing_is_kept_apart(
    filed: Make, decide: Make, in_force: Make, person: Make, clients: dict[str, Any]
) -> None:
    both = person("both", Role.APPROVER, Role.OPERATOR)
    decide(filed("Acme Production"), both)
    in_force(Terms(apart=True), client=clients["Acme"].pk)
    removal = filed("Acme Staging")
    assert refusal(lambda: decide(removal, both)) == "may-not-decide"


def test_who_approved_does_no_step_where_doing_is_kept_apart(
    running: Make, in_force: Make, decide: Make, bob: Any
) -> None:
    from offboarding.execution import actions as execution
    from offboarding.execution.models import Run

    in_force(Terms(apart=True))
    removal = running()
    for role in (Role.SECURITY,):
        for client in {place.workspace.client for place in removal.places.all()}:
            Membership.objects.create(user=bob, role=role.value, client=client)
    run = Run.objects.filter(item__plan__removal=removal, state="needs_person")[0]
    assert refusal(lambda: execution.skip(run, bob, "I say so")) == "not-a-worker"


def test_a_policy_that_ends_gives_way_to_the_more_general_one(
    in_force: Make, clients: dict[str, Any]
) -> None:
    acme = clients["Acme"].pk
    in_force(Terms(owner=4))
    special = in_force(Terms(owner=5), client=acme)
    found = applying(acme, "production", "partial")
    assert found.version == special and [each.terms.owner for each in found.passed_over] == [4]
    in_force(None, client=acme)
    found = applying(acme, "production", "partial")
    assert found.version is not None and found.version.terms.owner == 4
    assert applying(acme, "production", "partial", []).version is None
