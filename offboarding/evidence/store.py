"""Where the bytes are: a folder, one file per digest. A row says *stored* only after the bytes were read back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

from django.conf import settings

from offboarding.lib.hashing import sha256_stream
from offboarding.lib.refusals import Refused

PIECE = 1 << 20


class NotStored(Refused):
    """No room, or no right to write. No row says stored; it may work later."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            "store-unavailable",
            "The evidence could not be stored. Try again in a few minutes.",
            why=reason(error),
        )

    @property
    def waiting(self) -> str:
        """For rows that try again by themselves."""
        return f"The evidence cannot be stored: {self.facts['why']}. Next try"


def reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def place_of(sha256: str) -> Path:
    return Path(settings.EVIDENCE_ROOT) / sha256[:2] / sha256


def put(stream: IO[bytes]) -> tuple[str, int]:
    """Store the bytes; their SHA-256 and size. Safe to repeat, safe to be killed in: no half file has a digest's name.

    Raises NotStored.
    """
    root = Path(settings.EVIDENCE_ROOT)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=root, prefix="incoming-", delete=False) as file:
            temporary = Path(file.name)
            try:
                copy(stream, file)
                return settle(temporary)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise NotStored(error) from error


def copy(stream: IO[bytes], file: IO[bytes]) -> None:
    while piece := stream.read(PIECE):
        file.write(piece)
    file.flush()
    os.fsync(file.fileno())


def settle(temporary: Path) -> tuple[str, int]:
    with temporary.open("rb") as file:
        digest, size = sha256_stream(file)
    place = place_of(digest)
    place.parent.mkdir(exist_ok=True)
    temporary.chmod(0o440)
    temporary.replace(place)
    sync_folder(place.parent)
    sync_folder(place.parent.parent)
    with place.open("rb") as file:
        if sha256_stream(file) != (digest, size):
            raise OSError("the bytes read back differ")
    return digest, size


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_bytes(sha256: str) -> IO[bytes]:
    return place_of(sha256).open("rb")
