"""Redis as the compose file starts it: whoever has no password reads and writes nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests import servers
from tests.house.test_containers import GIVEN, compose

WORD = GIVEN["REDIS_PASSWORD"]


@pytest.fixture(scope="module")
def service() -> Any:
    return compose(GIVEN)["services"]["redis"]


@pytest.fixture(scope="module")
def started(service: Any) -> Iterator[tuple[int, int]]:
    """Its own command on a free port: (port, process)."""
    program, _says = servers.redis_program()
    port = servers.free_port()
    shell, option, script = service["command"]
    script = script.replace("$$", "$").replace(
        "redis-server -", f"{program} - --port {port} --bind 127.0.0.1"
    )
    process = subprocess.Popen(
        [shell, option, script],
        env={"PATH": os.environ["PATH"], **service["environment"]},
        stdout=subprocess.DEVNULL,
    )
    try:
        servers.wait_for(lambda: servers.redis_answers(f"redis://:{WORD}@127.0.0.1:{port}/0"))
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("said", ["", ":guess@", f"default:{WORD}x@"])
def test_without_the_password_redis_answers_nothing(started: tuple[int, int], said: str) -> None:
    stranger = redis.Redis.from_url(f"redis://{said}127.0.0.1:{started[0]}/0")
    for act in (stranger.ping, lambda: stranger.lpush("celery", "x"), stranger.flushall):
        with pytest.raises(redis.AuthenticationError):
            act()
    stranger.close()


def test_what_the_application_gets_opens_it(started: tuple[int, int]) -> None:
    url = compose(GIVEN)["services"]["web"]["environment"]["OFFBOARD_REDIS_URL"]
    ours = redis.Redis.from_url(url.replace("@redis:6379", f"@127.0.0.1:{started[0]}"))
    assert ours.ping()
    ours.close()


def test_no_process_shows_the_password(started: tuple[int, int]) -> None:
    with open(f"/proc/{started[1]}/cmdline", "rb") as file:
        words = file.read()
    assert b"redis-server" in words and WORD.encode() not in words


def test_it_is_asked_with_the_password_whether_it_is_well(service: Any) -> None:
    assert service["environment"]["REDISCLI_AUTH"] == WORD and "PONG" in service["healthcheck"]["test"][1]
