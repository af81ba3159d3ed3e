"""Files made to hurt: each is refused with a plain sentence or kept as harmless bytes, in less than two seconds."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from offboarding.lib.refusals import Refused
from offboarding.web import uploads

PIXELS = "more than 60 million pixels"
SLOW = "takes too long to read. Attach a smaller picture."
USE = "cannot be read. Use PNG, JPEG, PDF, CSV or text up to 10 MB."


Bytes = bytes | Callable[[], bytes]


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 8), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2, data: bytes = b"") -> bytes:
    """A PNG that says to be this large, whatever its data is."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT", data or zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + body + chunk(b"IEND", b"")


def zipped(name: str = "a.txt", size: int = 10) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(size))
    return out.getvalue()


def pdf(change: Callable[[PdfWriter], None] = lambda _: None) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    change(writer)
    writer.write(out)
    return out.getvalue()


def action(kind: str, **more: Any) -> Callable[[PdfWriter], None]:
    def change(writer: PdfWriter) -> None:
        held = {NameObject(f"/{name}"): value for name, value in more.items()}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
            {NameObject("/S"): NameObject(kind), **held}
        )

    return change


def on_opening_the_page(writer: PdfWriter) -> None:
    script = DictionaryObject({NameObject("/S"): NameObject("/JavaScript")})
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): script})


def in_the_form(writer: PdfWriter) -> None:
    form = DictionaryObject(
        {NameObject("/XFA"): TextStringObject("<xdp/>"), NameObject("/Fields"): ArrayObject()}
    )
    writer.root_object[NameObject("/AcroForm")] = form


