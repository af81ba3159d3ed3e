"""A migrated database to copy: migrations run once for all processes of all passes, and not once in each.

A server of our own begins as a copy of one that has such a database already.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from offboarding.env import fresh_keys
from tests import servers

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("django", "django-allauth")  # whose migrations run too


def digest() -> str:
    """Of everything that says what the tables are."""
    seen = sha256(" ".join(version(name) for name in LIBRARIES).encode())
    said = (
        path for name in ("migrations/*.py", "guards.py") for path in (ROOT / "offboarding").glob(f"*/{name}")
    )
    for path in sorted(said):
        seen.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    seen.update((ROOT / "offboarding" / "settings.py").read_bytes())
    return seen.hexdigest()[:16]


@contextmanager
def first(name: str) -> Iterator[Path]:
    """Whoever comes first makes it; others wait for it meanwhile."""
    place = Path(tempfile.gettempdir()) / f"offboard-migrated-{os.getuid()}-{name}"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place


def sqlite() -> Path:
    """The file."""
    with first(digest()) as place:
        made = place.with_suffix(".sqlite3")
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=made.parent) as folder:
                path = Path(folder) / "new.sqlite3"
                migrate(f"sqlite:///{path}", path.parent)
                path.rename(made)
    return made


def migrate(url: str, data: Path) -> None:
    """As an installation does. The log of SQLite is gone when the process has ended, so all is in one file."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OFFBOARD_")}
    given = {"OFFBOARD_DATABASE_URL": url, "OFFBOARD_DATA": str(data)}
    environ |= {**fresh_keys(), **given, "DJANGO_SETTINGS_MODULE": "offboarding.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environ, check=True)


def copied_to(path: Path) -> None:
    shutil.copyfile(sqlite(), path)


def copied_as(name: str, server: str) -> None:
    """The same on PostgreSQL. The database that is copied stays on the server, for who comes next."""
    with first(f"{digest()}-{urlsplit(server).port or 5432}"):
        create(server, name, template(server))


def template(server: str) -> str:
    """The name of the database there that is copied; made if it is missing."""
    called = f"offboard_migrated_{digest()}"
    if not exists(server, called):
        making = f"{called}_making"  # it has its name only when it is whole
        create(server, making)
        with tempfile.TemporaryDirectory() as folder:
            migrate(urlsplit(server)._replace(path=f"/{making}").geturl(), Path(folder))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{making}" RENAME TO "{called}"')
    return called


def cluster(programs: Path) -> Path:
    """The data folder of a PostgreSQL at rest that has the database to copy. Servers begin as copies of it."""
    said = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True)
    with first(f"{digest()}-{sha256(said.stdout.encode()).hexdigest()[:8]}") as place:
        made = place.with_suffix(".postgres")
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=made.parent, prefix="offboard-pg-") as folder:
                server = servers.Cluster.new(programs, Path(folder))
                server.come_back()
                template(server.url)
                server.stop(signal.SIGINT)
                server.data.rename(made)
        os.utime(made)
    forget(made)
    return made


def forget(kept: Path, days: int = 1) -> None:
    """Data folders of earlier migrations, which nobody began with lately: each takes some 60 MB."""
    for other in kept.parent.glob(f"offboard-migrated-{os.getuid()}-*.postgres"):
        if other != kept and other.stat().st_mtime < time.time() - days * 86_400:
            shutil.rmtree(other, ignore_errors=True)


def exists(server: str, name: str) -> bool:
    with psycopg.connect(server) as connection:
        return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone())


def create(server: str, name: str, template: str = "") -> None:
    drop(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        as_it_is = f'TEMPLATE "{template}" STRATEGY WAL_LOG' if template else ""
        connection.execute(f'CREATE DATABASE "{name}" {as_it_is}')


def drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
