"""Files that are sent only to be compared: their SHA-256 is worked out as they arrive, and no byte of them is kept."""

from __future__ import annotations

import hashlib
import re
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers

# Pages that compare. The answer to who may use them comes later: a stranger's file costs no room either.
COMPARES = re.compile(r"/verify/|/evidence/R-\d+/check/")


class Digested(UploadedFile):  # type: ignore[type-arg]  # generic for the checker alone
    """A file of which only name, size in bytes and SHA-256 are left."""

    def __init__(self, name: str, size: int, sha256: str) -> None:
        super().__init__(BytesIO(), name, "application/octet-stream", size)
        self.sha256 = sha256


class Digesting(FileUploadHandler):
    """Stands before Django's own handlers, which hold files in memory or put them on disk; elsewhere it does nothing."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.seen = hashlib.sha256()
        self.here = self.request is not None and bool(COMPARES.fullmatch(self.request.path))
        if self.here:
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if not self.here:
            return raw_data
        self.seen.update(raw_data)
        return None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        return Digested(self.file_name or "", file_size, self.seen.hexdigest()) if self.here else None
