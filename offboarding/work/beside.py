"""Further processes of one engine: Python keeps one core busy in a process, however many threads it has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic

import structlog

log = structlog.get_logger(__name__)

MANAGE = Path(__file__).resolve().parent.parent.parent / "manage.py"
PATIENCE = 10.0  # seconds until one that ended is started again, so that one that cannot live is not started all the time
GRACE = 20.0  # seconds to end what they hold; what is cut off comes back when its lease ends


class Beside:
    """Processes that work on rows beside the engine of this one, and end with it. They keep no schedules."""

    def __init__(self, count: int, threads: int) -> None:
        self.count, self.threads = count, threads
        self.running: list[subprocess.Popen[bytes]] = []
        self.started = -PATIENCE

    def keep(self) -> None:
        """Start those that are missing. Cheap, so ask as often as you like."""
        self.running = [each for each in self.running if each.poll() is None]
        missing = self.count - len(self.running)
        if missing <= 0 or monotonic() - self.started < PATIENCE:
            return
        self.started = monotonic()
        self.running += [self.start() for _ in range(missing)]

    def start(self) -> subprocess.Popen[bytes]:
        words = ["engine", "--threads", str(self.threads), "--beside", str(os.getpid())]
        begun = subprocess.Popen([sys.executable, str(MANAGE), *words], stdin=subprocess.DEVNULL)  # noqa: S603
        log.info("process of the engine begun", process=begun.pid)
        return begun

    def stop(self) -> None:
        for each in self.running:
            each.terminate()
        end = monotonic() + GRACE
        for each in self.running:
            try:
                each.wait(max(0.0, end - monotonic()))
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
        self.running = []
