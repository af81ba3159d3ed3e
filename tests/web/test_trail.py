"""The pages of a copied audit trail: how far it reaches, who did what, copying now, adding a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from offboarding.trail.models import AuditEvent, Copy, Harvest
from offboarding.work import clock
from tests.conftest import DAN

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db


@pytest.fixture
def place(workspace: Make) -> Any:
    return workspace("Acme Production")


@pytest.fixture
def event(place: Any) -> Make:
    def make(number: int = 1, **fields: Any) -> Any:
        told = {
            "type": "User Removed",
            "kind": "removed",
            "actor": "public-api-token/T1",
            "resource_name": DAN,
        }
        at = clock.now() - timedelta(minutes=number)
        return AuditEvent.objects.create(
            workspace=place, key=f"events/{number}", at=at, raw={}, **{**told, **fields}
        )

    return make


@pytest.fixture
def reads(client: Any, olga: Any, place: Any) -> Make:
    client.force_login(olga)
    return lambda path="events/": client.get(f"/setup/connections/{place.pk}/{path}")


def test_the_page_says_how_far_the_copy_reaches_and_who_did_what(
    reads: Make, event: Make, place: Any
) -> None:
    now = clock.now()
    event(1)
    event(
        2, actor="users/u9", email="eve@x.example", type="Source Modified", kind="", resource_name="Checkout"
    )
    gap = [(now - timedelta(days=120)).isoformat(), (now - timedelta(days=110)).isoformat()]
    Copy.objects.create(
        workspace=place, since=now - timedelta(days=200), until=now, gaps=[gap], ours=["public-api-token/T1"]
    )
    page = reads().content.decode()
    assert "Offboard, with our token" in page and "eve@x.example (a person)" in page
    assert "Segment had dropped these days" in page and "2 events" in page


BEGINS = r"after the copy ends begins to be lost [^.]*, in \d+ d"


@pytest.mark.parametrize(
    ("hours", "days", "says"),
    [
        (24, 1, "It is copied once a day by itself, so nothing is lost."),
        (6, 0, "It is copied every 6 hours by itself, so nothing is lost."),
        (24, 50, BEGINS),
        (0, 1, BEGINS),
    ],
    ids=["each day", "more often", "the last times did not come", "only when somebody asks"],
)
def test_nothing_is_lost_only_where_the_copy_keeps_up(
    reads: Make, place: Any, settings: Any, hours: int, days: int, says: str
) -> None:
    settings.TRAIL_HOURS, now = hours, clock.now()
    Copy.objects.create(workspace=place, since=now - timedelta(days=99), until=now - timedelta(days=days))
    page = reads().content.decode()
    assert re.search(says, page) and ("so nothing is lost" in page) is (says != BEGINS)


def test_where_it_is_copied_only_when_somebody_asks_the_pages_say_so(reads: Make, settings: Any) -> None:
    settings.TRAIL_HOURS = 0
    assert "It is copied only when somebody asks." in reads().content.decode()


def test_the_page_counts_down_to_the_day_when_uncopied_events_are_lost(reads: Make, place: Any) -> None:
    assert "What happened before" in reads().content.decode(), "nothing is copied"
    now = clock.now()
    copy = Copy.objects.create(
        workspace=place, since=now - timedelta(days=99), until=now - timedelta(days=50)
    )
    Copy.objects.filter(pk=copy.pk).update(lack="token", lacks_since=now)
    for path in ("events/", ""):
        page = reads(path).content.decode()
        assert re.search(BEGINS, page), path
    Copy.objects.filter(pk=copy.pk).update(until=now - timedelta(days=91))
    assert "has begun to be lost on" in reads().content.decode()


@pytest.mark.parametrize(
    ("lack", "says"),
    [("plan", "has no audit trail"), ("token", "too few rights"), ("refused", "refuses our token")],
)
def test_why_there_is_no_copy_is_said_with_the_way_out(reads: Make, place: Any, lack: str, says: str) -> None:
    Copy.objects.create(workspace=place, lack=lack, lacks_since=clock.now())
    page = reads().content.decode()
    assert (says in page and "A Workspace Owner" in page) or "export it as CSV" in page
    assert says in reads("").content.decode(), "the connection's own page says it too"


def test_copying_now_orders_one_reading(client: Any, reads: Make, place: Any) -> None:
    for _ in range(2):
        assert client.post(f"/setup/connections/{place.pk}/events/copy/").status_code == 302
    assert Harvest.objects.filter(workspace=place).count() == 1
    assert "Copying" in reads().content.decode()


def test_a_file_is_taken_and_a_wrong_one_is_said_beside_its_field(
    client: Any, reads: Make, place: Any, settings: Any, tmp_path: Any
) -> None:
    settings.EVIDENCE_ROOT = tmp_path
    assert reads("events/file/").status_code == 200

    def sends(text: str, name: str = "trail.csv") -> Any:
        file = SimpleUploadedFile(name, text.encode())
        return client.post(f"/setup/connections/{place.pk}/events/file/", {"file": file})

    answer = sends("time,type\nnever,User Removed\n")
    assert answer.status_code == 422 and "Line 2 has no time" in answer.content.decode()
    assert client.post(f"/setup/connections/{place.pk}/events/file/").status_code == 422
    assert not Harvest.objects.exists()
    assert sends("time,type\n2026-03-31T10:00:00Z,User Removed\n").status_code == 302
    assert Harvest.objects.get().file is not None


def test_it_takes_the_same_queries_however_many_events_there_are(reads: Make, event: Make) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            reads()
        return len(taken)

    event(1)
    reads()
    before = queries()
    for number in range(2, 30):
        event(number)
    assert queries() == before
