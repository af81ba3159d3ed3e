"""A nudge is a kindness: nothing depends on it, and a broker that is away costs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import redis

from offboarding import pulse
from offboarding.celery import app
from offboarding.env import fresh_keys
from tests import servers

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[tuple[str, int]]:
    """What reached the broker."""
    made: list[tuple[str, int]] = []
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(pulse, "post", pulse.Post())
    monkeypatch.setattr(app, "send_task", lambda _name, given, **_options: made.append(tuple(given)))
    return made


def delivered() -> None:
    """The thread that carries nudges has nothing left to do."""
    pulse.post.letters.join()


def test_a_nudge_carries_kind_and_row_and_wakes_the_engine_here(sent: list[tuple[str, int]]) -> None:
    pulse.woken.clear()
    pulse.send("execution.Run", 7)
    assert pulse.woken.is_set()
    delivered()
    assert sent == [("execution.Run", 7)]


def test_nudges_go_out_in_order(sent: list[tuple[str, int]]) -> None:
    for pk in range(50):
        pulse.send("execution.Run", pk)
    delivered()
    assert [pk for _, pk in sent] == list(range(50))


def test_without_redis_only_the_engine_here_is_woken(sent: list[tuple[str, int]], settings: Any) -> None:
    settings.REDIS_URL = ""
    pulse.woken.clear()
    pulse.send("execution.Run", 7)
    delivered()
    assert sent == [] and pulse.woken.is_set()
    assert pulse.post.carrier is None, "no thread where nothing is to be carried"


def test_a_broker_that_is_away_is_swallowed_and_not_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def away(*_args: Any, **_options: Any) -> None:
        asked.append(1)
        raise OSError

    monkeypatch.setattr(app, "send_task", away)
    for pk in range(20):
        pulse.send("execution.Run", pk)
    delivered()
    pulse.send("execution.Run", 21)
    delivered()
    assert len(asked) == 1


def test_after_the_pause_the_broker_is_asked_again(
    sent: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(app, "send_task", lambda *_args, **_options: 1 / 0)
        pulse.send("execution.Run", 1)
        delivered()
    pulse.post.quiet_until = 0.0  # the pause is over
    pulse.send("execution.Run", 2)
    delivered()
    assert sent == [("execution.Run", 2)]


class Silent:
    """A broker that takes a message and answers only when it is let."""

    def __init__(self) -> None:
        self.asked, self.let = threading.Event(), threading.Event()

    def __call__(self, *_args: Any, **_options: Any) -> None:
        self.asked.set()
        assert self.let.wait(20)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Silent()
    monkeypatch.setattr(app, "send_task", made)
    yield made
    made.let.set()
    delivered()


def test_a_silent_broker_holds_nobody_up(silent: Silent) -> None:
    pulse.send("execution.Run", 1)
    assert silent.asked.wait(5)
    pulse.send("execution.Run", 2)
    assert not silent.let.is_set(), "both calls came back while the broker was still silent"


def test_what_a_silent_broker_lets_pile_up_is_bounded(silent: Silent) -> None:
    pulse.send("execution.Run", 0)
    assert silent.asked.wait(5)
    for pk in range(pulse.KEPT + 50):
        pulse.send("execution.Run", pk)
    assert pulse.post.letters.qsize() == pulse.KEPT


@pytest.mark.django_db(transaction=True)
def test_a_nudge_goes_out_after_the_commit_and_not_after_a_rollback(
    sent: list[tuple[str, int]], alice: Any
) -> None:
    from django.db import transaction

    with transaction.atomic():
        pulse.nudge(alice)
        delivered()
        assert sent == []
    delivered()
    assert sent == [("users.User", alice.pk)]
    with transaction.atomic():
        pulse.nudge(alice)
        transaction.set_rollback(True)
    delivered()
    assert len(sent) == 1


def test_a_worker_never_gives_up_on_its_broker() -> None:
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.broker_connection_retry


FORKS = """
import os, django
django.setup()
from offboarding import pulse
pulse.send("execution.Run", 1)
pulse.post.letters.join()
pulse.post.lock.acquire()  # as a thread of the parent may hold it at that moment
child = os.fork()
if not child:
    pulse.send("execution.Run", 2)
    pulse.post.letters.join()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
pulse.post.lock.release()
pulse.send("execution.Run", 3)
pulse.post.letters.join()
"""


def test_a_process_and_its_copy_both_reach_a_real_broker(tmp_path: Path) -> None:
    with servers.own_redis() as broker:
        environ = {**os.environ, **fresh_keys(), "OFFBOARD_DATA": str(tmp_path)}
        environ |= {"OFFBOARD_REDIS_URL": broker.url, "DJANGO_SETTINGS_MODULE": "offboarding.settings"}
        subprocess.run([sys.executable, "-c", FORKS], cwd=ROOT, env=environ, check=True, timeout=60)
        assert redis.Redis.from_url(broker.url).llen("celery") == 3
