"""Every address that takes a form gets texts that no form expects: no server error, and nothing of it acts on any page.

The addresses come from the resolver, and what they take from the forms on the pages, also on those that ask who it is; so a
new one joins by itself. What is kept is read again where the answer leads. `FUZZ=200` tries so many texts at each address
instead of one (`make fuzz`, on both databases).
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, settings, strategies

from offboarding.directory.models import Membership
from offboarding.notifications.follow import follow
from offboarding.notifications.mail import compose
from offboarding.notifications.models import Message
from offboarding.users.models import User
from offboarding.web import pace
from tests.web import test_access_matrix as matrix

world, everybody = matrix.world, matrix.everybody  # fixtures
TIMES = int(os.environ.get("FUZZ", "1"))
MARK = "<script>x9z()</script>\"'><b onx9z=1>"
NASTY = (
    MARK,
    "\u202etxt.exe\u202c \u2066isolated\u2069 \u200b\ufeff\u00ad",
    "\x00",
    "\x01\x1b[2J\x7f\x85\u2028\u2029",
    "\ud800\udfff",  # lone halves, as bytes that are no UTF-8
    "a\r\nSet-Cookie: x9z=1\r\n\r\n",
    "=cmd|'/c calc'!A1",
    "{{ 7|add:7 }}{% debug %}${7*7}%(name)s %s {0}",
    "' OR 1=1;--",
    "../../../../etc/passwd",
    "٣", "²", "1e999", "-1", "9" * 400, "NaN",
    "2026-02-30", "0000-00-00", "99999-01-01", "2026-11-26T25:61",
    "a@b@c", "x" * 300 + "@example.com", "\u202e@example.com", "İ@example.com",
    "http://[::1", "javascript:alert(1)", "//evil.example/\\",
    "[" * 5_000, "null", "[]", '{"a": 1}',
    "e\u0301" * 2_000, "\U000e0041" * 100, "\U0001f3f4" * 50,
)  # fmt: skip
TEXTS = strategies.one_of(
    strategies.sampled_from(NASTY), strategies.text(max_size=300), strategies.binary(max_size=60)
)
SEVERAL = strategies.lists(TEXTS, min_size=5, max_size=5)
FIELD = re.compile(r"<(?:input|textarea|select|button)\b[^>]*?\bname=\"([^\"]+)\"[^>]*>")
VALUE = re.compile(r"\bvalue=\"([^\"]*)\"")
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
WHO = ("alice", "ada", "olga", "bob", "sam", "root", "nobody")
# What a form has from its page and nobody types: kept half of the time, or nothing would get past it.
OF_THE_PAGE = ("nonce", "version", "digest", "fingerprint", "lifts", "act")
HUGE = ("\u202eä" * 1_500_000, "\U0001f3f4" * 700_000, "x\n" * 1_500_000)
SIGNS = re.compile("[\x00-\x08\x0b\x0e-\x1f\u202a-\u202e\u2066-\u2069\u200b\ufeff]")
FORMULA = re.compile(r"(?:^|,)\"?[=+@\t-](?!\d)", re.MULTILINE)


def encoded(fields: dict[str, str | bytes]) -> bytes:
    """As a browser sends it, also what is no text."""
    return "&".join(
        f"{quote(name)}={quote_from_bytes(raw(value))}" for name, value in fields.items()
    ).encode()


def raw(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def forms_on(html: str, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Where each form leads, and its fields with what stands in them."""
    for attributes, inside in FORM.findall(html):
        action = re.search(r"\baction=\"([^\"]*)\"", attributes)
        fields = {found[1]: value_of(found[0]) for found in FIELD.finditer(inside)}
        fields.pop("csrfmiddlewaretoken", None)
        yield (action[1].partition("?")[0] if action and action[1] else path), fields


def value_of(element: str) -> str:
    found = VALUE.search(element)
    return found[1] if found else ""


class Target:
    """One address: whoever has a form for it on some page, and its fields; everybody's fields where nobody has."""

    def __init__(self, path: str, who: str, fields: dict[str, str]) -> None:
        self.path, self.who, self.fields = path, who, fields


def readable(world: matrix.World) -> dict[str, set[str]]:
    """By who it is, the addresses that may show them a page; the access matrix proves that no other one does.

    Root administers all clients, which nobody does there, so all of them are root's.
    """
    paths = {name: world.path(name) for name in matrix.names() if "logout" not in name}

    def may(who: str, row: matrix.Row) -> bool:
        return row.open or who == "root" or (who != "nobody" and (row.own or who in row.reads))

    return {who: {path for name, path in paths.items() if may(who, matrix.ROWS[name])} for who in WHO}


def targets(world: matrix.World, browsers: dict[str, Browser]) -> list[Target]:
    """All addresses, each page asked once: by the first person who may read it."""
    theirs = readable(world)
    left = theirs["root"]
    found: dict[str, Target] = {}
    unread, all_fields = set(left), dict[str, str]()
    for who, browser in browsers.items():
        for path in sorted(unread & theirs[who]):
            answer = browser.get(path)
            if answer.streaming:
                matrix.read_and_close(answer)
            elif answer.status_code == 200 and "html" in answer["Content-Type"]:
                unread.discard(path)
                for leads, fields in forms_on(answer.content.decode(), path):
                    all_fields |= fields
                    if fields and "logout" not in leads and "signout" not in leads:
                        found.setdefault(leads, Target(leads, who, fields))
    for number, path in enumerate(sorted(left - set(found))):
        some = dict(list(all_fields.items())[number % 7 :: 7])
        found[path] = Target(path, "olga", some)
    return list(found.values())


