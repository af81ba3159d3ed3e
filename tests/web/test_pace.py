"""A program that asks for costly pages without end is stopped; no person is, and no emergency."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from offboarding.api.http import MOST_CALLS
from offboarding.users import throttle
from offboarding.web import pace
from tests.api.test_keys import asks, made  # noqa: F401  (a fixture)
from tests.house.source import ROOT
from tests.web.test_access_matrix import names, patterns

MOST = {each.name: each.most for each in pace.PACES}
NOW = time.time()
# Names of addresses that end in a file, and are small or for nobody in particular.
SMALL = {"many_template"}


@pytest.fixture(autouse=True)
def within_one_minute() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pages with a limit of three."""
    few = tuple(pace.Pace(each.name, 3, each.pages, each.acts) for each in pace.PACES)
    monkeypatch.setattr(pace, "PACES", few)
    monkeypatch.setattr(throttle, "FREE", 1)


def statuses(browser: Browser, path: str, times: int) -> list[int]:
    return [browser.get(path).status_code for _ in range(times)]


def test_no_hand_reaches_a_limit(client: Browser, alice: Any) -> None:
    """Four searches in every second of a minute, which nobody types."""
    client.force_login(alice)
    for _ in range(MOST["searches"] - 1):
        assert not throttle.too_many("searches", str(alice.pk), MOST["searches"], pace.WINDOW)
    assert client.get("/search/?q=dan").status_code == 200
    answer = client.get("/search/?q=dan")
    assert answer.status_code == 429 and "Too fast" in answer.content.decode()


def test_it_goes_on_in_the_next_minute_as_the_answer_says(few: None, client: Browser, alice: Any) -> None:
    client.force_login(alice)
    assert statuses(client, "/search/?q=dan", 4) == [200, 200, 200, 429]
    wait = int(client.get("/search/")["Retry-After"])
    assert 0 < wait <= 60
    with time_machine.travel(time.time() + wait, tick=False):
        assert client.get("/search/?q=dan").status_code == 200


def test_each_person_is_counted_alone_and_on_all_their_browsers(few: None, alice: Any, bob: Any) -> None:
    one, two, other = Browser(), Browser(), Browser()
    one.force_login(alice)
    two.force_login(alice)
    other.force_login(bob)
    assert statuses(one, "/search/", 2) + statuses(two, "/search/", 2) == [200, 200, 200, 429]
    assert other.get("/search/").status_code == 200


def test_what_hands_do_asks_the_database_nothing(
    client: Browser, alice: Any, django_assert_num_queries: Any
) -> None:
    for _ in range(throttle.FREE):
        with django_assert_num_queries(0):
            assert not throttle.too_many("searches", str(alice.pk), 240, pace.WINDOW)


def test_processes_share_their_count_and_each_lets_a_few_more_pass(alice: Any) -> None:
    """As if eight processes took turns: each has its own memory, and one database."""
    memories: list[dict[str, int]] = [{} for _ in range(8)]
    passed = 0
    for turn in range(1_000):
        throttle.own.clear()
        throttle.own.update(memories[turn % 8])
        passed += not throttle.too_many("searches", str(alice.pk), 240, pace.WINDOW)
        memories[turn % 8] = dict(throttle.own)
    assert passed == 240 + 7 * throttle.FREE


def test_many_strangers_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_KEPT", 10)
    for number in range(100):
        assert not throttle.too_many("files", f"at 198.51.100.{number}", 120, pace.WINDOW)
    assert len(throttle.own) <= 10


def test_other_pages_are_not_touched(few: None, client: Browser, alice: Any) -> None:
    client.force_login(alice)
    statuses(client, "/search/", 9)
    assert set(statuses(client, "/requests/", 9) + statuses(client, "/", 9)) == {200}


def test_the_files_of_a_reader_are_counted_together(few: None, client: Browser, erin: Any) -> None:
    client.force_login(erin)
    paths = (
        "/audit/export.csv",
        "/audit/export.jsonl",
        "/audit/checkpoint.jsonl",
        "/audit/signing-keys.jsonl",
    )
    found = [client.get(path).status_code for path in paths]
    assert 429 not in found[:3] and found[3] == 429


def test_only_what_is_sent_counts_as_an_act(few: None, client: Browser, alice: Any) -> None:
    client.force_login(alice)
    assert set(statuses(client, "/requests/new/", 9)) == {200}
    found = [client.post("/requests/new/", {"addresses": ""}).status_code for _ in range(4)]
    assert found[3] == 429 and 429 not in found[:3]


def test_it_stands_in_the_database_and_no_redis_is_asked(
    few: None, client: Browser, alice: Any, settings: Any
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody answers there
    client.force_login(alice)
    assert "DatabaseCache" in settings.CACHES["default"]["BACKEND"]
    assert statuses(client, "/search/", 4)[-1] == 429


def test_an_emergency_is_never_counted(few: None, client: Browser, sam: Any) -> None:
    paced = {name for each in pace.PACES for name in each.pages}
    assert not [name for name in paced if "emergency" in name]
    assert not paced & {"approve", "approve_confirm", "step_sign_off", "removal", "work", "draft_check"}
    client.force_login(sam)
    statuses(client, "/search/", 9)
    assert set(statuses(client, "/emergency/", 6)) == {200}
    sent = [client.post("/emergency/", {"addresses": "dan@northwind.example"}).status_code for _ in range(6)]
    assert 429 not in sent


def test_whoever_has_a_link_is_counted_by_where_they_come_from(few: None, client: Browser, db: None) -> None:
    path = reverse("shared_packet", args=["x" * 43])
    assert statuses(client, path, 4) == [404, 404, 404, 429]
    assert Browser(REMOTE_ADDR="198.51.100.7").get(path).status_code == 404


def test_a_program_is_counted_over_all_keys_of_its_user(
    made: Any,  # noqa: F811
    bob: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("offboarding.api.http.MOST_CALLS", 3)
    monkeypatch.setattr(throttle, "FREE", 1)
    one, two = made(bob), made(bob)
    found = [asks(key) for key in (one, two, one, two)]
    assert [each.status_code for each in found] == [200, 200, 200, 429]
    assert found[3].json()["code"] == "too-many-calls" and 0 < int(found[3]["Retry-After"]) <= 60


def test_every_page_that_is_paced_exists_and_every_file_is_paced() -> None:
    paced = {name for each in pace.PACES for name in each.pages}
    assert paced <= set(names())
    files = {str(each.name) for each in patterns() if re.search(r"\.[a-z]{2,5}$", str(each.pattern))}
    assert files and files - SMALL <= paced, files - paced


def test_the_numbers_are_written_down() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").split("## How often\n")[1]
    told = {name: int(most) for name, most in re.findall(r"^\| (\w+) \| (\d+) \|", page, re.MULTILINE)}
    assert told == {**MOST, "API": MOST_CALLS} and pace.WINDOW == 60
    assert f"\n{throttle.FREE} of a minute pass" in page
