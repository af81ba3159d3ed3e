"""What may be attached, by content."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from PIL import Image
from pypdf import PdfWriter

from offboarding.lib.refusals import Refused
from offboarding.web import uploads


def picture(kind: str = "PNG", size: tuple[int, int] = (20, 10)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "white").save(out, kind)
    return out.getvalue()


def document(password: str = "") -> bytes:
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(100, 100)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def file(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="application/x-whatever")


@pytest.mark.parametrize(
    ("name", "data", "media_type", "kept_as"),
    [
        ("tokens.png", picture(), "image/png", "tokens.png"),
        ("tokens.JPG", picture("JPEG"), "image/jpeg", "tokens.JPG"),
        ("report.pdf", document(), "application/pdf", "report.pdf"),
        ("events.csv", b"at,event\n1,User Removed\n", "text/csv", "events.csv"),
        ("note.txt", "kein Token gefunden – geprüft".encode(), "text/plain", "note.txt"),
        ("proof.heic", picture(), "image/png", "proof.heic.png"),  # the content says what it is
        ("answer", b"<b>seen</b>", "text/plain", "answer.txt"),  # kept as text, never as a page
        ("..\\..\\etc/pass\x07wd.txt", b"words", "text/plain", "passwd.txt"),
    ],
)
def test_what_is_readable_is_kept_under_an_honest_name(
    name: str, data: bytes, media_type: str, kept_as: str
) -> None:
    found = uploads.checked(file(name, data))
    assert (found.media_type, found.name, found.size) == (media_type, kept_as, len(data))
    assert found.stream.read() == data


REFUSED = [
    ("empty.txt", b"", "nothing in it"),
    ("blank.txt", b" \n\t", "only blanks"),
    ("proof.heic", b"\x00\x00\x00\x18ftypheic" + bytes(40), "a kind that we do not take"),
    ("tokens.png", b"MZ\x90\x00" + bytes(60), "a program with the name of a picture"),
    ("tokens.png", b"<html><script>alert(1)</script></html>", "a page with the name of a picture"),
    ("page.html", b"<script>alert(1)</script>", "a page"),
    (
        "drawing.svg",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "a drawing with a script",
    ),
    ("cut.png", picture()[:40], "a picture that is cut off"),
    ("cut.jpg", picture("JPEG")[:200], "a photo that is cut off"),
    ("broken.pdf", b"%PDF-1.7\nnothing follows", "only the beginning of a document"),
    ("latin.txt", "geprüft".encode("latin-1"), "not UTF-8"),
    ("nul.csv", b"a,b\x00\n", "text with NUL"),
]


@pytest.mark.parametrize(("name", "data", "reason"), REFUSED, ids=[row[2] for row in REFUSED])
def test_what_cannot_be_read_is_refused_with_the_way_out(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        uploads.checked(file(name, data))
    assert refusal.value.sentence == f"{name} cannot be read. Use PNG, JPEG, PDF, CSV or text up to 10 MB."
    assert refusal.value.facts["field"] == "file"


def test_a_file_over_the_limit_is_refused_and_the_limit_named(settings: Any) -> None:
    settings.UPLOAD_BYTES = 2_000_000
    with pytest.raises(Refused, match="up to 2 MB"):
        uploads.checked(file("long.txt", b"x" * 2_000_001))


def test_of_a_file_over_the_limit_nothing_is_kept_whoever_sends_it(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_BYTES, settings.FILE_UPLOAD_TEMP_DIR = 2_000_000, str(tmp_path)
    for size, kept in ((2_000_000, 2_000_000), (9_000_000, 0)):
        request = RequestFactory().post("/signin/", {"file": file("long.txt", b"x" * size)})
        sent = request.FILES["file"]
        assert len(sent.read()) == kept and (sent.size > settings.UPLOAD_BYTES) is (kept == 0)
        assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= settings.UPLOAD_BYTES
        request.close()


def test_no_file_at_all_is_a_sentence() -> None:
    with pytest.raises(Refused, match="Choose a file first"):
        uploads.checked(None)
