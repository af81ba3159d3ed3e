"""Who works within engagements sees, files and decides what lies wholly in them, and nothing else of the client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from offboarding.approvals import queries as approvals
from offboarding.approvals.rules import Voter
from offboarding.connections.models import Coverage, Workspace
from offboarding.connections.queries import ever_connected, ground_in, ground_of, workspaces_in
from offboarding.directory.models import Engagement, Membership
from offboarding.directory.queries import scope_of
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import beyond, clients_of, removals_for
from offboarding.removals.rules import Choice
from offboarding.users.rules import Role
from tests.conftest import DAN

Make = Callable[..., Any]
NAMES = ("Acme Production", "Acme Staging", "Acme Shared", "Acme Alone", "Globex Production")
COVERED = {
    "Build": ("Acme Production", "Acme Shared"),
    "Run": ("Acme Staging", "Acme Shared"),
    "Pilot": ("Globex Production",),
}


@pytest.fixture
def places(workspace: Make, clients: dict[str, Any], alice: Any) -> dict[str, Workspace]:
    made = {name: workspace(name) for name in NAMES}
    for engagement, names in COVERED.items():
        client = made[names[0]].client
        row = Engagement.objects.create(client=client, name=engagement, lead=alice)
        Coverage.objects.bulk_create(Coverage(engagement=row, workspace=made[name]) for name in names)
    return made


@pytest.fixture
def within(person: Make, places: dict[str, Workspace]) -> Make:
    """`within("nora", (Role.REQUESTER, "Build"))`: somebody with these roles within these engagements; "Acme" is a client."""

    def make(key: str, *held: tuple[Role, str]) -> Any:
        user = person(key)
        for role, where in held:
            part = Engagement.objects.filter(name=where).first()
            client = part.client if part else places[f"{where} Production"].client
            Membership.objects.create(user=user, role=role, client=client, engagement=part)
        return user

    return make


HOLDERS: dict[str, tuple[tuple[Role, str], ...]] = {
    "build": ((Role.REQUESTER, "Build"),),
    "run": ((Role.OPERATOR, "Run"),),
    "both": ((Role.APPROVER, "Build"), (Role.REQUESTER, "Run")),
    "mixed": ((Role.APPROVER, "Build"), (Role.OPERATOR, "Globex")),
    "across": ((Role.OPERATOR, "Build"), (Role.OPERATOR, "Pilot")),
    "whole": ((Role.APPROVER, "Acme"),),
    "none": (),
}
WISHED = (
    ("Acme Production",),
    ("Acme Staging",),
    ("Acme Shared",),
    ("Acme Alone",),
    ("Acme Production", "Acme Shared"),
    ("Acme Production", "Acme Staging"),
    ("Acme Production", "Acme Alone"),
    ("Acme Production", "Globex Production"),
    ("Globex Production",),
)
SEEN = {
    "build": {0, 2, 4},
    "run": {1, 2},
    "both": {0, 1, 2, 4, 5},
    "mixed": {0, 2, 4, 7, 8},
    "across": {0, 2, 4, 7, 8},
    "whole": {0, 1, 2, 3, 4, 5, 6},
    "none": set(),
}


@pytest.fixture
def wished(filed: Make, places: dict[str, Workspace]) -> list[Any]:
    return [filed(connected=tuple(places[name] for name in names)) for names in WISHED]


def test_the_lists_and_the_single_decisions_have_the_same_wall(
    wished: list[Any], within: Make, today: date
) -> None:
    for key, held in HOLDERS.items():
        scope = scope_of(within(key, *held), today)
        listed = set(removals_for(scope).values_list("pk", flat=True))
        assert listed == {each.pk for each in wished if scope.covers(clients_of(each))}, key
        assert {n for n, each in enumerate(wished) if each.pk in listed} == SEEN[key], key
        partly = set(beyond(scope).values_list("pk", flat=True))
        near = {
            each.pk
            for each in wished
            if any(scope.covers(ground_of([p.workspace_id])) for p in each.places.all())
        }
        assert partly == near - listed, key


@pytest.mark.parametrize("role", [Role.REQUESTER, Role.APPROVER, Role.OPERATOR])
def test_workspaces_are_listed_by_role_as_they_are_decided_on(
    places: dict[str, Workspace], within: Make, today: date, role: Role
) -> None:
    for key, held in HOLDERS.items():
        scope = scope_of(within(key, *held), today)
        decided = {each for each in places.values() if scope.covers(ground_of([each.pk]), role)}
        assert set(ever_connected(scope, role)) == set(workspaces_in(scope, role)) == decided, key


def test_what_was_fetched_says_the_same_as_what_is_asked(places: dict[str, Workspace]) -> None:
    for names in WISHED:
        found = Workspace.objects.filter(name__in=names).prefetch_related("coverage")
        asked = ground_of([each.pk for each in found])
        assert (ground_in(found), ground_in(found).places) == (asked, asked.places)


def test_sight_within_engagements_costs_the_same_however_many_there_are(
    wished: list[Any], within: Make, today: date, django_assert_num_queries: Any
) -> None:
    scope = scope_of(within("nora", (Role.REQUESTER, "Build"), (Role.REQUESTER, "Run")), today)
    with django_assert_num_queries(2):
        assert len(removals_for(scope)) == 5
    with django_assert_num_queries(1):
        clients_of(*wished)


def test_a_lead_files_where_their_engagement_works_and_nowhere_else(
    places: dict[str, Workspace], within: Make, seen: Make, today: date
) -> None:
    nora = within("nora", (Role.REQUESTER, "Build"))
    removal = removals.draft(nora, [DAN], "Dan Reyes", today)
    mine, foreign = (
        removals.Wish(places[f"Acme {name}"], Choice.REMOVE) for name in ("Production", "Staging")
    )
    removals.choose(removal, nora, [mine], today)
    assert [each.workspace for each in removal.places.all()] == [places["Acme Production"]]
    with pytest.raises(Refused) as refused:
        removals.choose(removal, nora, [mine, foreign], today)
    assert refused.value.code == "foreign-place"
    assert removal.places.count() == 1, "nothing is half written"


def test_nobody_files_in_an_engagement_in_another_role(
    places: dict[str, Workspace], within: Make, today: date
) -> None:
    with pytest.raises(Refused) as refused:
        removals.draft(within("oz", (Role.OPERATOR, "Build")), [DAN], "Dan Reyes", today)
    assert refused.value.code == "not-a-requester"


def test_an_approver_within_an_engagement_counts_for_what_lies_wholly_in_it(
    wished: list[Any], within: Make, today: date
) -> None:
    eve = within("eve", (Role.APPROVER, "Build"))
    scope = scope_of(eve, today)
    inside, across = wished[4], wished[5]
    acme = clients_of(inside)
    voter = Voter.of(scope, acme)
    assert (voter.approves, voter.named_for) == (True, frozenset(acme))
    reaching = Voter.of(scope, clients_of(across))
    assert (reaching.approves, reaching.named_for) == (False, frozenset())
    assert {each.pk for each in approvals.to_decide(scope, today)} == {wished[n].pk for n in (0, 2, 4)}
    assert eve in approvals.approvers_for(inside, today)
    assert eve not in approvals.approvers_for(across, today)


def test_their_yes_is_taken_only_inside(wished: list[Any], within: Make, decide: Make, today: date) -> None:
    eve = within("eve", (Role.APPROVER, "Build"))
    decide(wished[0], eve)
    assert RemovalRequest.objects.get(pk=wished[0].pk).stage == "approved"
    with pytest.raises(Refused) as refused:
        decide(wished[5], eve)
    assert refused.value.code == "may-not-decide"


def test_a_yes_falls_when_the_engagement_covers_the_place_no_more(
    wished: list[Any], within: Make, decide: Make, today: date
) -> None:
    from offboarding.checklist.queries import newest_plan

    decide(wished[0], within("eve", (Role.APPROVER, "Build")))
    plan = newest_plan(wished[0])
    assert plan is not None and approvals.falling(wished[0], plan, today) == []
    Coverage.objects.filter(engagement__name="Build").delete()
    assert [each.approver.name for each in approvals.falling(wished[0], plan, today)] == ["Eve"]


def test_an_operator_within_an_engagement_works_on_what_lies_wholly_in_it(
    wished: list[Any], within: Make, today: date
) -> None:
    from offboarding.execution.queries import why_not, workers_for

    oz = within("oz", (Role.OPERATOR, "Build"))
    scope = scope_of(oz, today)
    assert [why_not(scope, wished[n]) == "" for n in (0, 4, 5, 6)] == [True, True, False, False]
    assert [oz in workers_for(wished[n], today) for n in (0, 5)] == [True, False]


def test_their_right_goes_no_further_in_somebody_elses_hands(
    wished: list[Any], within: Make, bob: Any, today: date
) -> None:
    from offboarding.approvals.delegations.rules import may_not_delegate, reaches

    eve, oz = (
        scope_of(within("eve", (Role.APPROVER, "Build")), today),
        scope_of(within("oz", (Role.OPERATOR, "Build")), today),
    )
    strange = scope_of(within("finn", (Role.OPERATOR, "Pilot")), today)
    assert may_not_delegate(eve, oz) == ""
    assert may_not_delegate(eve, strange) != ""
    assert [reaches(oz, clients_of(wished[n])) for n in (0, 5)] == [True, False]