def by_hand(*objects: bytes, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A PDF written out by hand, its table of objects whole."""
    out, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF" % (
        size,
        table,
        size,
        trailer,
        len(out),
    )


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
LOOP = by_hand(CATALOG, b"<</Type/Pages/Count 1/Kids[2 0 R]>>")
ESCAPED = by_hand(
    b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/J#61vaScript/#4aS(app.alert\\(1\\))>>>>",
    b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
PAGE = b"<!doctype html><script>alert(document.cookie)</script>"
XXE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


def deep() -> bytes:
    return by_hand(CATALOG, b"[" * 100_000 + b"]" * 100_000)


def bomb() -> bytes:
    packed = zlib.compress(bytes(90_000_000), 1)
    head = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>" % len(packed)
    return by_hand(CATALOG, head + b"\nstream\n" + packed + b"\nendstream")


def many() -> bytes:
    pages = b"<</Type/Pages/Count 3000000/Kids[%s]>>" % (b"3 0 R " * 300_000)
    return by_hand(CATALOG, pages, b"<</Type/Page/Parent 2 0 R>>")


def passes(side: int, scans: int) -> bytes:
    """A grey JPEG in so many passes over every block of it, each of which says that nothing is left (ITU T.81, G.1.2.2)."""
    blocks = (side // 8) ** 2
    one_code = bytes([1] + [0] * 15)  # a table with one sign, of one bit: 0
    head = b"\xff\xd8" + segment(0xDB, b"\x00" + bytes([1] * 64))
    head += segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\x00")
    head += segment(0xC4, b"\x00" + one_code + b"\x00") + segment(0xC4, b"\x10" + one_code + b"\xe0")
    first = segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + bytes(blocks // 8)
    longest = "0" + "1" * 14  # the end of 32,767 blocks, or of as many as there are
    runs = longest * (blocks // 32_767 + 1)
    bits = (runs + "1" * (-len(runs) % 8)).encode()
    rest = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    return head + first + (segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + rest) * scans + b"\xff\xd9"


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def spent() -> float:
    """Seconds of a core, ours and our children's: the clock on the wall counts what else the machine does."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


# name, content or what makes it, a part of the sentence
REFUSED: list[tuple[str, Bytes, str]] = [
    ("drawing.svg", SVG, USE),
    ("drawing.png", SVG, USE),
    ("drawing.jpg", lambda: b"\xff\xd8\xff" + SVG, USE),
    ("page.html", PAGE, USE),
    ("page.pdf", PAGE, USE),
    ("page.htm", PAGE, USE),
    ("page.xhtml", PAGE, USE),
    ("page.png", lambda: b"\x89PNG\r\n\x1a\n" + PAGE, USE),
    ("page.pdf", lambda: b"%PDF-1.7\n" + PAGE, USE),
    ("data.xml", XXE, USE),
    ("mail.eml", lambda: b"Subject: x\r\n\r\n" + PAGE, USE),
    ("archive.mht", lambda: b"MIME-Version: 1.0\r\n\r\n" + PAGE, USE),
    ("program.exe", lambda: b"MZ" + bytes(100), USE),
    ("program.png", lambda: b"MZ" + bytes(100), USE),
    ("program.txt", lambda: b"\x7fELF" + bytes(100), USE),
    ("script.js", lambda: b"alert(1)", USE),
    ("script.sh", lambda: b"#!/bin/sh\nrm -rf /\n", USE),
    ("link.lnk", lambda: b"L\x00\x00\x00" + bytes(60), USE),
    ("link.url", lambda: b"[InternetShortcut]\nURL=file:///c:/x.exe\n", USE),
    ("table.xlsx", lambda: zipped("xl/workbook.xml"), USE),
    ("words.docm", lambda: zipped("word/vbaProject.bin"), USE),
    ("archive.zip", lambda: zipped(), USE),
    ("bomb.zip", lambda: zipped(size=9_000_000), USE),
    ("slip.zip", lambda: zipped("../../etc/cron.d/x"), USE),
    ("bomb.csv", lambda: zipped(size=9_000_000), USE),
    ("bomb.gz", lambda: zlib.compress(bytes(9_000_000)), USE),
    ("moving.gif", lambda: picture("GIF"), USE),
    ("moving.png", lambda: picture("GIF"), USE),
    ("picture.webp", lambda: picture("WEBP"), USE),
    ("picture.bmp", lambda: picture("BMP"), USE),
    ("picture.tiff", lambda: picture("TIFF"), USE),
    ("icon.ico", lambda: picture("ICO"), USE),
    ("vector.eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n(x) run", USE),
    ("vector.png", lambda: b"%!PS-Adobe-3.0\n(x) run", USE),
    ("square.png", lambda: png(100_000, 100_000), PIXELS),
    ("line.png", lambda: png(2_147_483_647, 1), PIXELS),
    ("wide.png", lambda: png(100_000, 601), PIXELS),
    ("bits.png", lambda: png(60_001, 1_000, depth=1, colour=0), PIXELS),
    ("nothing.png", lambda: png(0, 0), USE),
    ("short.png", lambda: png(5_000, 5_000), USE),
    ("words.png", lambda: png(8, 8, chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(50_000_000)))), USE),
    ("colours.png", lambda: png(8, 8, chunk(b"iTXt", b"a\x00\x01\x00\x00\x00" + zlib.compress(bytes(50_000_000)))), USE),
    ("long.png", lambda: b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xFFFFFFFF) + b"IHDR" + bytes(40), USE),
    ("wrong.png", lambda: picture().replace(b"IDAT", b"IDAX"), USE),
    ("cut.png", lambda: picture(size=(200, 200))[:-60], USE),
    ("cut.jpg", lambda: picture("JPEG")[:-300], USE),
    ("large.jpg", lambda: picture("JPEG").replace(b"\x00\x08\x00\x08\x03", b"\xff\xff\xff\xff\x03"), PIXELS),
    ("passes.jpg", lambda: passes(7_600, 5_000), SLOW),
    ("passes.png", lambda: passes(7_600, 50_000), SLOW),
    ("locked.pdf", lambda: pdf(lambda writer: writer.encrypt("secret", algorithm="RC4-128")), "locked with a password"),
    ("owner.pdf", lambda: pdf(lambda writer: writer.encrypt("", "owner", algorithm="RC4-128")), "locked with a password"),
    ("script.pdf", lambda: pdf(action("/JavaScript", JS=TextStringObject("app.alert(1)"))), "a script, a form or another file"),
    ("escaped.pdf", ESCAPED, "a script, a form or another file"),
    ("launch.pdf", lambda: pdf(action("/Launch", F=TextStringObject("cmd.exe"))), "a script, a form or another file"),
    ("form.pdf", lambda: pdf(action("/SubmitForm", F=TextStringObject("https://x.example"))), "a script, a form or another file"),
    ("press.pdf", lambda: pdf(on_opening_the_page), "a script, a form or another file"),
    ("inside.pdf", lambda: pdf(lambda writer: writer.add_attachment("x.exe", b"MZ")), "a script, a form or another file"),
    ("xfa.pdf", lambda: pdf(in_the_form), "a script, a form or another file"),
    ("loop.pdf", LOOP, "pdf"),
    ("deep.pdf", deep, "pdf"),
    ("bomb.pdf", bomb, USE),
    ("many.pdf", many, "pdf"),
    ("nothing.pdf", lambda: b"%PDF-1.7\n" + b"1 0 obj <<" * 300_000, "pdf"),
    ("broken.pdf", lambda: pdf()[:200], USE),
    ("utf16.txt", lambda: "=cmd|'/c calc'!A1".encode("utf-16"), USE),
    ("nul.txt", lambda: b"words\x00words", USE),
    ("half.csv", lambda: b"a,b\n\xff\xfe", USE),
    ("surrogate.txt", lambda: b"\xed\xa0\x80", USE),
    ("long.txt", lambda: b"x" * 10_000_001, USE),
    ("empty.png", lambda: b"", USE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "says"), REFUSED, ids=[f"{number} {row[0]}" for number, row in enumerate(REFUSED)]
)
def test_it_is_refused_with_a_sentence_in_time(name: str, data: Bytes, says: str) -> None:
    sent = SimpleUploadedFile(name, data if isinstance(data, bytes) else data())
    begun = spent()
    with pytest.raises(Refused) as refusal:
        uploads.checked(sent)
    assert says in refusal.value.sentence and refusal.value.sentence.startswith(f"{name} ")
    assert refusal.value.sentence.endswith(".") and len(refusal.value.sentence) < 150
    assert spent() - begun < 2


