"""The agenda: what comes when, whose it is, and that filters survive a reload."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from offboarding.directory.models import Engagement
from offboarding.execution.models import Run
from offboarding.packets.models import Packet, Share
from offboarding.users.rules import Role
from offboarding.work.rules import State

Make = Callable[..., Any]
URL = "/follow-ups/"
DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


def read(client: Browser, user: Any, query: str = "") -> str:
    client.force_login(user)
    text = client.get(URL + query).content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def part(page: str, title: str) -> str:
    """What stands under this title."""
    found = re.search(rf"{title} \(\d+\)(.*?)(?:Late, or|Today \(|Next 7|Later \(|Your sign-in ends)", page)
    return found[1] if found else ""


def look_at(removal: Any, when: datetime, **fields: Any) -> Run:
    """The look after 30 days, at this time."""
    run = Run.objects.get(item__plan__removal=removal, item__code="look-after-30-days")
    Run.objects.filter(pk=run.pk).update(not_before=when, **fields)
    return run


@pytest.fixture
def share(alice: Any) -> Make:
    def make(removal: Any, until: datetime, by: Any = None) -> Share:
        packet = Packet.objects.create(
            removal=removal, state="done", sha256="5" * 64, sealed_at=now(), not_before=None
        )
        return Share.objects.create(
            packet=packet, address="x@firm.example", token_sha256="1" * 64, made_by=by or alice, until=until
        )

    return make


def test_days_stand_by_how_soon_they_come(client: Browser, running: Make, olga: Any, today: date) -> None:
    late, soon, later = (running(f"Acme {name}") for name in ("One", "Two", "Three"))
    Run.objects.exclude(item__at="30 days").update(state=State.DONE, ended="changed")
    look_at(late, now() - DAY)
    look_at(soon, now() + 3 * DAY)
    look_at(later, now() + 20 * DAY)
    page = read(client, olga)
    assert "Read Acme One again after 30 days" in part(page, "Late, or waiting for somebody")
    assert "Read Acme Two again after 30 days" in part(page, "Next 7 days")
    assert "Read Acme Three again after 30 days" in part(page, "Later")


def test_what_stopped_needs_somebody_whatever_its_day(client: Browser, running: Make, olga: Any) -> None:
    removal = running("Acme One")
    look_at(removal, now() + 20 * DAY, state=State.NEEDS_PERSON)
    assert "Read Acme One again after 30 days" in part(read(client, olga), "Late, or waiting for somebody")


def test_one_day_of_many_workspaces_is_one_line(client: Browser, running: Make, olga: Any) -> None:
    removal = running("Acme One", "Acme Two", "Acme Three")
    looks = Run.objects.filter(item__code="look-after-30-days")
    looks.update(not_before=now() + 20 * DAY)
    page = read(client, olga)
    assert page.count("again after 30 days") == 1 and "and 2 more like it" in page
    assert f"/requests/{removal.reference}/checklist/?show=waiting" in client.get(URL).content.decode()


def test_a_day_that_is_not_counted_yet_is_said_to_be_so(client: Browser, running: Make, olga: Any) -> None:
    running("Acme One")
    assert "the day is not final yet" in read(client, olga)


def test_links_are_for_who_may_share(
    client: Browser, running: Make, share: Make, alice: Any, olga: Any
) -> None:
    share(running("Acme One"), now() + 2 * DAY)
    assert "Link to the packet for x@firm.example ends" in part(read(client, alice), "Next 7 days")
    assert "x@firm.example" not in read(client, olga)


def test_engagements_are_for_who_looks_after_them(
    client: Browser, clients: dict[str, Any], alice: Any, olga: Any, today: date
) -> None:
    for name, days in (("Over", -3), ("Near", 3), ("Far", 200)):
        Engagement.objects.create(
            client=clients["Acme"], name=name, lead=alice, ends_on=today + timedelta(days=days)
        )
    page = read(client, alice)
    assert "Acme, Over" in part(page, "Late, or waiting for somebody")
    assert "Acme, Near" in part(page, "Next 7 days") and "Acme, Far" not in page
    assert "Acme, Near" not in read(client, olga)


def test_another_clients_people_see_nothing_of_it(
    client: Browser,
    running: Make,
    share: Make,
    clients: dict[str, Any],
    person: Make,
    alice: Any,
    today: date,
) -> None:
    share(running("Acme One"), now() + 2 * DAY)
    Engagement.objects.create(client=clients["Acme"], name="Near", lead=alice, ends_on=today)
    page = read(client, person("henry", *Role, clients_=("Hooli",)))
    assert "Acme" not in page and "Nothing is to follow." in page


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("?what=steps", {"look"}),
        ("?what=links", {"link"}),
        ("?what=engagements", {"engagement"}),
        ("?what=ends", set()),
        ("?client=acme", {"look", "link", "engagement"}),
        ("?client=globex", set()),
        ("?who=me", {"look", "link", "engagement"}),
        ("?what=nonsense&client=&who=x", {"look", "link", "engagement"}),
    ],
)
def test_filters_keep_what_fits_and_survive_a_reload(
    client: Browser,
    running: Make,
    share: Make,
    clients: dict[str, Any],
    alice: Any,
    today: date,
    query: str,
    kept: set[str],
) -> None:
    share(running("Acme One"), now() + 2 * DAY)
    Engagement.objects.create(client=clients["Acme"], name="Near", lead=alice, ends_on=today)
    page = read(client, alice, query)
    there = {"look": "again after 30 days", "link": "Link to the packet", "engagement": "Acme, Near"}
    assert {name for name, words in there.items() if words in page} == kept
    for given in re.findall(r"=(acme|globex|me|links|steps|ends|engagements)\b", query):
        assert re.search(rf'value="{given}"[^>]*selected', client.get(URL + query).content.decode())


def test_who_has_nothing_to_do_with_it_has_none_of_it_under_mine(
    client: Browser, running: Make, sam: Any
) -> None:
    running("Acme One")
    assert "No day to come fits these filters." in read(client, sam, "?who=me")
    assert "again after 30 days" in read(client, sam)


def test_the_queries_do_not_grow(client: Browser, running: Make, share: Make, alice: Any) -> None:
    share(running("Acme One"), now() + 2 * DAY)
    client.force_login(alice)
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    running("Acme Two", "Acme Three")
    running("Acme Four")
    with CaptureQueriesContext(connection) as many:
        client.get(URL)
    assert len(few) == len(many) <= 12


def test_a_part_is_asked_for_by_the_filters(client: Browser, alice: Any) -> None:
    client.force_login(alice)
    answer = client.get(URL, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content and b'id="agenda"' in answer.content
