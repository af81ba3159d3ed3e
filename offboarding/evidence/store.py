"""Keeping bytes under their digest, wherever the storage named `evidence` keeps them: a folder, or a bucket.

The storage is one of Django's (`STORAGES["evidence"]`), and more: it takes whole files, lists what it has in order, and
knows until when each has to stay. `tests/evidence/test_storages.py` says what every one of them promises.
"""

from __future__ import annotations

import os
import tempfile
from abc import abstractmethod
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages

from offboarding.lib.hashing import sha256_stream
from offboarding.lib.refusals import Refused

PIECE = 1 << 20
INCOMING = "incoming-"


class NotStored(Refused):
    """No room, no right to write, or nobody answers. No row says stored; it may work later."""

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


class EvidenceStorage(Storage):
    """What a storage of evidence adds to Django's. A name is a SHA-256. Whatever is wrong is an OSError."""

    def incoming(self) -> Path:
        """Where a file waits until its digest is known."""
        return Path(settings.EVIDENCE_ROOT)

    @abstractmethod
    def take(self, temporary: Path, name: str, until: date) -> None:
        """Keep this whole file under its name until that day at least; it may be moved away. Returns once it would survive
        a power cut. The same bytes twice are kept once, and until the later of the two days.
        """

    @abstractmethod
    def lengthen(self, name: str, until: date) -> None:
        """Until that day at least. A later day that was said before stays."""

    @abstractmethod
    def names(self) -> Iterator[str]:
        """All that is kept, sorted. What has no digest for a name comes as it is called."""

    def put_checkpoint(self, name: str, line: bytes, until: date) -> bool:
        """Beside the evidence, where nobody changes it before that day. False: such a place there is none."""
        return False

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        return File(self.raw(name), name)

    @abstractmethod
    def raw(self, name: str) -> IO[bytes]:
        """The bytes from the start, to be read in pieces and closed. Raises OSError."""

    @abstractmethod
    def get_modified_time(self, name: str) -> datetime:
        """When these bytes were last handed in. Raises OSError."""


def storage() -> EvidenceStorage:
    found = storages["evidence"]
    assert isinstance(found, EvidenceStorage)
    return found


def put(stream: IO[bytes], until: date) -> tuple[str, int]:
    """Store the bytes; their SHA-256 and size. Safe to repeat, safe to be killed in: no half file has a digest's name.

    Raises NotStored.
    """
    try:
        kept = storage()
        kept.incoming().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.incoming(), prefix=INCOMING, delete=False) as file:
            temporary = Path(file.name)
            try:
                copy(stream, file)
                return settle(kept, temporary, until)
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise NotStored(error) from error


def copy(stream: IO[bytes], file: IO[bytes]) -> None:
    while piece := stream.read(PIECE):
        file.write(piece)
    file.flush()
    os.fsync(file.fileno())


def settle(kept: EvidenceStorage, temporary: Path, until: date) -> tuple[str, int]:
    """Under its digest, and read back from where it is now."""
    with temporary.open("rb") as file:
        digest, size = sha256_stream(file)
    kept.take(temporary, digest, until)
    with kept.raw(digest) as stored:
        if sha256_stream(stored) != (digest, size):
            raise OSError("the bytes read back differ")
    return digest, size


def open_bytes(sha256: str) -> IO[bytes]:
    return storage().raw(sha256)


def lengthen(sha256: str, until: date) -> None:
    """Raises NotStored."""
    try:
        storage().lengthen(sha256, until)
    except OSError as error:
        raise NotStored(error) from error
