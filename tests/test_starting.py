"""A wrong setting stops each process with a sentence, not with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
STARTS = {
    "a command": ["manage.py", "check"],
    "the web server": ["-m", "gunicorn", "offboarding.wsgi", "-b", "127.0.0.1:{port}", "--no-control-socket"],
    "a worker": ["-m", "celery", "-A", "offboarding", "worker", "--pool", "threads"],
}


@pytest.mark.parametrize("words", STARTS.values(), ids=STARTS.keys())
def test_without_keys_it_stops_and_says_which(words: list[str]) -> None:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("OFFBOARD_", "DJANGO_"))
    }
    filled = [word.format(port=free_port()) for word in words]
    done = subprocess.run(
        [sys.executable, *filled], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "OFFBOARD_SECRET_KEY is missing" in told
    assert "Traceback" not in told
