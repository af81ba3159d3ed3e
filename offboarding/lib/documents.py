"""What a PDF or a picture is, read in a process of its own: whatever the file makes its parser do costs 1.5 s of a core and 1 GB,
and no more. A small JPEG can ask for thousands of passes over every pixel.

Nothing in the file is run: pypdf has no scripts and opens no links. As a program this module reads its input and says one word.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import IO, Any

CORE_SECONDS = 1.5
MEMORY = 1_000_000_000  # bytes
PATIENCE = 20.0  # seconds, on a machine that is busy with other things
# What a viewer may act on (ISO 32000-2, 12.6.4 actions, 7.11.4 embedded files, 13 multimedia, Annex K forms).
ACTS = {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/GoToE", "/RichMediaExecute"}
HOLDS = {"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent", "/3DD"}


# A screenshot of two large screens has 30 million pixels. More is a picture made to eat memory.
PIXELS_AT_MOST = 60_000_000


class Kind(StrEnum):
    PDF = "PDF"
    PNG = "PNG"
    JPEG = "JPEG"


class Look(StrEnum):
    FINE = "fine"
    LOCKED = "locked"  # nobody opens it without a password
    ACTIVE = "active"  # it holds a script, a program, a form that sends, or another file
    PIXELS = "pixels"  # it has more of them than any screen
    UNREADABLE = "unreadable"
    SLOW = "slow"  # it takes more than a document or a picture needs


def look(stream: IO[bytes], kind: Kind) -> Look:
    """What stands from the beginning of the stream; its position afterwards is anywhere."""
    stream.seek(0)
    given: dict[str, Any] = {"stdin": stream} if _is_a_file(stream) else {"input": stream.read()}
    try:
        done = subprocess.run(  # noqa: S603  (ourselves)
            [sys.executable, "-I", __file__, kind],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            timeout=PATIENCE,
            check=False,
            **given,
        )
    except subprocess.TimeoutExpired:
        return Look.SLOW
    if done.returncode < 0:  # its alarm, or a parser that fell over
        return Look.SLOW
    said = done.stdout.decode("ascii", "replace").strip()
    return Look(said) if said in tuple(Look) else Look.UNREADABLE


def _is_a_file(stream: IO[bytes]) -> bool:
    with contextlib.suppress(OSError, AttributeError):
        return os.lseek(stream.fileno(), 0, os.SEEK_SET) == 0
    return False


def judged(stream: IO[bytes], kind: Kind) -> Look:
    """In the child."""
    return document(stream) if kind is Kind.PDF else picture(stream, kind)


def picture(stream: IO[bytes], kind: Kind) -> Look:
    """Header, size and structure, then every pixel: a picture that is cut off is no proof."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # ours is lower, and is asked before any pixel is unpacked
    with Image.open(stream, formats=(kind,)) as seen:
        width, height = seen.size
        if width * height > PIXELS_AT_MOST:
            return Look.PIXELS
        seen.verify()
    stream.seek(0)
    with Image.open(stream, formats=(kind,)) as seen:
        seen.load()
    return Look.FINE


def document(stream: IO[bytes]) -> Look:
    """Opens the document and walks through all that its trailer leads to."""
    from pypdf import PdfReader

    reader = PdfReader(stream, strict=False)
    if reader.is_encrypted:
        return Look.LOCKED
    if not len(reader.pages):
        return Look.UNREADABLE
    return Look.ACTIVE if any(map(_acts, _everything(reader))) else Look.FINE


def _everything(reader: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary that is reached, each once."""
    from pypdf.generic import IndirectObject

    waiting, seen = [reader.trailer], set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, IndirectObject):
            if each.idnum in seen:
                continue
            seen.add(each.idnum)
            each = each.get_object()
        if isinstance(each, dict):
            yield each
            waiting.extend(dict.values(each))  # raw: pypdf's own values() would follow references endlessly
        elif isinstance(each, list):
            waiting.extend(list.__iter__(each))


def _acts(each: dict[str, Any]) -> bool:
    kind = dict.get(each, "/S")
    return bool(HOLDS & each.keys()) or (isinstance(kind, str) and kind in ACTS)


def _limit() -> None:
    import resource
    import signal

    signal.setitimer(signal.ITIMER_PROF, CORE_SECONDS)  # its signal ends the process
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    _limit()
    stream = sys.stdin.buffer
    try:
        said = judged(stream if stream.seekable() else io.BytesIO(stream.read()), Kind(sys.argv[1]))
    except (Exception, RecursionError):  # noqa: BLE001  (whatever a parser trips over, the file cannot be read)
        said = Look.UNREADABLE
    sys.stdout.write(said)


if __name__ == "__main__":
    main()