# name as it is sent, content, what it is kept as
KEPT: list[tuple[str, bytes, str, str]] = [
    ("zip behind.png", picture() + zipped(), "image/png", "zip behind.png"),
    ("page behind.png", picture() + PAGE, "image/png", "page behind.png"),
    ("page behind.jpg", picture("JPEG") + PAGE, "image/jpeg", "page behind.jpg"),
    ("page inside.jpg", picture("JPEG", comment=PAGE), "image/jpeg", "page inside.jpg"),
    ("zip behind.pdf", pdf() + zipped(), "application/pdf", "zip behind.pdf"),
    ("picture.html", picture(), "image/png", "picture.html.png"),
    ("picture.php", picture("JPEG"), "image/jpeg", "picture.php.jpg"),
    ("page.svg.png", picture(), "image/png", "page.svg.png"),
    ("page", PAGE, "text/plain", "page.txt"),
    ("page.txt", PAGE, "text/plain", "page.txt"),
    ("formulas.csv", b"=cmd|'/c calc'!A1,@SUM(1)\n", "text/csv", "formulas.csv"),
    ("../../../etc/passwd", b"words", "text/plain", "passwd.txt"),
    ("..\\..\\windows\\win.txt", b"words", "text/plain", "win.txt"),
    ("C:\\boot.txt", b"words", "text/plain", "boot.txt"),
    ("a\r\nX-Evil: 1\r\n\r\nb.txt", b"words", "text/plain", "aX-Evil: 1b.txt"),
    ("invoice\u202etxt.exe.png", picture(), "image/png", "invoicetxt.exe.png"),
    ("\u2066a\u2069\u200f\u200b\ufeffb.png", picture(), "image/png", "ab.png"),
    ("nul\x00.html.png", picture(), "image/png", "nul.html.png"),
    ("x" * 10_000 + ".png", picture(), "image/png", "x" * 100 + "….png"),
    ("ä" * 5_000, picture(), "image/png", "ä" * 100 + "….png"),
    ('";filename=evil.html;".png', picture(), "image/png", '";filename=evil.html;".png'),
    ("<img src=x onerror=alert(1)>.png", picture(), "image/png", "<img src=x onerror=alert(1)>.png"),
    ("   .png", picture(), "image/png", ".png"),
    ("\x1b[2J.txt", b"words", "text/plain", "[2J.txt"),
    ("\ud800.png", picture(), "image/png", ".png"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "media_type", "kept"), KEPT, ids=[repr(row[0][:30]) for row in KEPT]
)
def test_it_is_kept_as_bytes_under_an_honest_name(name: str, data: bytes, media_type: str, kept: str) -> None:
    sent = SimpleUploadedFile("x", data)
    sent._name = name  # Django's own cleaning is not what is tried here
    begun = spent()
    found = uploads.checked(sent)
    assert (found.media_type, found.name) == (media_type, kept)
    assert found.stream.read() == data
    assert spent() - begun < 2


def test_a_long_honest_document_is_read_in_time() -> None:
    def fill(writer: PdfWriter) -> None:
        for number in range(400):
            page = writer.add_blank_page(600, 800)
            page[NameObject("/StructParents")] = NumberObject(number)

    assert uploads.checked(SimpleUploadedFile("long.pdf", pdf(fill))).media_type == "application/pdf"


def test_a_large_honest_photo_is_read_in_time() -> None:
    begun = spent()
    assert (
        uploads.checked(SimpleUploadedFile("photo.png", picture(size=(3_840, 2_160)))).media_type
        == "image/png"
    )
    assert spent() - begun < 2
