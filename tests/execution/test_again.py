"""Removed and given again in one request: gone first, seen to be gone, then back with exactly what was held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from offboarding.discovery.rules import grants
from offboarding.execution import actions as execution
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.simulators.simulator import Simulator
from offboarding.verification.models import Finding
from offboarding.verification.rules import Now
from tests.conftest import DAN
from tests.execution.test_reduce import place_of

Make = Callable[..., Any]
SLUG = "acme-staging"


def held(segment: Simulator) -> frozenset[Any]:
    found = segment.control.person(SLUG, DAN)["member"]
    return grants(found["permissions"]) if found else frozenset()


@pytest.fixture
def emptied(started: Make, turns: Make, run_of: Make, olga: Any) -> Make:
    """Removed from Acme Staging and read again; the tokens were looked at by hand."""

    def make(reason: str) -> Any:
        removal = started("Acme Staging", reason=reason)
        for code in ("remove-member", "read-again"):
            turns(run_of(removal, code))
            journey.advance(removal.pk)
        for run in Run.objects.filter(
            item__plan__removal=removal, item__code__in=["list-tokens", "hand-over-jobs"]
        ):
            execution.skip(run, olga, "none there")
        journey.advance(removal.pk)
        return removal

    return make


def test_a_rotation_invites_again_with_exactly_the_same_after_it_was_gone(
    segment: Simulator,
    started: Make,
    emptied: Make,
    run_of: Make,
    turn: Make,
    turns: Make,
    olga: Any,
    sent: Make,
) -> None:
    removal = emptied("credential-rotation")
    assert place_of(removal).now is Now.VERIFIED and not held(segment)
    invite = run_of(removal, "invite-again")
    assert invite.state == "waiting"
    execution.skip(run_of(removal, "remove-tokens"), olga, "none there")
    journey.advance(removal.pk)
    assert turns(invite).sentence == f"invited to Acme Staging; {DAN} has to accept"
    journey.advance(removal.pk)
    check = turn(run_of(removal, "read-returned"))
    assert check.state == "waiting" and place_of(removal).now is Now.WAITING
    segment.control.accept_invite(SLUG, DAN)
    assert turns(check).state == "done"
    given = {tuple(each) for each in grants(check.item.target["permissions"])}
    assert held(segment) == given and len(given) == 6
    place = place_of(removal)
    assert (place.now, place.says[:24]) == (Now.KEPT, "Removed, and given again")
    assert not Finding.objects.filter(came_back=True).exists()


def test_a_migration_ends_when_the_provider_has_brought_them_back_with_no_more(
    segment: Simulator, emptied: Make, run_of: Make, turn: Make, turns: Make, olga: Any
) -> None:
    from offboarding.connections import keyring
    from offboarding.gateways.segment import Permission, Resource

    removal = emptied("sso-migration")
    by_hand = run_of(removal, "provision-again")
    assert by_hand.state == "needs_person"
    execution.skip(by_hand, olga, "assigned by the provider's team")
    journey.advance(removal.pk)
    check = turn(run_of(removal, "read-provisioned"))
    assert check.state == "waiting" and "neither a member nor invited" in check.waiting_for
    place = check.item.workspace
    with keyring.gateway_for(place) as gateway:
        roles = {each.name: each for each in gateway.roles()}
        whole = (Resource(place.segment_id, "WORKSPACE"),)
        bare, owner = (
            Permission(roles[name].id, name, whole)
            for name in ("Minimal Workspace Access", "Workspace Owner")
        )
        gateway.invite(DAN, [bare])
        segment.control.accept_invite(SLUG, DAN)
        account = segment.control.person(SLUG, DAN)["member"]["id"]
        gateway.add_permissions(account, [owner])
        assert (turns(check).state, check.cause) == ("needs_person", "not-as-before")
        gateway.replace_permissions(account, [bare])
    execution.retry(check, olga)
    assert turns(check).state == "done"
    assert place_of(removal).now is Now.KEPT
