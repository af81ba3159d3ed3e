"""Roles within one engagement of a client: what they add up to, who can hold them, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.directory import engagements as verbs
from offboarding.directory import people, queries
from offboarding.directory.models import Collaborator, Engagement, Membership
from offboarding.directory.rules import WITHIN_ENGAGEMENTS, Grant, Ground, Scope, narrowed, wrong_with
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.users.rules import Role

Make = Callable[..., Any]
A, B = 1, 2
BUILD, RUN, OTHER = 11, 12, 21  # the first two are A's, the last one is B's
LEAD, APPROVER, OPERATOR = Role.REQUESTER, Role.APPROVER, Role.OPERATOR


def ground(*places: tuple[int, set[int]]) -> Ground:
    return Ground.of((client, frozenset(engagements)) for client, engagements in places)


def scope(*held: tuple[Any, ...]) -> Scope:
    whole = frozenset((role, client) for role, client, *part in held if not part)
    parts = frozenset((role, client, *part) for role, client, *part in held if part)
    return Scope(7, "zoe@northwind.example", whole, parts=parts)


COVERS = [
    (((LEAD, A, BUILD),), ground((A, {BUILD})), (), True, "the place is covered"),
    (((LEAD, A, BUILD),), ground((A, {BUILD, RUN})), (), True, "it is covered by another one too"),
    (((LEAD, A, BUILD),), ground((A, {RUN})), (), False, "only another engagement covers it"),
    (((LEAD, A, BUILD),), ground((A, set())), (), False, "no engagement covers it"),
    (((LEAD, A, BUILD),), ground((A, {BUILD}), (A, set())), (), False, "one of two places is beyond"),
    (
        ((LEAD, A, BUILD), (LEAD, A, RUN)),
        ground((A, {BUILD}), (A, {RUN})),
        (),
        True,
        "two engagements add up",
    ),
    (((LEAD, A, BUILD), (APPROVER, A, RUN)), ground((A, {BUILD}), (A, {RUN})), (LEAD,), False, "not both so"),
    (
        ((LEAD, A, BUILD), (LEAD, B)),
        ground((A, {BUILD}), (B, set())),
        (LEAD,),
        True,
        "a client covers the rest",
    ),
    (((LEAD, A, BUILD), (LEAD, B)), ground((A, {RUN}), (B, set())), (LEAD,), False, "it covers no other's"),
    (((LEAD, A, BUILD),), frozenset({A}), (), False, "the client as a whole is not theirs"),
    (((LEAD, A, BUILD),), frozenset(ground((A, {BUILD}))), (), False, "nor is a set made from a ground"),
    (((LEAD, A),), ground((A, set())), (), True, "who holds the client needs no engagement"),
    (((LEAD, None),), ground((A, {BUILD}), (B, set())), (), True, "every client"),
    (((LEAD, A, BUILD),), ground(), (), False, "what is nowhere is nobody's"),
]


@pytest.mark.parametrize(("held", "places", "roles", "covered", "because"), COVERS)
def test_a_role_within_an_engagement_covers_what_lies_wholly_in_it(
    held: Any, places: Any, roles: Any, covered: bool, because: str
) -> None:
    assert scope(*held).covers(places, *roles) is covered, because


def test_the_same_person_without_what_they_hold_within_engagements() -> None:
    zoe = scope((LEAD, A, BUILD), (APPROVER, B))
    assert (zoe.has(LEAD), zoe.for_a_client(LEAD), zoe.of_whole_clients().has(LEAD)) == (True, False, False)
    assert (zoe.near(), zoe.near(LEAD)) == ({A, B}, {A})
    assert narrowed(zoe, [APPROVER]).parts == frozenset()
    assert narrowed(zoe, [LEAD]).engagements() == {BUILD}


@pytest.mark.parametrize("role", Role)
def test_only_some_roles_are_for_one_engagement(role: Role) -> None:
    ends = date(2026, 12, 31)
    said = wrong_with([Grant(role, A, ends_on=ends, engagement=BUILD)], date(2026, 11, 27))
    assert bool(said) is (role not in WITHIN_ENGAGEMENTS), said
    assert not said or said.startswith("Only engagement leads, approvers and operators")


def test_a_role_for_the_whole_client_makes_the_same_within_it_needless() -> None:
    today = date(2026, 11, 27)
    within = Grant(LEAD, A, engagement=BUILD)
    assert wrong_with([within, Grant(LEAD, A, engagement=RUN), Grant(APPROVER, A)], today) == ""
    for wide in (Grant(LEAD, A), Grant(LEAD, None)):
        assert "holds in its engagements too" in wrong_with([within, wide], today)


# ---------------------------------------------------------------- rows


@pytest.fixture
def build(clients: dict[str, Any], alice: Any) -> Any:
    return Engagement.objects.create(client=clients["Acme"], name="Build", lead=alice)


@pytest.fixture
def nora(person: Make, build: Any) -> Any:
    """Leads within one engagement of Acme."""
    user = person("nora")
    Membership.objects.create(user=user, role=LEAD, client=build.client, engagement=build)
    return user


ENDS = [
    ({"ends_on": 0}, True, "its last day counts"),
    ({"ends_on": -1}, False, "its last day is over"),
    ({"ends_on": 5, "ended_at": datetime.now(UTC)}, False, "somebody said that it is over"),
    ({"ends_on": None}, True, "it has no last day"),
]


@pytest.mark.parametrize(("days", "holds", "because"), ENDS)
def test_an_engagement_that_ends_takes_its_roles_with_it(
    build: Any, nora: Any, today: date, days: dict[str, Any], holds: bool, because: str
) -> None:
    fields = {key: today + timedelta(days=day) if type(day) is int else day for key, day in days.items()}
    Engagement.objects.update(**fields)
    found = queries.scope_of(nora, today)
    assert (found.has(LEAD), found.engagements()) == (holds, {build.pk} if holds else frozenset()), because


def test_what_somebody_holds_costs_one_query_with_engagements_too(
    nora: Any, today: date, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        queries.scope_of(nora, today)


def test_the_database_ties_a_role_to_an_engagement_of_its_client(
    build: Any, nora: Any, clients: dict[str, Any]
) -> None:
    held = Membership.objects.filter(user=nora)
    acts: tuple[Callable[[], Any], ...] = (
        lambda: held.update(client=clients["Globex"]),
        lambda: held.update(client=None),
        lambda: held.update(role=Role.SECURITY),
        lambda: Membership.objects.create(
            user=nora, role=APPROVER, client=clients["Globex"], engagement=build
        ),
        lambda: Membership.objects.create(user=nora, role=LEAD, client=build.client, engagement=build),
    )
    for act in acts:
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    assert held.get().client_id == build.client_id


def test_nobody_of_an_engagement_counts_for_the_client(
    build: Any, nora: Any, alice: Any, clients: dict[str, Any], today: date
) -> None:
    acme = clients["Acme"]
    assert nora not in queries.people_with(LEAD, frozenset({acme.pk}), today)
    assert nora in queries.people_with(LEAD, ground((acme.pk, {build.pk})), today)
    assert nora not in queries.leads_of(acme, today)
    assert queries.leads_of(acme, today, build.pk) == [alice, nora]
    assert not queries.clients_in(queries.scope_of(nora, today))


def test_of_the_directory_they_see_the_engagement_and_its_roster(
    build: Any, nora: Any, alice: Any, today: date
) -> None:
    Engagement.objects.create(client=build.client, name="Run", lead=alice)
    kim, lou = (Collaborator.objects.create(client=build.client, name=name) for name in ("Kim", "Lou"))
    kim.engagements.add(build)
    kim.addresses.create(email="kim@partner.example")
    kim.addresses.create(email="kim@home.example")
    lou.addresses.create(email="lou@partner.example")
    lou.addresses.create(email="lou@home.example")
    found = queries.scope_of(nora, today)
    assert list(queries.engagements_in(found)) == [build]
    assert list(queries.collaborators_in(found)) == [kim]
    assert queries.other_addresses(found, "kim@partner.example") == ("kim@home.example",)
    assert queries.other_addresses(found, "lou@partner.example") == ()
    assert queries.known_name(found, "lou@partner.example") == ""
    assert not queries.engagements_in(found, APPROVER)


def test_the_word_of_the_client_about_them_counts(build: Any, nora: Any, today: date) -> None:
    known = Collaborator.objects.create(client=build.client, name="Nora")
    known.addresses.create(email=nora.email)
    known.addresses.create(email="nora@home.example")
    assert queries.scope_of(nora, today).is_one_of(["Nora@Home.example"])


def test_the_record_names_the_engagement_that_was_given_and_taken(
    build: Any, nora: Any, ada: Any, today: date
) -> None:
    by = queries.scope_of(ada, today)
    within = Grant(LEAD, build.client_id, engagement=build.pk)
    whole = Grant(APPROVER, build.client_id)
    assert people.grants_of(nora) == (within,)
    people.change(ada, by, nora, [whole], today)
    assert facts()["lost"] == ["requester for Build at Acme"]
    people.change(ada, by, nora, [whole, within], today)
    assert facts()["gained"] == ["requester for Build at Acme"]
    assert set(people.grants_of(nora)) == {whole, within}


def facts() -> dict[str, Any]:
    body: dict[str, Any] = canonical.loads(bytes(Entry.objects.order_by("-seq")[0].body))
    found: dict[str, Any] = body["facts"]
    return found


def test_no_engagement_of_another_client_is_given(
    build: Any, nora: Any, ada: Any, clients: dict[str, Any], today: date
) -> None:
    strange = Grant(LEAD, clients["Globex"].pk, engagement=build.pk)
    with pytest.raises(Refused) as refused:
        people.change(ada, queries.scope_of(ada, today), nora, [strange], today)
    assert refused.value.code == "wrong-engagement"
    assert people.grants_of(nora) == (Grant(LEAD, build.client_id, engagement=build.pk),)


def test_who_works_within_it_may_lead_it(build: Any, nora: Any, ada: Any, today: date) -> None:
    said = verbs.Said("Build", nora)
    verbs.change(ada, queries.scope_of(ada, today), build, said, build.version, today)
    assert Engagement.objects.get(pk=build.pk).lead == nora
    with pytest.raises(Refused) as refused:
        verbs.add(ada, queries.scope_of(ada, today), build.client, verbs.Said("Run", nora), today)
    assert refused.value.code == "no-lead"
