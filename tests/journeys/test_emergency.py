"""An emergency through the front door, without script and with every approver away: released, emptied, read again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import pytest

from offboarding.demo.cast import LEAVER_ADDRESS, LEAVER_OTHER_ADDRESS, PASSWORD
from tests.journeys.reader import Reader
from tests.journeys.stack import Installation, installation, until

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def own() -> Iterator[Installation]:
    """One of its own: it takes Dan out of every workspace, which others still need him in. No Redis: the engine looks."""
    with installation(production=False) as made:
        yield made


@pytest.fixture(scope="module")
def control(own: Installation) -> Iterator[httpx.Client]:
    named = own.described["control"]
    with httpx.Client(base_url=named["url"], headers={"Authorization": f"Bearer {named['token']}"}) as client:
        yield client


@pytest.fixture
def signed_in(own: Installation) -> Iterator[Callable[[str], Reader]]:
    with ExitStack() as stack:

        def person(key: str) -> Reader:
            reader = Reader(own.base)
            stack.callback(reader.client.close)
            reader.get("/signin/").press("Sign in", login=f"{key}@northwind.example", password=PASSWORD)
            if reader.path == "/signin/zone/":  # the first sign-in asks for the zone
                reader.press("Go on", time_zone="UTC")
            assert reader.path == "/", reader.text
            return reader

        yield person


def where_dan_is(control: httpx.Client) -> set[str]:
    """As the simulator itself knows it, under both of his addresses."""
    found = set()
    for workspace in control.get("workspaces").json():
        for address in (LEAVER_ADDRESS, LEAVER_OTHER_ADDRESS):
            person = control.get(f"workspaces/{workspace['slug']}/people/{address}").json()
            if person["member"] or person["invited"]:
                found.add(workspace["slug"])
    return found


# Segment refuses our token for one, and keeps its last Owner in another; Hooli is not Sam's.
STAYS = {"globex-staging", "initech-production", "hooli-production", "hooli-staging"}


def test_one_person_empties_every_workspace_while_nobody_who_approves_is_there(
    signed_in: Callable[[str], Reader], control: httpx.Client
) -> None:
    before = where_dan_is(control)
    assert len(before) > 10 and before > STAYS
    sam = signed_in("sam")
    sam.get("/emergency/").press("Remove access now", email="dan(at)northwind", typed=LEAVER_ADDRESS)
    assert sam.answer.status_code == 422 and where_dan_is(control) == before
    now = datetime.now(UTC)
    sam.press(
        "Remove access now",
        email=LEAVER_ADDRESS,
        typed=LEAVER_ADDRESS,
        incident="INC-774",
        reason="credentials-compromised",
        known_day=now.date().isoformat(),
        known_clock="00:00",
        time_zone="UTC",
    )
    assert sam.path == "/emergency/R-1001/", sam.text
    until(
        180,
        lambda: "13 of 15 workspaces read again and found empty; 2 could not be" in sam.get(sam.path).text,
        lambda: sam.text[:2000],
    )
    assert where_dan_is(control) == STAYS
    assert "is the only Owner of Initech Production" in sam.text
    assert "Segment refused our token for Globex Staging" in sam.text
    assert "INC-774, R-1001, R-1002, R-1003" in sam.text, "one request for each client"


def test_keys_wait_until_the_second_press(signed_in: Callable[[str], Reader]) -> None:
    sam = signed_in("sam")
    page = "/emergency/R-1001/"
    until(120, lambda: "still read" not in sam.get(page).text, lambda: sam.text[:2000])
    assert re.search(
        r"0 of \d+ changed; 1 workspace could not be read; \d+ wait for your second press", sam.text
    )
    sam.get(f"{page}keys/").press("Change")
    assert sam.path == page and "wait for your second press" not in sam.text


def test_it_is_reviewed_by_somebody_else(signed_in: Callable[[str], Reader]) -> None:
    sam, bob = signed_in("sam"), signed_in("bob")
    review = "/emergency/R-1001/review/"
    assert sam.get(review).answer.status_code == 403
    bob.get(review).press("Record the review", verdict="confirm", note="Called the lead; it was real.")
    assert bob.path == "/emergency/R-1001/" and re.search(r"1 of \d reviewed", bob.text)
    assert "Confirmed afterwards by Bob" in bob.get("/requests/R-1001/").text


def test_carol_sees_nothing_of_it(signed_in: Callable[[str], Reader]) -> None:
    carol = signed_in("carol")
    for path in ("/emergency/R-1001/", "/emergency/R-1001/review/", "/requests/R-1001/"):
        assert carol.get(path).answer.status_code == 404, path
    assert carol.get("/emergency/").answer.status_code == 403
