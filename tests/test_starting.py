"""A wrong setting stops each process with a sentence, not with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offboarding.env import fresh_keys
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


WORKS = {
    "one process": ["manage.py", "serve", "--bind", "127.0.0.1:{port}"],
    "an engine": ["manage.py", "engine"],
    "the web server": STARTS["the web server"],
    "a worker": STARTS["a worker"],
}


@pytest.mark.parametrize("words", WORKS.values(), ids=WORKS.keys())
def test_without_tables_it_stops_and_says_how_to_make_them(words: list[str], tmp_path: Path) -> None:
    filled = [word.format(port=free_port()) for word in words]
    done = subprocess.run(
        [sys.executable, *filled],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Run `python manage.py migrate` first" in told
    assert "Traceback" not in told


def test_what_is_loaded_when_it_starts_is_not_searched_for_garbage_again() -> None:
    asked = "import gc; from offboarding.work.starting import settle; settle(); "
    asked += "print(len(gc.get_objects()), gc.get_freeze_count())"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    searched, left_out = map(int, done.stdout.split())
    assert searched < left_out / 100


def environment(folder: Path) -> dict[str, str]:
    """Keys, an empty folder, and nothing else of ours."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("OFFBOARD_", "DJANGO_"))
    }
    return {**kept, **fresh_keys(), "OFFBOARD_DATA": str(folder)}
