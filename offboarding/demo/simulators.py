"""The simulated workspaces of the demo: a process of its own, which never outlives the one that started it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

STOPS_IN = 5.0  # seconds; it has nothing to finish but its state file


class DidNotStart(Exception):
    """The simulated workspaces did not start; the log says why."""


def description_file() -> Path:
    return settings.DATA / "segment.json"


def state_file() -> Path:
    return settings.DATA / "segment-state.json"


def start(log: Path) -> subprocess.Popen[bytes]:
    """Starts them in a session of their own, so that Ctrl-C reaches the engine first and them last."""
    command = [sys.executable, "-m", "offboarding.simulators", "--port", "0", "--strict", "--until-eof"]
    command += ["--describe", str(description_file()), "--state", str(state_file())]
    with log.open("ab") as errors:
        return subprocess.Popen(  # noqa: S603  (our own module, our own files)
            command,
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )


def wait_for(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What they say of themselves, once they listen. Raises DidNotStart."""
    assert process.stdout
    if not process.stdout.readline():
        raise DidNotStart
    return described()


def described() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(description_file().read_text())
    return found


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOPS_IN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
