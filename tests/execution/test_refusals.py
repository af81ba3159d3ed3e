"""Refusals that help: whatever words Segment has for it, each leads to the right state and the right cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from offboarding.execution.perform import CAUSES
from offboarding.execution.rules import REMEDIES, Cause
from offboarding.gateways.segment import DECLINED_KINDS
from offboarding.simulators.simulator import Simulator
from tests.conftest import DAN, in_days

Make = Callable[..., Any]
PLACE, SLUG = "Acme Staging", "acme-staging"
ANSWERS = [400, 404, 422, "success"]


def test_every_way_to_decline_has_a_cause() -> None:
    assert set(CAUSES) == set(DECLINED_KINDS)


def owners_but(segment: Simulator, email: str) -> list[str]:
    return [owner for owner in segment.control.state(SLUG)["owners"] if owner != email]


# ---------------------------------------------------------------- the four answers that nobody knows


@pytest.mark.parametrize("answer", ANSWERS)
def test_somebody_who_left_between_look_and_call_is_gone_whatever_segment_says(
    started: Make, run_of: Make, turns: Make, segment: Simulator, answer: Any
) -> None:
    removal = started(PLACE)
    segment.control.change(SLUG, {"answers": {"unknown_user": answer}})
    segment.control.add_trouble(
        {"do": "meanwhile", "leave": [DAN], "match": {"method": "DELETE"}, "count": 1}
    )
    run = turns(run_of(removal, "remove-member"))
    assert run.state == "done", run.sentence
    assert run.attempts.filter(act="call").count() == 1


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_invitation_cancelled_between_look_and_call_is_gone_whatever_segment_says(
    started: Make, run_of: Make, turns: Make, segment: Simulator, answer: Any
) -> None:
    removal = started("Acme EU")
    segment.control.change("acme-eu", {"answers": {"unknown_invite": answer}})
    segment.control.add_trouble(
        {"do": "meanwhile", "cancelled": [DAN], "match": {"method": "DELETE"}, "count": 1}
    )
    run = turns(run_of(removal, "cancel-invitation"))
    assert run.state == "done", run.sentence


@pytest.mark.parametrize("answer", ANSWERS)
def test_who_became_the_last_owner_meanwhile_is_told_as_the_last_owner(
    started: Make, run_of: Make, turns: Make, segment: Simulator, member: Make, answer: Any
) -> None:
    segment.control.set_permissions(SLUG, DAN, ["Workspace Owner"])
    removal = started(PLACE)
    segment.control.change(SLUG, {"answers": {"last_owner": answer}})
    rule = {"do": "meanwhile", "leave": owners_but(segment, DAN), "match": {"method": "DELETE"}}
    segment.control.add_trouble({**rule, "count": 1})
    run = turns(run_of(removal, "remove-member"))
    assert (run.state, run.cause) == ("needs_person", "last-owner")
    assert member(SLUG)


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_last_owner_is_not_made_read_only_either(
    started: Make, run_of: Make, turns: Make, segment: Simulator, sent: Make, today: date, answer: Any
) -> None:
    segment.control.set_permissions(SLUG, DAN, ["Workspace Owner"])
    for owner in owners_but(segment, DAN):
        segment.control.take_member(SLUG, owner)
    segment.control.change(SLUG, {"answers": {"last_owner": answer}})
    removal = started(PLACE, choice="downgrade", until=in_days(today, 5))
    run = turns(run_of(removal, "downgrade"))
    assert (run.state, run.cause) == ("needs_person", "last-owner")
    assert sent("PUT") == []


def test_words_for_the_last_owner_that_we_do_not_know_still_lead_there(
    started: Make, run_of: Make, turns: Make, segment: Simulator
) -> None:
    """Segment does not publish its words; the look after the refusal finds the reason by itself."""
    segment.control.set_permissions(SLUG, DAN, ["Workspace Owner"])
    removal = started(PLACE)
    strange = {"errors": [{"type": "bad-request", "message": "Operation not possible."}]}
    segment.control.add_trouble(
        {"do": "answer", "status": 400, "body": strange, "match": {"method": "DELETE"}}
    )
    # The first look lists the members once and sees another owner; before the second, they have left.
    leaving = {"do": "meanwhile", "leave": owners_but(segment, DAN), "skip": 1, "count": 1}
    segment.control.add_trouble({**leaving, "match": {"path": "/users", "method": "GET"}})
    run = turns(run_of(removal, "remove-member"))
    assert (run.state, run.cause) == ("needs_person", "last-owner")
    assert run.attempts.filter(act="call").count() == 1


# ---------------------------------------------------------------- documented words

WORDS = [
    ("Cannot remove the last workspace owner", 400, "last-owner"),
    ("You cannot remove yourself from a workspace", 422, "own-account"),
    ("This user was provisioned by SCIM. Remove them in your identity provider.", 400, "scim-managed"),
    ("Your plan does not include User Groups. Contact sales to upgrade.", 400, "no-such-feature"),
    ("Credential is in use by 2 warehouses", 409, "declined"),
    ("One or more email address was already invited to join workspace.", 400, "declined"),
    ("Operation not possible.", 400, "declined"),
]


@pytest.mark.parametrize(("message", "status", "cause"), WORDS, ids=[row[2] + str(row[1]) for row in WORDS])
def test_each_refusal_says_its_cause_and_the_remedy(
    started: Make, run_of: Make, turns: Make, segment: Simulator, message: str, status: int, cause: str
) -> None:
    removal = started(PLACE)
    body = {"errors": [{"type": "bad-request", "message": message}]}
    segment.control.add_trouble(
        {"do": "answer", "status": status, "body": body, "match": {"method": "DELETE"}}
    )
    run = turns(run_of(removal, "remove-member"))
    assert (run.state, run.cause) == ("needs_person", cause)
    assert run.remedy == REMEDIES[Cause(cause)]
    assert message.split(".")[0] in run.sentence
    acts = list(run.attempts.values_list("act", "result"))
    assert acts == [("look", "seen"), ("call", "not applied"), ("look", "seen")], (
        "looked at before a person is asked"
    )


# ---------------------------------------------------------------- tokens


def weak(segment: Simulator, path: str = "/users*") -> None:
    """A token below the level that the call needs: 401 on it, while `GET /` answers."""
    body = {"errors": [{"type": "unauthorized", "message": "Unauthorized"}]}
    segment.control.add_trouble({"do": "answer", "status": 401, "body": body, "match": {"path": path}})


def test_an_owner_needs_a_token_of_an_owner(
    started: Make, run_of: Make, turns: Make, segment: Simulator
) -> None:
    segment.control.set_permissions(SLUG, DAN, ["Workspace Owner"])
    removal = started(PLACE)
    weak(segment)
    run = turns(run_of(removal, "remove-member"))
    assert (run.state, run.cause) == ("needs_person", "owner-needed")
    assert run.sentence.startswith("The person is Workspace Owner of Acme Staging.")


def test_a_weak_token_and_a_person_who_is_no_owner_is_a_weak_token(
    started: Make, run_of: Make, turns: Make, segment: Simulator
) -> None:
    removal = started(PLACE)
    weak(segment)
    assert turns(run_of(removal, "remove-member")).cause == "not-allowed"


def test_a_revoked_token_is_told_apart_from_both(
    started: Make, run_of: Make, turns: Make, segment: Simulator
) -> None:
    segment.control.set_permissions(SLUG, DAN, ["Workspace Owner"])
    removal = started(PLACE)
    segment.control.change(SLUG, {"token_refused": True})
    assert turns(run_of(removal, "remove-member")).cause == "token-refused"


# ---------------------------------------------------------------- changed by somebody else meanwhile


def test_access_that_grew_after_the_approval_is_still_removed(
    started: Make, run_of: Make, turns: Make, segment: Simulator, member: Make
) -> None:
    removal = started(PLACE)
    segment.control.set_permissions(SLUG, DAN, ["Workspace Owner"])
    assert turns(run_of(removal, "remove-member")).state == "done"
    assert not member(SLUG)


def test_access_that_grew_after_the_approval_is_not_replaced(
    started: Make, run_of: Make, turns: Make, segment: Simulator, sent: Make, today: date
) -> None:
    removal = started(PLACE, choice="downgrade", until=in_days(today, 5))
    segment.control.set_permissions(SLUG, DAN, ["Source Admin", "Tracking Plan Admin"])
    run = turns(run_of(removal, "downgrade"))
    assert (run.state, run.cause) == ("needs_person", "doubt")
    assert "Tracking Plan Admin" in run.sentence and "than was approved" in run.sentence
    assert sent("PUT") == []


def test_access_that_shrank_after_the_approval_is_replaced(
    started: Make, run_of: Make, turns: Make, segment: Simulator, today: date
) -> None:
    segment.control.set_permissions(SLUG, DAN, ["Source Admin", "Tracking Plan Admin"])
    removal = started(PLACE, choice="downgrade", until=in_days(today, 5))
    segment.control.set_permissions(SLUG, DAN, ["Tracking Plan Admin"])
    assert turns(run_of(removal, "downgrade")).state == "done"


def test_once_the_added_access_is_taken_away_it_goes_on(
    started: Make, run_of: Make, turns: Make, segment: Simulator, today: date, olga: Any
) -> None:
    from offboarding.execution import actions

    removal = started(PLACE, choice="downgrade", until=in_days(today, 5))
    before = segment.control.person(SLUG, DAN)["member"]
    segment.control.set_permissions(SLUG, DAN, ["Function Admin"])
    run = turns(run_of(removal, "downgrade"))
    assert run.cause == "doubt"
    segment.world.workspace(SLUG).members.put(before)
    actions.retry(run, olga)
    run.refresh_from_db()
    assert turns(run).state == "done"
