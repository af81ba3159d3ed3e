"""Holding a running request back, letting it go on, cutting it short: who may, when, and what stands in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.removals import steering
from offboarding.removals.models import RemovalRequest
from offboarding.users.rules import Role
from tests.work.test_at_once import together

Make = Callable[..., Any]
Verb = Callable[[Any, Any], Any]


def pause(removal: Any, user: Any) -> None:
    steering.pause(removal, user, "The client asked us to wait")


def cancel(removal: Any, user: Any) -> None:
    journey.cancel_rest(removal, user, "The contract goes on")


VERBS: list[Verb] = [pause, steering.resume, cancel]


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def told(removal: Any) -> tuple[str, dict[str, Any]]:
    entry = Entry.objects.filter(about=removal.reference).latest("seq")
    return entry.event, canonical.loads(bytes(entry.body))["facts"]


def ready(verb: Verb, removal: Any, user: Any) -> None:
    """What a verb finds when it works."""
    if verb is steering.resume:
        pause(removal, user)


# ---------------------------------------------------------------- works, and says so


def test_a_pause_says_who_and_why(running: Make, olga: Any) -> None:
    removal = running()
    version = removal.version
    pause(removal, olga)
    assert removal.paused_at and removal.paused_by == olga
    assert removal.version == version + 1
    assert told(removal) == ("removal.paused", {"reason": "The client asked us to wait"})


def test_what_was_paused_goes_on(running: Make, olga: Any, alice: Any) -> None:
    removal = running()
    pause(removal, olga)
    steering.resume(removal, alice)
    assert (removal.paused_at, removal.paused_by, removal.steered_because) == (None, None, "")
    assert told(removal) == ("removal.resumed", {})


def test_a_cancelled_rest_names_who_why_and_which_steps(running: Make, sam: Any) -> None:
    removal = running()
    cancel(removal, sam)
    event, facts = told(removal)
    gone = Run.objects.filter(item__plan__removal=removal, state="cancelled")
    assert removal.rest_cancelled_by == sam
    assert event == "removal.rest_cancelled"
    assert facts["items"] == sorted(gone.values_list("item__number", flat=True))
    assert {(run.ended, run.ended_by, run.note, run.sentence) for run in gone} == {
        ("cancelled", sam, "The contract goes on", "Cancelled by Sam: The contract goes on")
    }


def test_cancelling_ends_a_pause(running: Make, olga: Any) -> None:
    removal = running()
    pause(removal, olga)
    cancel(removal, olga)
    assert removal.paused_at is None and removal.rest_cancelled_at


# ---------------------------------------------------------------- who


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("who", ["alice", "olga", "sam"])
def test_the_requester_operators_and_security_steer(
    running: Make, request: Any, sam: Any, verb: Verb, who: str
) -> None:
    removal = running()
    ready(verb, removal, sam)
    verb(removal, request.getfixturevalue(who))
    removal.refresh_from_db()
    assert bool(removal.paused_at or removal.rest_cancelled_at) is (verb is not steering.resume)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("who", ["another lead", "approver", "auditor", "half", "stranger", "the person"])
def test_nobody_else_does(running: Make, person: Make, sam: Any, verb: Verb, who: str) -> None:
    removal = running("Acme Production", "Globex Production")
    ready(verb, removal, sam)
    user = {
        "another lead": lambda: person("zoe", Role.REQUESTER),
        "approver": lambda: person("zoe", Role.APPROVER),
        "auditor": lambda: person("zoe", Role.AUDITOR),
        "half": lambda: person("zoe", Role.OPERATOR, clients_=("Acme",)),
        "stranger": lambda: person("zoe", Role.SECURITY, clients_=("Hooli",)),
        "the person": lambda: person("dan", Role.OPERATOR),
    }[who]()
    before = RemovalRequest.objects.filter(pk=removal.pk).values().get()
    assert refusal(lambda: verb(removal, user)) == "not-yours"
    assert RemovalRequest.objects.filter(pk=removal.pk).values().get() == before


# ---------------------------------------------------------------- when


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("stage", ["planned", "approved", "closed", "rejected", "withdrawn"])
def test_only_what_runs_is_steered(filed: Make, alice: Any, verb: Verb, stage: str) -> None:
    removal = filed()
    RemovalRequest.objects.update(stage=stage)
    assert refusal(lambda: verb(removal, alice)) == "wrong-stage"


@pytest.mark.parametrize(
    ("verb", "code"),
    [(pause, "paused-already"), (steering.resume, "not-paused"), (cancel, "cancelled-already")],
)
def test_twice_is_once(running: Make, sam: Any, verb: Verb, code: str) -> None:
    removal = running()
    ready(verb, removal, sam)
    verb(removal, sam)
    entries = Entry.objects.count()
    assert refusal(lambda: verb(removal, sam)) == code
    assert Entry.objects.count() == entries


def test_what_was_cut_short_is_not_paused(running: Make, sam: Any) -> None:
    removal = running()
    cancel(removal, sam)
    assert refusal(lambda: pause(removal, sam)) == "cancelled-already"


@pytest.mark.parametrize("verb", [steering.pause, journey.cancel_rest])
@pytest.mark.parametrize(("reason", "code"), [(" ", "no-reason"), ("x" * 2001, "too-long")])
def test_a_reason_is_asked_for(running: Make, sam: Any, verb: Any, reason: str, code: str) -> None:
    removal = running()
    assert refusal(lambda: verb(removal, sam, reason)) == code


@pytest.mark.parametrize("verb", [pause, cancel])
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_does_it(running: Make, sam: Any, verb: Verb) -> None:
    removal = running()

    def once(_: int) -> bool:
        try:
            verb(RemovalRequest.objects.get(pk=removal.pk), sam)
        except Refused:
            return False
        return True

    assert sum(together(once)) == 1
    assert Entry.objects.filter(event__in=["removal.paused", "removal.rest_cancelled"]).count() == 1


@pytest.mark.parametrize("field", ["paused_at", "rest_cancelled_at"])
def test_the_table_itself_asks_who_and_why(running: Make, field: str) -> None:
    removal = running()
    with pytest.raises(IntegrityError), transaction.atomic():
        RemovalRequest.objects.filter(pk=removal.pk).update(**{field: removal.started_at})
