"""Further processes of one engine: they do its work, and nothing else, and live no longer than it does."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from offboarding.work import beside, desks
from offboarding.work.engine import Engine
from offboarding.work.models import Beat

pytestmark = pytest.mark.django_db(transaction=True)


class Crew:
    """Processes that stay as long as we want."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[list[str]] = []
        self.living: list[subprocess.Popen[bytes]] = []
        start = subprocess.Popen
        sleeps = [sys.executable, "-c", "import time; time.sleep(60)"]

        def popen(words: list[str], **options: Any) -> subprocess.Popen[bytes]:
            self.begun.append(words[2:])
            self.living.append(start(sleeps, **options))
            return self.living[-1]

        monkeypatch.setattr(beside.subprocess, "Popen", popen)


def test_further_processes_are_started_again_when_they_end_and_end_with_the_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crew, others = Crew(monkeypatch), beside.Beside(2, 8)
    others.keep()
    others.keep()
    assert crew.begun == [["engine", "--threads", "8", "--beside", str(os.getpid())]] * 2
    crew.living[0].kill()
    crew.living[0].wait()
    others.keep()
    assert len(crew.begun) == 2, "one that cannot live is not started all the time"
    others.started -= beside.PATIENCE
    others.keep()
    assert len(crew.begun) == 3
    others.stop()
    assert all(each.poll() is not None for each in crew.living)


def test_a_further_process_keeps_no_schedule_and_says_nothing_of_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[int] = []
    always = desks.Schedule("always", lambda _: "", lambda: kept.append(1))
    monkeypatch.setattr(desks, "SCHEDULES", {"always": always})
    monkeypatch.setattr(desks, "DESKS", {})
    with ThreadPoolExecutor(1) as pool:
        Engine(1, beside=os.getppid()).turn(pool)
        assert (kept, Beat.objects.count()) == ([], 0)
        Engine(1).turn(pool)
        assert (kept, Beat.objects.count()) == ([1], 1)


def test_a_further_process_ends_when_the_one_beside_it_is_gone() -> None:
    assert not Engine(1, beside=os.getppid()).alone()
    gone = Engine(1, beside=os.getppid() + 1)
    gone.run()
    assert gone.alone() and not Engine(1).alone()
