"""Real processes that begin as copies of this one, with Django loaded: starting one takes milliseconds."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.faults.world import disconnect


def spawn(work: Callable[[], object]) -> int:
    """Run `work` in a new process; its number. It ends with 0, or with 1 and a traceback in the log."""
    disconnect()
    sys.stdout.flush()
    sys.stderr.flush()
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(number: int, within: float = 600) -> int:
    """Wait for the end: the exit code, or the signal's number below zero. One that hangs is an error."""
    until, pause = time.monotonic() + within, 0.001
    while time.monotonic() < until:
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    kill(number)
    raise TimeoutError(f"process {number} did not end within {within:.0f} seconds")


def finished(work: Callable[[], object]) -> int:
    """`work` in a process of its own, to its end."""
    return ended(spawn(work))


def still_there(number: int) -> bool:
    done, _ = os.waitpid(number, os.WNOHANG)
    return done == 0


def kill(number: int) -> None:
    """As `kill -9` does, and waits until it is gone."""
    os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)


def told(path: Path, work: Callable[[], str]) -> str:
    """What `work` says, worked out in a process of its own."""
    assert finished(lambda: path.write_text(work())) == 0, "the process failed; its traceback is above"
    return path.read_text()
