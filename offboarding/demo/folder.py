"""The demo's folder: who uses it, and starting over."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO

# Everything that the demo makes, except its keys: a process that has read them goes on using them.
MADE = (
    "offboard.sqlite3",
    "offboard.sqlite3-shm",
    "offboard.sqlite3-wal",
    "evidence",
    "packets",
    "static",
    "mail",
    "checkpoints.jsonl",
    "segment.json",
    "segment-state.json",
    "demo.log",
)


class InUse(Exception):
    """Another demo runs on this folder."""


def take(folder: Path) -> IO[str]:
    """Holds the folder as long as the file is open, here or in a child. Raises InUse."""
    held = (folder / "demo.lock").open("a")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held.close()
        raise InUse from error
    return held


def empty(folder: Path) -> None:
    """Removes what the demo made, and nothing else."""
    for name in MADE:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
