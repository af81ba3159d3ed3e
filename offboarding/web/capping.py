"""Of a file that is larger than any that we take, nothing is kept on the disk, whoever sends it.

Forms are taken apart before anybody knows who asks. The page says afterwards how large a file may be.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class Capped(TemporaryFileUploadHandler):
    """Django's own, up to `OFFBOARD_UPLOAD_MB` for all files of a request together."""

    so_far = 0

    @property
    def over(self) -> bool:
        return self.so_far > settings.UPLOAD_BYTES

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.so_far += len(raw_data)
        if not self.over:
            super().receive_data_chunk(raw_data, start)
        return None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        """A file that did not fit has its name and its size, and no content."""
        if not self.over:
            return super().file_complete(file_size)
        self.file.close()
        return UploadedFile(BytesIO(), self.file_name, "application/octet-stream", file_size)
