"""Every rule that keeps two duties apart, pressed many times at once over real HTTP: as the form of the page sends it, and as
somebody sends it who never saw the page, with whatever a session could hold.

`PRESSES=100` is the whole trial (`make presses`). Each browser has a fresh proof of who it is, and the choice stands in its
session already, so nothing but the rule is left to say no.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.test import Client as Browser

from offboarding.approvals.delegations.actions import delegate
from offboarding.approvals.models import Approval, PolicyVersion
from offboarding.approvals.policies.rules import Terms, Turn, Who
from offboarding.approvals.rules import Decision
from offboarding.checklist.queries import newest_plan
from offboarding.directory.models import Membership
from offboarding.emergencies.actions import Word
from offboarding.emergencies.models import Ask, Emergency, Review
from offboarding.emergencies.rules import Because
from offboarding.execution.models import Run
from offboarding.journey import emergency
from offboarding.removals.urgent import Urgent
from offboarding.users.rules import Role
from offboarding.web.decide import pending
from offboarding.web.policies import held
from tests.approvals import test_policies
from tests.conftest import DAN, PASSWORD

Make = Callable[..., Any]
ada, lin, propose, in_force = (
    test_policies.ada,
    test_policies.lin,
    test_policies.propose,
    test_policies.in_force,
)
PRESSES = int(os.environ.get("PRESSES", "3"))
AT_ONCE = 20
CSRF = "c" * 32


@dataclass(frozen=True)
class Press:
    """`who` sends this there, against this rule."""

    rule: str
    who: Any
    path: str
    data: dict[str, str]


class Doors:
    """A server, and a browser for each person: signed in through the door, with this in their session."""

    def __init__(self, url: str) -> None:
        self.url, self.browsers = url, dict[int, httpx.Client]()

    def sign_in(self, user: Any, **session: Any) -> None:
        browser = Browser()
        browser.post("/signin/", {"login": user.email, "password": PASSWORD})
        store = browser.session
        store.update(session)
        store.save()
        cookies = {django_settings.SESSION_COOKIE_NAME: str(store.session_key)}
        # As a page of ours would have set it.
        cookies[django_settings.CSRF_COOKIE_NAME] = CSRF
        headers = {"X-CSRFToken": CSRF}
        self.browsers[user.pk] = httpx.Client(base_url=self.url, cookies=cookies, headers=headers, timeout=60)

    def press(self, one: Press) -> str:
        return f"{one.rule}: {self.browsers[one.who.pk].post(one.path, data=one.data).status_code}"


@pytest.fixture
def doors(live_server: Any) -> Iterator[Doors]:
    made = Doors(live_server.url)
    yield made
    for client in made.browsers.values():
        client.close()


def chosen(removal: Any) -> dict[str, Any]:
    """What a session holds when its owner has chosen to approve this plan, a minute before their proof."""
    plan = newest_plan(removal)
    assert plan
    request: Any = SimpleNamespace(session={})
    pending.keep(request, removal.number, Decision.APPROVE, plan.fingerprint, "")
    return earlier(request.session)


def earlier(session: dict[str, Any]) -> dict[str, Any]:
    return {key: {**value, "at": value["at"] - 60} for key, value in session.items()}


def ways_to_approve(rule: str, who: Any, removal: Any, doors: Doors) -> list[Press]:
    """The choice on the page, and the press that records it, each sent by itself; and an address that a program may guess."""
    plan, session = newest_plan(removal), chosen(removal)
    assert plan
    doors.sign_in(who, **session)
    at, said = (
        f"/requests/{removal.reference}/approve/",
        {"decision": "approve", "fingerprint": plan.fingerprint},
    )
    return [
        Press(rule, who, f"{at}confirm/", {"nonce": session[pending.KEY]["nonce"]}),
        Press(rule, who, at, said),
        Press(rule, who, f"/api/v1{at}", said),
    ]


def also(user: Any, role: Role) -> None:
    """So that nothing but the rule under trial keeps this person out."""
    for each in list(user.memberships.all()):
        Membership.objects.get_or_create(user=user, role=role.value, client=each.client)


def in_place_of(giver: Any, to: Any, today: date) -> None:
    now = datetime.now(UTC)
    ends = now + timedelta(days=1)
    delegate(giver, to, starts_at=now, ends_at=ends, why="w", method="code", now=now, today=today)


# ---------------------------------------------------------------- the rules


@pytest.fixture
def approving(filed: Make, alice: Any, bob: Any, person: Make, doors: Doors, today: date) -> list[Press]:
    """Who filed it, who changed it, whose access it is, whoever decides for one of them; two who hold one right."""
    removal = filed("Acme Production")
    first = newest_plan(removal)
    assert first
    editor = person("edith", Role.APPROVER)
    first.pk, first.version, first.made_by = None, 2, editor
    first.save(force_insert=True)
    dan, dev, hank = person("dan", Role.APPROVER), person("dev", Role.AUDITOR), person("hank", Role.AUDITOR)
    also(alice, Role.APPROVER)
    in_place_of(alice, dev, today)
    in_place_of(bob, hank, today)
    people = {"filed it": alice, "changed it": editor, "their own": dan, "for who filed it": dev}
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
        Press("approved it", bob, f"{at}/{by_hand.item.number}/sign-off/", done),
        Press("removed by hand", olga, f"{at}/{check.item.number}/sign-off/", done),
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
    doors.sign_in(sam)
    typed = {
        "email": DAN, "typed": DAN, "incident": "INC-1", "reason": "credentials-compromised", "act": "release",
        "known_day": f"{now - timedelta(days=1):%Y-%m-%d}", "known_clock": "00:00", "time_zone": "UTC",
    }  # fmt: skip
    at, fine = f"/emergency/{released.reference}/review/", {"verdict": "confirm", "note": "Fine"}
    return [
        Press("asked for it", sam, f"/emergency/asks/{waiting.pk}/", {}),
        Press("released it", sam, at, fine),
        Press("one review", bob, at, fine),
        Press("one at a time", sam, "/emergency/", typed),
    ]


@pytest.fixture
def governing(working: list[Press], doors: Doors, propose: Make, ada: Any) -> list[Press]:
    """Who proposed a policy approves it: the wish, and the press after it."""
    proposed, request = propose(Terms(owner=3)), SimpleNamespace(session=dict[str, Any]())
    held.keep(request, held.APPROVE, proposed.pk)  # type: ignore[arg-type]
    session = earlier(request.session)
    doors.sign_in(ada, **session)
    return [
        Press("proposed it", ada, f"/setup/policies/proposals/{proposed.pk}/approve/", {}),
        Press("proposed it", ada, "/setup/policies/confirm/", {"nonce": session[held.KEY]["nonce"]}),
    ]


@pytest.mark.django_db(transaction=True)
def test_none_of_many_presses_at_once_gets_past_a_rule(
    approving: list[Press], working: list[Press], urgent: list[Press], governing: list[Press], doors: Doors
) -> None:
    every = [*approving, *working, *urgent, *governing]
    before = Approval.objects.count()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(doors.press, every * PRESSES))
    assert answers.total() == len(every) * PRESSES
    assert not [each for each in answers if each.endswith((": 500", ": 200"))], answers
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
