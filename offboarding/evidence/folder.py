"""Evidence in a folder: one file per digest, which nobody may write. How long each stays, only our own rows say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.deconstruct import deconstructible

from offboarding.evidence.store import INCOMING, EvidenceStorage


@deconstructible
class FolderStorage(EvidenceStorage):
    """`settings.EVIDENCE_ROOT`, asked each time."""

    def take(self, temporary: Path, name: str, until: date) -> None:
        place = place_of(name)
        place.parent.mkdir(exist_ok=True)
        temporary.chmod(0o440)
        temporary.replace(place)
        sync_folder(place.parent)
        sync_folder(place.parent.parent)

    def lengthen(self, name: str, until: date) -> None:
        pass

    def raw(self, name: str) -> IO[bytes]:
        return place_of(name).open("rb")

    def names(self) -> Iterator[str]:
        """Folder by folder, so that the memory holds one of 256 parts at a time."""
        for folder in entries(Path(settings.EVIDENCE_ROOT)):
            if folder.is_dir():
                for name in entries(folder):
                    yield name.name if name.name.startswith(folder.name) else f"{folder.name}/{name.name}"
            elif not folder.name.startswith(INCOMING):  # somebody stores right now, or died while they did
                yield folder.name

    def exists(self, name: str) -> bool:
        return place_of(name).is_file()

    def size(self, name: str) -> int:
        return place_of(name).stat().st_size

    def get_modified_time(self, name: str) -> datetime:
        return datetime.fromtimestamp(place_of(name).stat().st_mtime, UTC)

    def delete(self, name: str) -> None:
        place = place_of(name)
        place.unlink(missing_ok=True)
        if place.parent.is_dir():
            sync_folder(place.parent)


def place_of(sha256: str) -> Path:
    return Path(settings.EVIDENCE_ROOT) / sha256[:2] / sha256


def entries(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    """By name; none where there is no folder yet."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda each: each.name)
    except FileNotFoundError:
        return []


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
