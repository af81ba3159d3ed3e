"""Only some roles and groups go: exactly the planned ones, whatever somebody else changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from offboarding.discovery.rules import grants
from offboarding.execution.models import Run
from offboarding.gateways.segment import Permission, Resource
from offboarding.journey import actions as journey
from offboarding.simulators.simulator import Simulator
from offboarding.verification.models import Finding
from offboarding.verification.queries import findings_of, standings
from offboarding.verification.rules import Now
from tests.conftest import DAN

Make = Callable[..., Any]


def named(*names: str) -> Callable[[Any], bool]:
    return lambda each: any(name in each.says() for name in names)


TWO = named("Website", "Checkout")


@pytest.fixture
def reduced(started: Make) -> Callable[..., Any]:
    """Two of the six sources that Dan administers in Acme Staging are to go; with `taken`, something else."""

    def make(place: str = "Acme Staging", taken: Callable[[Any], bool] = TWO) -> Any:
        return started(place, choice="reduce", taken=taken, reason="partial")

    return make


def held(segment: Simulator, slug: str = "acme-staging") -> frozenset[Any]:
    return grants(segment.control.person(slug, DAN)["member"]["permissions"])


def lost(removal: Any) -> set[tuple[str, ...]]:
    return {tuple(each["grant"]) for each in removal.plans.get().data["places"][0]["lost"]}


def place_of(removal: Any) -> Any:
    plan = removal.plans.get()
    runs = list(
        Run.objects.filter(item__plan=plan).select_related("item__workspace").order_by("item__number")
    )
    return standings(plan, runs, findings_of(removal))[0]


@pytest.fixture
def gives(segment: Simulator) -> Callable[..., None]:
    """Somebody else gives Dan a role on the whole workspace, or on one source of it."""
    from offboarding.connections import keyring
    from offboarding.connections.models import Workspace

    def give(role: str, source: str = "") -> None:
        place = Workspace.objects.get(name="Acme Staging")
        with keyring.gateway_for(place) as gateway:
            known = next(each for each in gateway.roles() if each.name == role)
            on = next((each.id for each in gateway.sources() if each.name == source), "")
            resource = Resource(on, "SOURCE") if on else Resource(place.segment_id, "WORKSPACE")
            account = segment.control.person("acme-staging", DAN)["member"]["id"]
            gateway.add_permissions(account, [Permission(known.id, known.name, (resource,))])

    return give


def test_exactly_the_planned_grants_go_and_a_fresh_read_says_so(
    segment: Simulator, reduced: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    removal = reduced()
    before = held(segment)
    assert len(before) == 6 and len(lost(removal)) == 2
    run = turns(run_of(removal, "reduce"))
    assert (run.ended, len(sent("PUT"))) == ("changed", 1)
    assert held(segment) == before - lost(removal)
    journey.advance(removal.pk)
    check = turns(run_of(removal, "read-again"))
    assert "what was to stay is there" in check.sentence
    place = place_of(removal)
    assert (place.now, place.says) == (Now.VERIFIED, "Reduced, as planned")


def test_the_plan_shows_what_goes_and_what_stays(reduced: Make) -> None:
    place = reduced().plans.get().data["places"][0]
    assert place["planned"] == "Take away Source Admin on the source Checkout, the source Website"
    assert len(place["lost"]) == 2 and len(place["kept"]) == 4
    assert all("source" in each["says"] for each in place["kept"])


def test_what_somebody_gave_since_is_neither_taken_nor_called_as_planned(
    segment: Simulator, reduced: Make, run_of: Make, turns: Make, gives: Make
) -> None:
    removal = reduced()
    before = held(segment)
    gives("Tracking Plan Admin")
    given = held(segment) - before
    turns(run_of(removal, "reduce"))
    assert held(segment) == (before - lost(removal)) | given
    journey.advance(removal.pk)
    check = turns(run_of(removal, "read-again"))
    assert (check.state, check.cause) == ("needs_person", "not-as-planned")
    assert "Tracking Plan Admin on the whole workspace was added by somebody since" in check.sentence


def test_what_somebody_took_since_is_not_given_back(
    segment: Simulator, reduced: Make, run_of: Make, turns: Make
) -> None:
    from offboarding.connections import keyring
    from offboarding.gateways.segment import protocol

    removal = reduced()
    run = run_of(removal, "reduce")
    kept = removal.plans.get().data["places"][0]["kept"]
    with keyring.gateway_for(run.item.workspace) as gateway:
        member = segment.control.person("acme-staging", DAN)["member"]
        resources = [
            each for each in member["permissions"][0]["resources"] if each["id"] != kept[0]["grant"][2]
        ]
        left = {**member["permissions"][0], "resources": resources}
        gateway.replace_permissions(member["id"], [protocol.read_permission(left)])
    turns(run)
    assert held(segment) == {tuple(each["grant"]) for each in kept[1:]}
    journey.advance(removal.pk)
    check = turns(run_of(removal, "read-again"))
    assert check.cause == "not-as-planned" and "should have stayed and is not there" in check.sentence
    assert not Finding.objects.get(attempt__run=check, attempt__number=check.attempts.count()).came_back


@pytest.mark.parametrize("wider", [False, True])
def test_a_grant_that_comes_back_is_a_finding_also_through_a_wider_one(
    reduced: Make, run_of: Make, turns: Make, turn: Make, gives: Make, wider: bool
) -> None:
    removal = reduced()
    for code in ("reduce", "read-again"):
        turns(run_of(removal, code))
        journey.advance(removal.pk)
    later = Run.objects.filter(item__plan__removal=removal, item__code="look-after-7-days")
    later.update(state="waiting", not_before="2020-01-01T00:00:00Z")
    gives("Source Admin", "" if wider else "Website")
    check = turns(later.get())
    assert (check.state, check.cause) == ("needs_person", "came-back")
    assert place_of(removal).now is Now.CAME_BACK


def test_weeks_later_a_role_that_somebody_added_is_no_finding(
    reduced: Make, run_of: Make, turns: Make, gives: Make
) -> None:
    removal = reduced()
    for code in ("reduce", "read-again"):
        turns(run_of(removal, code))
        journey.advance(removal.pk)
    gives("Tracking Plan Admin")
    later = Run.objects.filter(item__plan__removal=removal, item__code="look-after-a-day")
    later.update(state="waiting", not_before="2020-01-01T00:00:00Z")
    assert turns(later.get()).state == "done"
    assert place_of(removal).now is Now.VERIFIED


def test_an_answer_that_was_lost_takes_nothing_twice(
    segment: Simulator, reduced: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    removal = reduced()
    before = held(segment)
    segment.control.add_trouble({"do": "reset_after", "match": {"method": "PUT"}, "count": 1})
    assert turns(run_of(removal, "reduce")).ended == "changed"
    assert len(sent("PUT")) == 1 and held(segment) == before - lost(removal)


def test_only_the_planned_group_is_left(
    segment: Simulator, reduced: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    removal = reduced("Acme Analytics", named("Data engineers"))
    assert not Run.objects.filter(item__plan__removal=removal, item__code__in=["reduce", "remove-member"])
    turns(run_of(removal, "leave-group"))
    journey.advance(removal.pk)
    assert not segment.control.person("acme-analytics", DAN)["groups"]
    assert turns(run_of(removal, "read-again")).state == "done"
    assert not sent("PUT")


def test_the_last_role_leaves_bare_membership_where_a_group_stays(
    segment: Simulator, reduced: Make, run_of: Make, turns: Make
) -> None:
    removal = reduced("Acme Production", named("Workspace Owner"))
    turns(run_of(removal, "reduce"))
    roles = [
        each["roleName"] for each in segment.control.person("acme-production", DAN)["member"]["permissions"]
    ]
    assert roles == ["Minimal Workspace Access"]
    assert segment.control.person("acme-production", DAN)["groups"] == ["Admins"]


def test_a_group_that_a_provider_may_push_is_looked_at_there_first(started: Make, run_of: Make) -> None:
    taken = named("Data engineers")
    removal = started("Acme Analytics", choice="reduce", taken=taken, managed_by="scim", reason="partial")
    asked = run_of(removal, "provider-some-groups")
    assert asked.state == "needs_person" and "the group Data engineers" in asked.item.title
    assert run_of(removal, "leave-group").state == "waiting"
    assert not Run.objects.filter(item__plan__removal=removal, item__code="provider-group")