def faults(answer: Any, spent: float, may_take: float = 2.0) -> Iterator[str]:
    if answer.status_code >= 500:
        yield f"status {answer.status_code}"
    if spent > may_take:
        yield f"{spent:.1f} s of a core"
    if "x9z" in str(answer.cookies) or "x9z" in answer.headers.get("Set-Cookie", ""):
        yield "a header of its own"
    if not answer.streaming and "html" in answer.get("Content-Type", ""):
        yield from acting(answer.content.decode())


def afterwards(browser: Browser, answer: Any) -> Iterator[str]:
    """What was kept: on the page that the answer leads to, in mails and in tables."""
    if answer.status_code != 302 or not answer["Location"].startswith("/"):
        return
    shown = browser.get(answer["Location"])
    if shown.streaming:
        matrix.read_and_close(shown)
    yield from (f"then {each}" for each in faults(shown, 0))
    follow()
    for message in Message.objects.order_by("-pk")[:3].select_related("entry", "recipient"):
        mail = compose(message, [message])
        yield from (f"mail: {each}" for each in unsafe(mail.subject + mail.body))
    for path in (reverse("audit_export_csv"), reverse("population_csv")):
        yield from table_faults(browser, path)


def unsafe(text: str) -> Iterator[str]:
    if found := SIGNS.findall(text):
        yield f"hidden signs {[hex(ord(sign)) for sign in found[:3]]}"


def table_faults(browser: Browser, path: str) -> Iterator[str]:
    answer = browser.get(path)
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if answer.status_code >= 500:
        yield f"{path}: status {answer.status_code}"
    elif answer.status_code == 200 and FORMULA.search(data.decode()):
        yield f"{path}: a cell that acts"


def acting(html: str) -> Iterator[str]:
    if "<script>x9z" in html or "<b onx9z" in html:
        yield "markup that acts"
    yield from unsafe(html)


def signed_in(everybody: dict[str, Any]) -> dict[str, Browser]:
    """A browser for each; whoever is asked who they are on the way to a form has just shown it."""
    root = User.objects.create_user("root@northwind.example", "Root")
    Membership.objects.create(user=root, role="administrator")
    browsers = {who: Browser(raise_request_exception=False) for who in WHO}
    for who, browser in browsers.items():
        if who != "nobody":
            browser.force_login({**everybody, "root": root}[who])
            session = browser.session
            session["account_authentication_methods"] = [{"method": "password", "at": time.time() + 600}]
            session.save()
    return browsers


class Knocking:
    """Posts to one address after the other, keeps nothing of it, and notes what is wrong with the answers."""

    def __init__(self, browsers: dict[str, Browser]) -> None:
        self.browsers, self.tried, self.wrong = browsers, 0, list[str]()
        self.statuses: Counter[int] = Counter()

    def post(self, target: Target, chosen: dict[str, str | bytes], may_take: float = 2.0) -> None:
        browser, begun = self.browsers[target.who], time.process_time()
        with transaction.atomic():
            answer = browser.post(
                target.path, encoded(chosen), content_type="application/x-www-form-urlencoded"
            )
            if answer.streaming:
                matrix.read_and_close(answer)
            found = [*faults(answer, time.process_time() - begun, may_take)]
            if answer.status_code < 500:
                found += afterwards(browser, answer)
            transaction.set_rollback(True)
        self.tried += 1
        self.statuses[answer.status_code] += 1
        self.wrong += [f"{target.path} as {target.who}: {fault}: {chosen!r:.600}" for fault in found]


def mixed(target: Target, texts: Sequence[str | bytes], kept: int) -> dict[str, str | bytes]:
    """Some fields keep what stands in them, so that a form gets past its first question."""
    return {
        name: value
        if value and (number % 4 == kept or (kept % 2 and name in OF_THE_PAGE))
        else texts[number % len(texts)]
        for number, (name, value) in enumerate(target.fields.items())
    }


def test_no_form_is_upset_by_any_text(
    world: matrix.World, everybody: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "PACES", ())  # the whole trial is faster than anybody may be
    knocking = Knocking(signed_in(everybody))
    found = targets(world, knocking.browsers)

    @settings(
        max_examples=TIMES, deadline=None, database=None, derandomize=TIMES <= 10, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategies.data())
    def knock(data: strategies.DataObject) -> None:
        for target in found:
            texts, kept = data.draw(SEVERAL), data.draw(strategies.integers(0, 3))
            knocking.post(target, mixed(target, texts, kept))

    knock()
    assert len(found) > 150 and knocking.tried >= len(found) * TIMES // 2
    got_in = sum(knocking.statuses[each] for each in (200, 302, 409, 422))
    assert got_in > knocking.tried // 4, knocking.statuses
    before = knocking.tried
    megabytes([each for each in found if each.fields], knocking)
    assert knocking.tried - before >= 5
    assert not knocking.wrong, "\n".join(knocking.wrong[:20])


def megabytes(found: Sequence[Target], knocking: Knocking) -> None:
    """In one field after the other, as large as a server takes at all: of every address in the whole trial, else of some."""
    for number, target in enumerate(found if TIMES > 1 else found[::40]):
        typed = [name for name in target.fields if name not in OF_THE_PAGE]
        for turn, name in enumerate(typed if TIMES > 1 else typed[:1]):
            chosen: dict[str, str | bytes] = {**target.fields, name: HUGE[(number + turn) % len(HUGE)]}
            knocking.post(target, chosen, may_take=8.0)
