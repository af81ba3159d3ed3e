"""A Redis of the case's own, for everything that may happen to one."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests import servers


class Broker:
    """On one port; there or not."""

    def __init__(self) -> None:
        self.port, (self.program, _) = servers.free_port(), servers.redis_program()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> None:
        self.process = servers.start_redis(self.program, self.port)
        servers.wait_for(lambda: servers.redis_answers(self.url))

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """It takes connections and says nothing."""
        assert self.process
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process
        os.kill(self.process.pid, signal.SIGCONT)

    def forget(self) -> None:
        self.client.flushall()


@contextmanager
def broker() -> Iterator[Broker]:
    made = Broker()
    try:
        yield made
    finally:
        made.kill()
