"""Folders that run full or read-only, and come back: a small disk in memory where mounting is allowed, else a stand-in."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SIZE = "4m"


@dataclass
class Room:
    """`take` leaves no room, `give_back` makes it as it was. `says` is what was really done."""

    folder: Path
    says: str = ""

    def take(self) -> None:
        raise NotImplementedError

    def give_back(self) -> None:
        raise NotImplementedError


class Full(Room):
    """A disk of its own with not one byte left."""

    def take(self) -> None:
        self.says = "disk full"
        with (self.folder / "junk").open("wb", buffering=0) as junk, suppress(OSError):
            for size in (1 << 16, 1 << 12, 1):
                with suppress(OSError):
                    while junk.write(b"x" * size):
                        pass

    def give_back(self) -> None:
        (self.folder / "junk").unlink(missing_ok=True)


class ReadOnly(Room):
    def take(self) -> None:
        self.says = "disk read-only"
        remount(self.folder, "ro")

    def give_back(self) -> None:
        remount(self.folder, "rw")


class Gone(Room):
    """Where nothing can be mounted: a file stands where the folder was."""

    def take(self) -> None:
        self.says = "folder not there"
        self.folder.rename(self.away)
        self.folder.touch()

    def give_back(self) -> None:
        if self.away.exists():
            self.folder.unlink()
            self.away.rename(self.folder)

    @property
    def away(self) -> Path:
        return self.folder.with_name(self.folder.name + "-away")


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


@contextmanager
def room(kind: type[Room], folder: Path) -> Iterator[Room]:
    """The folder with all that it holds, on a disk of its own if that can be had. Afterwards it is an ordinary folder."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = kind is not Gone and mount(folder)
    made = kind(folder) if mounted else Gone(folder)
    try:
        yield made
    finally:
        made.give_back()
        if mounted:
            unmount(folder)


def mount(folder: Path) -> bool:
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    beside = folder.with_name(folder.name + "-before")
    shutil.copytree(folder, beside)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], stderr=subprocess.DEVNULL
    )
    if done.returncode == 0:
        shutil.copytree(beside, folder, dirs_exist_ok=True)
    shutil.rmtree(beside)
    return done.returncode == 0


def unmount(folder: Path) -> None:
    beside = folder.with_name(folder.name + "-after")
    shutil.copytree(folder, beside)
    subprocess.run(["umount", str(folder)], check=True)
    shutil.copytree(beside, folder, dirs_exist_ok=True)
    shutil.rmtree(beside)
