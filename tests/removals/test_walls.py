"""Who sees which removal: everybody or nobody of those whose client is in it, and never the person themself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from offboarding.directory.models import Collaborator, Membership
from offboarding.directory.queries import scope_of
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals import queries
from offboarding.removals.models import RemovalRequest
from offboarding.users.rules import Role
from tests.conftest import DAN

Make = Callable[..., Any]


def sees(user: Any, removal: Any, today: date) -> bool:
    return queries.removal_for(scope_of(user, today), removal.number) is not None


def test_everybody_of_the_client_sees_a_filed_request(
    filed: Make, alice: Any, bob: Any, olga: Any, erin: Any, sam: Any, today: date
) -> None:
    removal = filed("Acme Production")
    for user in (alice, bob, olga, erin, sam):
        assert sees(user, removal, today), user


def test_another_clients_lead_sees_none_of_it(filed: Make, carol: Any, today: date) -> None:
    removal = filed("Acme Production")
    scope = scope_of(carol, today)
    assert not sees(carol, removal, today)
    assert not queries.removals_for(scope).exists()
    assert queries.open_for_person(scope, removal.person, [DAN]) == []


def test_who_covers_one_of_two_clients_sees_nothing_at_all(filed: Make, person: Make, today: date) -> None:
    removal = filed("Acme Production", "Globex Production")
    half, whole = person("half", Role.APPROVER, clients_=("Acme",)), person("whole", Role.AUDITOR)
    assert not sees(half, removal, today)
    assert sees(whole, removal, today)


def test_roles_in_different_clients_add_up_to_sight(
    filed: Make, person: Make, clients: dict[str, Any], today: date
) -> None:
    removal = filed("Acme Production", "Globex Production")
    user = person("zoe", Role.APPROVER, clients_=("Acme",))
    Membership.objects.create(user=user, role=Role.OPERATOR, client=clients["Globex"])
    assert sees(user, removal, today)


def test_who_covers_every_client_sees_everything(filed: Make, person: Make, today: date) -> None:
    removal = filed("Acme Production", "Globex Production")
    user = person("zoe")
    Membership.objects.create(user=user, role=Role.SECURITY, client=None)
    assert sees(user, removal, today)


ADDRESSES = [
    ("dan@northwind.example", "the same"),
    ("DAN@Northwind.example", "another case"),
    ("dän@northwind.example", "a letter that databases escape"),
    ("DÄN@northwind.example", "such a letter in another case"),
]


@pytest.mark.parametrize(("address", "because"), ADDRESSES)
def test_nobody_sees_a_removal_about_themself(
    filed: Make, person: Make, today: date, address: str, because: str
) -> None:
    removal = filed("Acme Production")
    user = person("zoe", Role.OPERATOR, Role.AUDITOR)
    assert sees(user, removal, today)
    RemovalRequest.objects.update(addresses=["other@northwind.example", address])
    type(user).objects.filter(pk=user.pk).update(email=address.lower())
    user.refresh_from_db()
    assert not sees(user, removal, today), because
    assert queries.open_for_person(scope_of(user, today), removal.person, [address]) == []


@pytest.mark.parametrize(
    ("knows", "retired", "visible", "because"),
    [
        ("Acme", False, False, "her own client knows both as hers"),
        ("Hooli", False, True, "another client's word about her counts for nothing here"),
        ("Acme", True, True, "it is not hers any more"),
    ],
)
def test_an_address_under_which_somebody_is_known_is_theirs_too(
    filed: Make, person: Make, clients: dict[str, Any], today: date,
    knows: str, retired: bool, visible: bool, because: str,
) -> None:  # fmt: skip
    removal = filed("Acme Production")
    zoe = person("zoe", Role.APPROVER)
    known = Collaborator.objects.create(client=clients[knows], name="Zoe")
    known.addresses.create(email=zoe.email)
    known.addresses.create(email="zoe@home.example", retired_at=datetime.now(UTC) if retired else None)
    RemovalRequest.objects.update(addresses=["Zoe@Home.example"])
    assert sees(zoe, removal, today) is visible, because


PERIODS = [(-5, 5, True, "within"), (-5, -1, False, "after"), (1, 5, False, "before")]


@pytest.mark.parametrize(("starts", "ends", "visible", "because"), PERIODS)
def test_an_auditor_sees_within_their_period_only(
    filed: Make, erin: Any, today: date, starts: int, ends: int, visible: bool, because: str
) -> None:
    removal = filed("Acme Production")
    Membership.objects.filter(user=erin).update(
        starts_on=today + timedelta(days=starts), ends_on=today + timedelta(days=ends)
    )
    assert sees(erin, removal, today) is visible, because


def test_a_draft_is_its_authors_alone(drafted: Make, alice: Any, bob: Any, sam: Any, today: date) -> None:
    removal = drafted("Acme Production")
    assert [sees(user, removal, today) for user in (alice, bob, sam)] == [True, False, False]


def test_a_draft_that_was_thrown_away_stays_its_authors(
    drafted: Make, alice: Any, bob: Any, today: date
) -> None:
    removal = drafted("Acme Production")
    removals.withdraw(removal, alice, "")
    assert [sees(user, removal, today) for user in (alice, bob)] == [True, False]


def test_what_changes_the_same_place_for_the_same_person_is_found_beside(
    filed: Make, drafted: Make, alice: Any, carol: Any, today: date, django_assert_num_queries: Any
) -> None:
    first = filed("Acme Production", "Globex Production")
    RemovalRequest.objects.update(requester=carol)  # so that the next draft is another one
    second = drafted(connected=tuple(place.workspace for place in first.places.all()))
    scope = scope_of(alice, today)
    with django_assert_num_queries(3):
        assert queries.open_beside(scope, second) == [first]
    assert queries.open_beside(scope_of(carol, today), second) == [], "she sees only one of the two clients"
    restoring = queries.open_beside(scope, RemovalRequest(pk=second.pk, restores=first, addresses=[DAN]))
    assert restoring == [], "what gives back goes beside what took"


def test_nobody_files_for_another_address_of_theirs(drafted: Make, known_as: Make, alice: Any) -> None:
    from offboarding.journey import actions as journey

    removal = drafted("Acme Production")
    known_as(alice, DAN)
    for act in (
        lambda: removals.readdress(removal, alice, [DAN], "Dan"),
        lambda: journey.file(removal, alice, removal.version),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "own-access"


def test_an_author_who_left_the_client_sees_their_own_request_no_more(
    filed: Make, alice: Any, today: date
) -> None:
    removal = filed("Acme Production")
    Membership.objects.filter(user=alice).delete()
    assert not sees(alice, removal, today)


def test_sight_costs_the_same_however_many_there_are(
    filed: Make, drafted: Make, alice: Any, today: date, django_assert_num_queries: Any
) -> None:
    filed("Acme Production")
    scope = scope_of(alice, today)
    with django_assert_num_queries(2):
        list(queries.removals_for(scope))
    drafted("Acme Staging")
    with django_assert_num_queries(2):
        list(queries.removals_for(scope))
