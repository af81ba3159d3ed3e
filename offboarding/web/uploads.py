"""What people attach: looked at by content, never by name, and never executed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from offboarding.lib.refusals import Refused

# A screenshot of two large screens has 30 million pixels. More is a picture made to eat memory.
PIXELS_AT_MOST = 60_000_000
IMAGES = {"PNG": "image/png", "JPEG": "image/jpeg"}
SUFFIXES = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "application/pdf": (".pdf",),
    "text/csv": (".csv",),
    "text/plain": (".txt", ".log", ".md", ".text"),
}
TEXTS = ("", *SUFFIXES["text/csv"], *SUFFIXES["text/plain"])
ACCEPT = ",".join((*SUFFIXES, *(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)))
# What a parser raises on bytes that are not what they seem.
UNREADABLE = (
    PyPdfError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    SyntaxError,
    RecursionError,
    OverflowError,
    MemoryError,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that is what it seems. `stream` is at its beginning; the bytes are as they came."""

    stream: IO[bytes]
    name: str
    media_type: str
    size: int


def checked(file: UploadedFile[Any] | None) -> Checked:
    """The uploaded file, known by its content. Raises Refused with the sentence for the page."""
    if file is None or not file.name:
        raise Refused("no-file", _("Choose a file first."), field="file")
    name = clean(file.name)
    size = file.size or 0
    if not 0 < size <= settings.UPLOAD_BYTES:
        raise unreadable(name)
    stream = file.file
    media_type = kind_of(stream, name) if stream else ""
    if stream is None or not media_type:
        raise unreadable(name)
    stream.seek(0)
    return Checked(stream, fitting(name, media_type), media_type, size)


def unreadable(name: str) -> Refused:
    sentence = _("%(name)s cannot be read. Use PNG, JPEG, PDF, CSV or text up to %(mb)d MB.") % {
        "name": name,
        "mb": settings.UPLOAD_BYTES // 1_000_000,
    }
    return Refused("bad-file", sentence, field="file")


def clean(name: str) -> str:
    """The last part of a name, without control characters, at most 120 of them."""
    base = PurePath(name.replace("\\", "/")).name
    shown = "".join(char for char in base if char.isprintable()).strip() or "file"
    return shown if len(shown) <= 120 else f"{shown[:100]}…{PurePath(shown).suffix[:10]}"


def fitting(name: str, media_type: str) -> str:
    """The name with an ending that tells the truth."""
    endings = SUFFIXES[media_type]
    return name if name.lower().endswith(endings) else name + endings[0]


def kind_of(stream: IO[bytes], name: str) -> str:
    """The media type of the content; empty if it is none that we take."""
    stream.seek(0)
    start = stream.read(8)
    if start.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        return attempt(image, stream)
    if start.startswith(b"%PDF-"):
        return attempt(pdf, stream)
    suffix = PurePath(name).suffix.lower()
    # A page or a drawing under the name of a picture is text as well, and shows nothing.
    if suffix not in TEXTS or not text(stream):
        return ""
    return "text/csv" if suffix == ".csv" else "text/plain"


def attempt(read: Callable[[IO[bytes]], str], stream: IO[bytes]) -> str:
    """Whatever a parser trips over, the file cannot be read."""
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return read(stream)
    except UNREADABLE:
        return ""


def image(stream: IO[bytes]) -> str:
    """Header, size and structure, then every pixel: a picture that is cut off is no proof."""
    with Image.open(stream, formats=tuple(IMAGES)) as picture:
        kind, (width, height) = IMAGES[picture.format or ""], picture.size
        if width * height > PIXELS_AT_MOST:
            return ""
        picture.verify()
    stream.seek(0)
    with Image.open(stream, formats=tuple(IMAGES)) as picture:
        picture.load()
    return kind


def pdf(stream: IO[bytes]) -> str:
    """It opens without a password and has a page. Nothing in it is run: pypdf has no scripts and opens no links."""
    reader = PdfReader(stream, strict=False)
    return "application/pdf" if not reader.is_encrypted and len(reader.pages) else ""


def text(stream: IO[bytes]) -> bool:
    """UTF-8 without NUL, and not only blanks. It is served as a download, so markup in it is harmless."""
    stream.seek(0)
    data = stream.read(settings.UPLOAD_BYTES + 1)
    if b"\x00" in data:
        return False
    try:
        return bool(data.decode("utf-8-sig").strip())
    except UnicodeDecodeError:
        return False
