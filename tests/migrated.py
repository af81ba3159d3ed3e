"""A migrated database to copy: on SQLite migrations run once for all processes of all passes, and not once in each."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from offboarding.env import fresh_keys

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


def sqlite() -> Path:
    """The file. Whoever comes first makes it; others wait for it meanwhile."""
    made = Path(tempfile.gettempdir()) / f"offboard-migrated-{os.getuid()}-{digest()}.sqlite3"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=made.parent) as folder:
                migrate(Path(folder) / "new.sqlite3")
                (Path(folder) / "new.sqlite3").rename(made)
    return made


def migrate(path: Path) -> None:
    """As an installation does. The log of SQLite is gone when the process has ended, so all is in one file."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OFFBOARD_")}
    given = {"OFFBOARD_DATABASE_URL": f"sqlite:///{path}", "OFFBOARD_DATA": str(path.parent)}
    environ |= {**fresh_keys(), **given, "DJANGO_SETTINGS_MODULE": "offboarding.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environ, check=True)


def copied_to(path: Path) -> None:
    shutil.copyfile(sqlite(), path)
