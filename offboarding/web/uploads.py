"""What people attach: looked at by content, never by name, and never executed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.lib import documents
from offboarding.lib.documents import PIXELS_AT_MOST, Kind, Look
from offboarding.lib.refusals import Refused

# How a file of each kind begins, and what it is then. Telephones write photos with a second view inside: they are JPEG too.
BEGINS = (
    (b"\x89PNG", Kind.PNG, "image/png"),
    (b"\xff\xd8\xff", Kind.JPEG, "image/jpeg"),
    (b"%PDF-", Kind.PDF, "application/pdf"),
)
SUFFIXES = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "application/pdf": (".pdf",),
    "text/csv": (".csv",),
    "text/plain": (".txt", ".log", ".md", ".text"),
}
TEXTS = ("", *SUFFIXES["text/csv"], *SUFFIXES["text/plain"])
ACCEPT = ",".join((*SUFFIXES, *(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)))
# What is wrong, and the way out.
WHY = {
    "unreadable": lazy("%(name)s cannot be read. Use PNG, JPEG, PDF, CSV or text up to %(mb)d MB."),
    "pixels": lazy("%(name)s has more than %(pixels)d million pixels. Attach a smaller picture."),
    "locked": lazy("%(name)s is locked with a password. Save it without one, and attach that."),
    "active": lazy("%(name)s holds a script, a form or another file. Print it to a PDF, and attach that."),
    "slow": lazy("%(name)s takes too long to read. Print it to a PDF, and attach that."),
    "slow picture": lazy("%(name)s takes too long to read. Attach a smaller picture."),
}


class Unfit(Exception):
    """The content is none that we take; its text is a word of WHY."""


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
    size, stream = file.size or 0, file.file
    if stream is None or not 0 < size <= settings.UPLOAD_BYTES:
        raise refusal(name, "unreadable")
    try:
        media_type = kind_of(stream, name)
    except Unfit as unfit:
        raise refusal(name, str(unfit)) from None
    stream.seek(0)
    return Checked(stream, fitting(name, media_type), media_type, size)


def kinds() -> str:
    """What is taken, for the hint beside the field."""
    return _("PNG, JPEG, PDF, CSV or text up to %(mb)d MB.") % {"mb": settings.UPLOAD_BYTES // 1_000_000}


def refusal(name: str, why: str) -> Refused:
    facts = {"name": name, "mb": settings.UPLOAD_BYTES // 1_000_000, "pixels": PIXELS_AT_MOST // 1_000_000}
    return Refused("bad-file", WHY[why] % facts, field="file")


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
    """The media type of the content. Raises Unfit where it is none that we take."""
    stream.seek(0)
    start = stream.read(8)
    for begins, kind, media_type in BEGINS:
        if start.startswith(begins):
            read(stream, kind)
            return media_type
    suffix = PurePath(name).suffix.lower()
    # A page or a drawing under the name of a picture is text as well, and shows nothing.
    if suffix not in TEXTS or not text(stream):
        raise Unfit("unreadable")
    return "text/csv" if suffix == ".csv" else "text/plain"


def read(stream: IO[bytes], kind: Kind) -> None:
    """A document opens without a password, has a page, and holds nothing that acts; of a picture every pixel is there."""
    found = documents.look(stream, kind)
    if found is Look.SLOW and kind is not Kind.PDF:
        raise Unfit("slow picture")
    if found is not Look.FINE:
        raise Unfit(found.value)


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
