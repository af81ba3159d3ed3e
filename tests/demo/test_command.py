"""`manage.py demo`: one address, no other process left behind, data kept, and a sentence where it cannot start."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from offboarding.demo import folder
from offboarding.server import answers
from tests.migrated import copied_to

ROOT = Path(__file__).parents[2]
Start = Callable[..., "Demo"]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Demo:
    """A running `manage.py demo`."""

    def __init__(self, data: Path, port: int, *more: str) -> None:
        names = ("OFFBOARD_", "DJANGO_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
        self.data, self.port = data, port
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port), *more],
            cwd=ROOT,
            env={**kept, "OFFBOARD_DEMO": "1", "OFFBOARD_DATA": str(data), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def ready(self) -> Demo:
        assert answers("127.0.0.1", self.port, 240), self.end()
        return self

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with closing(connection):
            connection.request("GET", path, headers={"Host": f"localhost:{self.port}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def children(self) -> set[int]:
        found = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout.split("\n")
        rows = [tuple(map(int, line.split())) for line in found if line.strip()]
        return {pid for pid, parent in rows if parent == self.process.pid}

    def end(self, number: int = signal.SIGINT) -> str:
        """Everything that it said."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=60)
        return said


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Demo] = []

    def run(*more: str, port: int = 0) -> Demo:
        running.append(Demo(tmp_path, port or free_port(), *more))
        return running[-1]

    yield run
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


def gone_within(pids: set[int], seconds: float) -> bool:
    until, pause = monotonic() + seconds, threading.Event()
    while monotonic() < until and (left := {pid for pid in pids if alive(pid)}):
        pids = left
        pause.wait(0.1)
    return not {pid for pid in pids if alive(pid)}


def alive(pid: int) -> bool:
    """False for a process that has ended, also where nobody has asked how."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_it_runs_stops_keeps_its_data_starts_over_and_leaves_no_process_behind(
    start: Start, tmp_path: Path
) -> None:
    """One life after the other, since each takes seconds. Only the last one makes its database from nothing."""
    database = tmp_path / "offboard.sqlite3"
    copied_to(database)
    before = database.stat().st_ino
    first = start().ready()
    assert first.get("/healthz") == (200, "ok\n")
    status, page = first.get("/signin/")
    assert (status, "Sign in as one of the cast" in page) == (200, True)
    children = first.children()
    assert len(children) == 2, "the simulated workspaces, and the worker"
    since = monotonic()
    said = first.end()
    assert monotonic() - since < 8
    assert re.findall(r"https?://\S+", said) == [f"http://localhost:{first.port}"]
    assert "alice@northwind.example" in said
    assert (first.process.returncode, said.rstrip().endswith("Stopped.")) == (0, True)
    assert gone_within(children, 3)

    second = start().ready()
    assert second.get("/signin/")[0] == 200
    second.end(signal.SIGTERM)
    assert database.stat().st_ino == before

    keys = (tmp_path / "keys.env").read_text()
    (tmp_path / "of-somebody-else.txt").write_text("stays")
    third = start("--fresh").ready()
    assert third.get("/signin/")[0] == 200
    assert (tmp_path / "keys.env").read_text() == keys
    assert (tmp_path / "of-somebody-else.txt").exists()
    children = third.children()
    third.process.kill()
    third.process.communicate()
    assert gone_within(children, 15)


def test_a_port_in_use_is_told_in_a_sentence(start: Start) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        demo = start(port=taken.getsockname()[1])
        said, _ = demo.process.communicate(timeout=30)
    assert demo.process.returncode == 1
    assert f"Port {demo.port} is in use" in said
    assert not (demo.data / "offboard.sqlite3").exists()


def test_a_folder_is_held_by_one_demo(tmp_path: Path) -> None:
    with folder.take(tmp_path), pytest.raises(folder.InUse):
        folder.take(tmp_path)
    folder.take(tmp_path).close()


def test_starting_over_removes_what_the_demo_made_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "evidence" / "ab").mkdir(parents=True)
    for name in ("offboard.sqlite3", "evidence/ab/abcd", "keys.env", "notes.txt"):
        (tmp_path / name).write_text("x")
    folder.empty(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys.env", "notes.txt"]
