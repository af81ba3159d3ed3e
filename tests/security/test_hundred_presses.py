"""Every rule that keeps two duties apart, pressed many times at once over real HTTP: as the form of the page sends it, and as
somebody sends it who never saw the page, with whatever a session could hold.

`PRESSES=100` is the whole trial (`make presses`). Each browser has a fresh proof of who it is, and the choice stands in its
session already, so nothing but the rule is left to say no.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from offboarding.approvals.models import Approval, PolicyVersion
from offboarding.approvals.policies.rules import Terms, Turn, Who
from offboarding.checklist.queries import newest_plan
from offboarding.emergencies.actions import Word
from offboarding.emergencies.models import Ask, Emergency, Review
from offboarding.emergencies.rules import Because
from offboarding.execution.models import Run
from offboarding.journey import emergency
from offboarding.removals.urgent import Urgent
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.web.policies import held
from tests.approvals import test_policies
from tests.conftest import DAN
from tests.security.pressing import Doors, Press, all_at_once, also, earlier, in_place_of, ways_to_approve

Make = Callable[..., Any]
ada, lin, propose, in_force = (
    test_policies.ada,
    test_policies.lin,
    test_policies.propose,
    test_policies.in_force,
)


# ---------------------------------------------------------------- the rules


@pytest.fixture
def approving(filed: Make, alice: Any, bob: Any, person: Make, doors: Doors, today: date) -> list[Press]:
    """Who filed it, who changed it, whose access it is, also with the right of somebody else in their hands; whoever decides
    for one of them, or for somebody who left; two who hold one right."""
    removal = filed("Acme Production")
    first = newest_plan(removal)
    assert first
    editor = person("edith", Role.APPROVER)
    first.pk, first.version, first.made_by = None, 2, editor
    first.save(force_insert=True)
    dan, dev, hank = (
        person("dan", Role.APPROVER),
        person("dev", Role.ADMINISTRATOR),
        person("hank", Role.ADMINISTRATOR),
    )
    left, lea = person("left", Role.APPROVER), person("lea", Role.ADMINISTRATOR)
    also(alice, Role.APPROVER)
    in_place_of(alice, dev, today)
    in_place_of(left, lea, today)
    for each in (hank, alice, editor, dan):
        in_place_of(bob, each, today)
    User.objects.filter(pk=left.pk).update(is_active=False)
    people = {
        "filed it": alice,
        "changed it": editor,
        "their own": dan,
        "for who filed it": dev,
        "for who left": lea,
    }
    right = {"one right": bob, "one right, delegated": hank}
    return [
        *(each for rule, who in people.items() for each in ways_to_approve(rule, who, removal, doors)),
        # Choosing once more would take the place of the choice that is confirmed.
        *(ways_to_approve(rule, who, removal, doors)[0] for rule, who in right.items()),
    ]


@pytest.fixture
def working(
    approving: list[Press], running: Make, filed: Make, in_force: Make, bob: Any, olga: Any, doors: Doors
) -> list[Press]:
    """The policy keeps the two apart: who approved signs a step off, who works approves. And: who removed verifies it."""
    in_force(Terms((Turn(Who.APPROVER),), apart=True))
    removal, other = running("Acme Staging"), filed("Acme EU")
    also(bob, Role.OPERATOR)
    also(olga, Role.APPROVER)
    runs = Run.objects.filter(item__plan__removal=removal)
    by_hand = runs.filter(manual=True, state="needs_person")[0]
    runs.filter(item__code="remove-member").update(state="done", ended="by hand", ended_by=olga)
    runs.filter(item__code="read-again").update(state="needs_person", manual=True)
    at, done = f"/requests/{removal.reference}/steps", {"attest": "on", "note": "seen"}
    check = runs.get(item__code="read-again")
    return [
        *ways_to_approve("works on it", olga, other, doors),
        Press("approved it", doors.sign_in(bob), f"{at}/{by_hand.item.number}/sign-off/", done),
        Press("removed by hand", doors.sign_in(olga), f"{at}/{check.item.number}/sign-off/", done),
    ]


@pytest.fixture
def urgent(approving: list[Press], workspace: Make, sam: Any, bob: Any, doors: Doors) -> list[Press]:
    """Who asked confirms; who released reviews it; two reviews at once; the same person is released once more."""
    place, now = workspace("Acme Archive"), datetime.now(UTC)
    word = Word(sam, "Remove access now", "code", None)
    said = Urgent([DAN], "Dan", "credentials-compromised", "INC-1", "UTC")
    released = emergency.release(said, now, [place], word, now).removal
    other = Urgent(["eve@northwind.example"], "Eve", "credentials-compromised", "INC-2", "UTC")
    waiting = emergency.ask(other, now, [place], word, Because.FACTOR, now)
    at_sam, at_bob = doors.sign_in(sam), doors.sign_in(bob)
    typed = {
        "email": DAN, "typed": DAN, "incident": "INC-1", "reason": "credentials-compromised", "act": "release",
        "known_day": f"{now - timedelta(days=1):%Y-%m-%d}", "known_clock": "00:00", "time_zone": "UTC",
    }  # fmt: skip
    at, fine = f"/emergency/{released.reference}/review/", {"verdict": "confirm", "note": "Fine"}
    return [
        Press("asked for it", at_sam, f"/emergency/asks/{waiting.pk}/", {}),
        Press("released it", at_sam, at, fine),
        Press("one review", at_bob, at, fine),
        Press("one at a time", at_sam, "/emergency/", typed),
    ]


@pytest.fixture
def governing(working: list[Press], doors: Doors, propose: Make, ada: Any) -> list[Press]:
    """Who proposed a policy approves it: the wish, and the press after it."""
    proposed, request = propose(Terms(owner=3)), SimpleNamespace(session=dict[str, Any]())
    held.keep(request, held.APPROVE, proposed.pk)  # type: ignore[arg-type]
    session = earlier(request.session)
    browser = doors.sign_in(ada, **session)
    return [
        Press("proposed it", browser, f"/setup/policies/proposals/{proposed.pk}/approve/", {}),
        Press("proposed it", browser, "/setup/policies/confirm/", {"nonce": session[held.KEY]["nonce"]}),
    ]


@pytest.mark.django_db(transaction=True)
def test_none_of_many_presses_at_once_gets_past_a_rule(
    approving: list[Press], working: list[Press], urgent: list[Press], governing: list[Press]
) -> None:
    before = Approval.objects.count()
    answers = all_at_once([*approving, *working, *urgent, *governing])
    made = Approval.objects.order_by("pk")[before:]
    assert len(made) == 1, answers
    (given,) = made
    assert given.right_of.name == "Bob" and given.approver.name in ("Bob", "Hank")
    ended = Run.objects.exclude(ended_by=None).values_list("item__code", "ended_by__name")
    assert list(ended) == [("remove-member", "Olga")]
    assert [each.reviewer.name for each in Review.objects.all()] == ["Bob"]
    assert Emergency.objects.count() == 1 and Ask.objects.get().open
    assert set(PolicyVersion.objects.filter(standing="proposed").values_list("decided_by", flat=True)) == {
        None
    }
