"""Accounts of one person are merged: the one that stays gets what it lacks, a fresh read shows it, then the other goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from offboarding.connections import keyring
from offboarding.connections.models import Workspace
from offboarding.discovery.rules import grants
from offboarding.execution import actions as execution
from offboarding.execution.models import Run
from offboarding.gateways.segment import Permission, Resource
from offboarding.journey import actions as journey
from offboarding.removals.rules import MERGING
from offboarding.simulators.simulator import Simulator
from offboarding.verification.models import Finding
from offboarding.verification.rules import Now
from tests.conftest import DAN
from tests.execution.test_reduce import place_of

Make = Callable[..., Any]
SLUG, STAYS = "acme-staging", "dan.reyes@northwind.example"


def account(segment: Simulator, email: str) -> Any:
    return segment.control.person(SLUG, email)["member"]


def held(segment: Simulator, email: str) -> frozenset[Any]:
    found = account(segment, email)
    return grants(found["permissions"]) if found else frozenset()


def invite(place: Workspace, role: str = "Minimal Workspace Access") -> None:
    """As an Owner would do it."""
    with keyring.gateway_for(place) as gateway:
        named = next(each for each in gateway.roles() if each.name == role)
        gateway.invite(STAYS, [Permission(named.id, named.name, (Resource(place.segment_id, "WORKSPACE"),))])


@pytest.fixture
def merging(segment: Simulator, started: Make, run_of: Make, olga: Any) -> Make:
    """An approved merge of Dan's accounts in Acme Staging, where somebody confirmed that both are his."""

    def make(role: str = "", accepted: bool = True) -> Any:
        def there(place: Workspace) -> None:
            invite(place, role)
            if accepted:
                segment.control.accept_invite(SLUG, STAYS)

        fields = {"beforehand": there} if role else {}
        removal = started("Acme Staging", addresses=(DAN, STAYS), stays=STAYS, reason=MERGING, **fields)
        execution.skip(run_of(removal, "confirm-account"), olga, "asked on the phone")
        return again(removal)

    return make


def again(removal: Any) -> Any:
    journey.advance(removal.pk)
    return removal


def test_a_member_is_given_what_is_missing_and_only_after_a_read_the_other_goes(
    segment: Simulator, merging: Make, run_of: Make, turns: Make, member: Make, sent: Make
) -> None:
    removal = merging("Source Read-only")
    before = held(segment, DAN)
    give, read, remove = (run_of(removal, code) for code in ("give-missing", "read-given", "remove-member"))
    assert (give.state, read.state, remove.state) == ("ready", "waiting", "waiting")
    assert turns(give).sentence == f"{STAYS} has what it lacked in Acme Staging"
    assert before < held(segment, STAYS) and member(SLUG)
    assert len(sent("POST")) == 1 and not sent("PUT") and not sent("DELETE")
    again(removal)
    remove.refresh_from_db()
    assert remove.state == "waiting", "accepted is not seen"
    assert turns(read).sentence == f"{STAYS} has in Acme Staging everything that goes"
    again(removal)
    assert turns(remove).state == "done" and not member(SLUG)
    again(removal)
    assert turns(run_of(removal, "read-again")).state == "done"
    assert place_of(removal).now is Now.VERIFIED and before < held(segment, STAYS)
    assert not Finding.objects.filter(came_back=True).exists()


def test_who_is_no_member_is_invited_and_nothing_goes_before_they_are_in(
    segment: Simulator, merging: Make, run_of: Make, turn: Make, turns: Make, member: Make
) -> None:
    removal = merging()
    before = held(segment, DAN)
    assert (
        turns(run_of(removal, "give-missing")).sentence == f"invited to Acme Staging; {STAYS} has to accept"
    )
    again(removal)
    read = turn(run_of(removal, "read-given"))
    assert read.state == "waiting" and "has not accepted yet" in read.waiting_for
    assert place_of(removal).now is Now.WAITING and member(SLUG)
    assert run_of(removal, "remove-member").state == "waiting"
    segment.control.accept_invite(SLUG, STAYS)
    assert turns(read).state == "done" and held(segment, STAYS) == before
    again(removal)
    assert turns(run_of(removal, "remove-member")).state == "done" and not member(SLUG)


def test_what_is_taken_meanwhile_holds_the_removal_up_and_says_what_is_missing(
    segment: Simulator, merging: Make, run_of: Make, turns: Make, member: Make, olga: Any
) -> None:
    removal = merging("Source Read-only")
    turns(run_of(removal, "give-missing"))
    again(removal)
    read = run_of(removal, "read-given")
    key = account(segment, STAYS)["id"]
    with keyring.gateway_for(read.item.workspace) as gateway:
        _, has = gateway.member(key)
        gateway.replace_permissions(key, [each for each in has if each.role_name == "Source Read-only"])
        assert (turns(read).state, read.cause) == ("needs_person", "not-as-planned")
        assert "lacks Source Admin" in read.sentence and place_of(removal).now is Now.NEEDS_PERSON
        again(removal)
        assert run_of(removal, "remove-member").state == "waiting" and member(SLUG)
        gateway.replace_permissions(key, has)
    execution.retry(read, olga)
    assert turns(read).state == "done"


def test_what_the_account_has_beside_is_neither_taken_nor_given_twice(
    segment: Simulator, merging: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    removal = merging("Workspace Owner")
    assert not Run.objects.filter(item__plan__removal=removal, item__code="give-missing").exists()
    assert turns(run_of(removal, "read-given")).state == "done" and not sent("POST")
    assert any(each[0] == "1WDUuRLxv84rrfCNUwvkrRtkxnS" for each in held(segment, STAYS))


def test_a_pending_invitation_of_somebody_else_stops_for_a_person(
    merging: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    removal = merging("Minimal Workspace Access", accepted=False)
    run = turns(run_of(removal, "give-missing"))
    assert (run.state, run.cause) == ("needs_person", "not-as-before")
    assert "that this request did not send" in run.sentence and not sent("POST")


def test_an_approver_signs_both_what_is_given_and_what_goes(merging: Make) -> None:
    plan = merging("Source Read-only").plans.get().data
    assert (plan["person"]["addresses"], plan["stays"]) == ([DAN], STAYS)
    place = plan["places"][0]
    assert [each["email"] for each in place["accounts"]] == [DAN]
    assert place["planned"].startswith(f"Give {STAYS} Source Admin on ") and place["planned"].endswith(
        ", then remove"
    )
    assert place["takes_over"]["address"] == STAYS and len(place["takes_over"]["given"]) == 6
