"""Many presses at once over real HTTP, by somebody who may not: what they need to get as far as the rule, and no further."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client as Browser

from offboarding.approvals.delegations.actions import delegate
from offboarding.approvals.rules import Decision
from offboarding.checklist.queries import newest_plan
from offboarding.directory.models import Membership
from offboarding.users.rules import Role
from offboarding.web import proving
from offboarding.web.decide import pending
from tests.conftest import PASSWORD

PRESSES = int(os.environ.get("PRESSES", "3"))
AT_ONCE = 20
CSRF = "c" * 32
NONCE = "n" * 22
UNSEEN = "without its page"


@dataclass(frozen=True)
class Press:
    """This goes there from a browser of somebody's, against this rule."""

    rule: str
    browser: httpx.Client
    path: str
    data: dict[str, str]

    def send(self) -> str:
        return f"{self.rule}: {self.browser.post(self.path, data=self.data).status_code}"


class Doors:
    """A server, and browsers: signed in through the door, with what is wanted in their session."""

    def __init__(self, url: str) -> None:
        self.url, self.browsers = url, list[httpx.Client]()

    def sign_in(self, user: Any, **session: Any) -> httpx.Client:
        cache.clear()  # so many sign-ins are no guesses
        browser = Browser()
        assert browser.post("/signin/", {"login": user.email, "password": PASSWORD}).status_code == 302
        store = browser.session
        store.update(session)
        store.save()
        cookies = {django_settings.SESSION_COOKIE_NAME: str(store.session_key)}
        # As a page of ours would have set it.
        cookies[django_settings.CSRF_COOKIE_NAME] = CSRF
        headers = {"X-CSRFToken": CSRF}
        made = httpx.Client(base_url=self.url, cookies=cookies, headers=headers, timeout=60)
        self.browsers.append(made)
        return made

    def goes(self, press: Press, user: Any) -> bool:
        """Whether the same gets through for this person: then nothing but the rule has kept the others out."""
        data = {name: value for name, value in press.data.items() if name != "nonce"}
        return self.proved("may", user, press.path, **data)[0].send().endswith(": 302")

    def proved(self, rule: str, user: Any, path: str, **data: str) -> list[Press]:
        """The press of a page that asks who it is, with that proof given after it was asked; and without the page, which
        is what comes back then.
        """
        asked = {"path": path, "at": time.time() - 60, "nonce": NONCE}
        browser = self.sign_in(user, **{proving.KEY: asked})
        return [
            Press(rule, browser, path, {**data, "nonce": NONCE}),
            Press(f"{rule}, {UNSEEN}", browser, path, data),
        ]


def all_at_once(presses: Sequence[Press]) -> Counter[str]:
    """Each so many times. What came back, counted: no error of ours, no way to the sign-in, and no page but the one that asks."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(Press.send, [*presses] * PRESSES))
    assert answers.total() == len(presses) * PRESSES
    wrong = [each for each in answers if each.endswith((": 500", ": 200")) and UNSEEN not in each]
    assert not wrong, answers
    return answers


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
    browser = doors.sign_in(who, **session)
    at, said = (
        f"/requests/{removal.reference}/approve/",
        {"decision": "approve", "fingerprint": plan.fingerprint},
    )
    return [
        Press(rule, browser, f"{at}confirm/", {"nonce": session[pending.KEY]["nonce"]}),
        Press(rule, browser, at, said),
        Press(rule, browser, f"/api/v1{at}", said),
    ]


def also(user: Any, role: Role) -> None:
    """So that nothing but the rule under trial keeps this person out."""
    for each in list(user.memberships.all()):
        Membership.objects.get_or_create(user=user, role=role.value, client=each.client)


def in_place_of(giver: Any, to: Any, today: date) -> None:
    now = datetime.now(UTC)
    ends = now + timedelta(days=1)
    delegate(giver, to, starts_at=now, ends_at=ends, why="w", method="code", now=now, today=today)
