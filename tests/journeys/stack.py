"""A whole installation in processes of its own: simulators, web, engine, and in production's form Celery workers."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import redis
from psycopg import sql

from offboarding.env import fresh_keys
from tests import servers
from tests.migrated import copied_as, copied_to, drop

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Installation:
    """A running product. `log(name)` is what one of its processes wrote."""

    base: str
    described: dict[str, Any]
    environ: dict[str, str]
    folder: Path
    processes: dict[str, subprocess.Popen[bytes]]

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def manage(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environ,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self, name: str, *words: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                words,
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


# `seconds` are those of a machine that does nothing else; nothing is measured here.
PATIENCE = 3


def until(seconds: float, settled: Callable[[], bool], says: Callable[[], object] = lambda: "") -> None:
    """Asks at most a quarter of the time: who reads pages all the while keeps from working what is waited for."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        asked = time.monotonic()
        if settled():
            return
        assert time.monotonic() < end, f"it did not come to that in time: {says()}"
        time.sleep(max(0.3, 3 * (time.monotonic() - asked)))


FILL = """
import json
from datetime import UTC, datetime
from django.core.management import call_command
from offboarding.demo.actions import fill
call_command("collectstatic", interactive=False, verbosity=0)
fill(json.load(open({path!r})), datetime.now(UTC).date())
"""


@contextmanager
def installation(production: bool) -> Iterator[Installation]:
    """Everything up and answering, on free ports, with the demo's people and workspaces, on data of its own.

    Its tables are a copy of what `manage.py migrate` made; that one command makes all from nothing, the demo's tests say.
    """
    with ExitStack() as stack:
        place = tempfile.TemporaryDirectory(prefix="offboard-journey-", dir=os.environ.get("TEST_FOLDER"))
        folder = Path(stack.enter_context(place))
        port = servers.free_port()
        environ = environment(folder, port)
        if production:
            environ["OFFBOARD_DATABASE_URL"] = stack.enter_context(for_the_web(environ))
            environ["OFFBOARD_REDIS_URL"] = own_redis()
        else:
            (folder / "data").mkdir()
            copied_to(folder / "data" / "offboard.sqlite3")
        made = Installation(f"http://localhost:{port}", {}, environ, folder, {})
        stack.callback(made.stop)
        begin(made, port, production)
        yield made


def environment(folder: Path, port: int) -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("OFFBOARD_", "DJANGO_"))
    }
    return {
        **inherited,
        **fresh_keys(),
        "OFFBOARD_DATA": str(folder / "data"),
        "OFFBOARD_BASE_URL": f"http://localhost:{port}",
        "OFFBOARD_SIMULATORS": "1",
        "OFFBOARD_SECOND_FACTOR": "offered",
        "OFFBOARD_OWNER_APPROVERS": "1",
        "OFFBOARD_MANY_PLACES_APPROVERS": "1",
        "OFFBOARD_VOLUME_WATCH_MINUTES": "0",
        "OFFBOARD_KEY_GRACE_DAYS": "0",
        "OFFBOARD_MAIL": f"folder:{folder / 'mail'}",
        "PYTHONUNBUFFERED": "1",
    }


def begin(made: Installation, port: int, production: bool) -> None:
    python, described = sys.executable, made.folder / "segment.json"
    made.start(
        "segment",
        python,
        "-m",
        "offboarding.simulators",
        "--port",
        "0",
        "--strict",
        "--describe",
        str(described),
    )
    servers.wait_for(described.exists, 60)
    made.described = json.loads(described.read_text())
    made.manage("shell", "-v0", "-c", FILL.format(path=str(described)))
    bind = f"127.0.0.1:{port}"
    made.start(
        "web",
        python,
        "-m",
        "gunicorn",
        "offboarding.wsgi",
        "-b",
        bind,
        "--threads",
        "8",
        "--worker-class",
        "gthread",
    )
    made.start("engine", python, "manage.py", "engine", "--threads", "2" if production else "16")
    for number in (1, 2) if production else ():
        name = f"worker{number}@{secrets.token_hex(4)}"
        made.start(
            f"worker{number}",
            python,
            "-m",
            "celery",
            "-A",
            "offboarding.celery",
            "worker",
            "-c",
            "4",
            "-n",
            name,
        )
    try:
        servers.wait_for(lambda: answers(f"http://localhost:{port}/readyz"), 120, pause=0.3)
    except servers.NoServer as error:
        told = "\n".join(f"--- {name}\n{made.log(name)[-3000:]}" for name in made.processes)
        raise servers.NoServer(f"the installation is not ready\n{told}") from error


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def own_database() -> Iterator[str]:
    """A migrated database of its own on the server that `TEST_POSTGRES` names."""
    server, name = os.environ["TEST_POSTGRES"], f"offboard_{secrets.token_hex(6)}"
    copied_as(name, server)
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        drop(server, name)


@contextmanager
def for_the_web(environ: Mapping[str, str]) -> Iterator[str]:
    """A database of its own, by the address of a role that owns nothing there."""
    name, password = f"web_{secrets.token_hex(6)}", secrets.token_hex(16)
    with own_database() as url:
        words = [sys.executable, "manage.py", "limit_web_role", name, "--password-stdin"]
        given = {**environ, "OFFBOARD_DATABASE_URL": url}
        subprocess.run(words, cwd=ROOT, env=given, input=f"{password}\n".encode(), check=True)
        owner = urlsplit(url)
        yield owner._replace(netloc=f"{name}:{password}@{owner.netloc.rpartition('@')[2]}").geturl()
    with psycopg.connect(os.environ["TEST_POSTGRES"], autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def own_redis() -> str:
    url = os.environ["TEST_REDIS"]
    redis.Redis.from_url(url).flushdb()
    return url
