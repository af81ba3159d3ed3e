"""One process that serves pages and does the slow work: a gunicorn worker with threads, and an engine inside it.

gunicorn's master watches over the worker: one that dies is replaced, and its unfinished rows come back when their
leases end. A worker whose master is gone ends by itself.
"""

from __future__ import annotations

import http.client
import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db import connections
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from offboarding.work.engine import Engine
from offboarding.work.starting import settle

GIVE_UP = 60.0  # seconds until a server that does not answer is no longer waited for


@dataclass(frozen=True, slots=True)
class Serving:
    """`bind`: addresses to listen on. `engine_threads` 0 leaves the slow work to others. `log`: a file, or "-".

    `grace`: seconds that requests and slow work may take to end. `ready` is called once, in the worker, when
    `/healthz` has answered.
    """

    bind: tuple[str, ...]
    threads: int = 24
    engine_threads: int = 16
    engine_processes: int = 1
    log: str = "-"
    grace: int = 30
    ready: Callable[[], None] | None = None


def serve(serving: Serving) -> int:
    """Serves until SIGINT, SIGTERM or SIGHUP, and returns the exit status. Signal handlers are gunicorn's afterwards."""
    master = os.getpid()
    connections.close_all()  # a connection must not be shared with the worker
    settle()
    try:
        Master(Site(serving)).run()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
        if os.getpid() != master:
            leave(status)
        return status
    return 0


def leave(status: int) -> None:
    """Ends a worker here: the way out through the master's code is not its own, and nobody waits for slow calls.

    Slow work that is cut off stands in the database as under way, and is looked at again.
    """
    logging.shutdown()
    os._exit(status)


class Master(Arbiter):  # type: ignore[misc]
    """Ctrl-C and a closed terminal end the server as kindly as SIGTERM does."""

    def handle_int(self) -> None:
        raise StopIteration

    handle_hup = handle_int


@dataclass
class Site(BaseApplication):  # type: ignore[misc]
    serving: Serving
    engine: Engine | None = field(init=False, default=None)
    running: threading.Thread | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        super().__init__()

    def load_config(self) -> None:
        chosen = {
            "bind": list(self.serving.bind),
            "worker_class": "gthread",
            "threads": self.serving.threads,
            "timeout": 120,
            "graceful_timeout": self.serving.grace,
            "errorlog": self.serving.log,
            "control_socket_disable": True,
            "post_worker_init": self.begin,
            "worker_exit": self.end,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return get_wsgi_application()

    def begin(self, worker: Any) -> None:
        """In the worker, before its first request."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the master too, and the master decides
        if self.serving.engine_threads:
            self.engine = Engine(self.serving.engine_threads, self.serving.engine_processes)
            self.running = threading.Thread(target=self.engine.run, name="engine", daemon=True)
            self.running.start()
        if self.serving.ready and worker.age == 1:
            threading.Thread(target=self.announce, name="announce", daemon=True).start()

    def end(self, _server: Any, _worker: Any) -> None:
        """In the worker, after its last request."""
        if self.engine and self.running:
            self.engine.stop()
            self.running.join(self.serving.grace / 2)

    def announce(self) -> None:
        host, _, port = self.serving.bind[0].rpartition(":")
        if self.serving.ready and answers(host.strip("[]"), int(port), GIVE_UP):
            self.serving.ready()


def answers(host: str, port: int, seconds: float) -> bool:
    """True as soon as `/healthz` says so; False after so many seconds."""
    until, pause = monotonic() + seconds, threading.Event()
    while monotonic() < until:
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return True
        except OSError:
            pause.wait(0.1)
        finally:
            connection.close()
    return False
