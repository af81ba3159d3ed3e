"""Where a secret could have got to, and every writing that it could have got there in."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from django.core import mail
from django.db import connection

Found = list[str]
# What Django signs, such as a session: compressed behind a full stop, else as it is. Never what is only random and begins alike.
SIGNED = re.compile(rb"(\.?)((?:[\w-]{4})*(?:[\w-]{2,3})?):[\w-]+:[\w-]+\Z", re.ASCII)


def writings(secret: str) -> dict[str, bytes]:
    """By name: plain, reversed, base64 in each of the three places of a group, hex, percent and JSON escapes."""
    raw = secret.encode()
    made = {
        "plain": raw,
        "reversed": raw[::-1],
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "percent": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "percent where needed": quote(secret, safe="").encode(),
        "escaped": "".join(f"\\u{ord(sign):04x}" for sign in secret).encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
    }
    for place in range(3):
        made[f"base64 {place}"] = middle(base64.b64encode(b"\0" * place + raw), place, len(raw))
        made[f"base64url {place}"] = middle(base64.urlsafe_b64encode(b"\0" * place + raw), place, len(raw))
    return made


def middle(text: bytes, place: int, size: int) -> bytes:
    """What of the base64 is the secret's alone, whatever stands before and behind it."""
    return text[-(-place * 4 // 3) : (place + size) * 4 // 3 - bool((place + size) % 3)]


class Search:
    """`into(place, data)` looks at one thing; `found` names the secret by its number, the writing and the place."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.needles = [
            (f"secret {number} {name}", needle)
            for number, secret in enumerate(dict.fromkeys(secrets))
            for name, needle in writings(secret).items()
        ]
        self.found: Found = []
        self.searched: dict[str, int] = {}

    def into(self, place: str, data: bytes | str) -> None:
        data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        for part in opened(data):
            kind = place.partition(":")[0]
            self.searched[kind] = self.searched.get(kind, 0) + len(part)
            self.found += [f"{place}: {name}" for name, needle in self.needles if needle in part]

    def database(self) -> None:
        """Every column of every table, as the database gives it back."""
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                columns = [each[0] for each in cursor.description]
                for row in cursor.fetchall():
                    for column, value in zip(columns, row):
                        if value is not None and not isinstance(value, int | float):
                            data = bytes(value) if isinstance(value, bytes | memoryview) else str(value)
                            self.into(f"database: {table}.{column}", data)

    def files(self, *folders: Path) -> None:
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    self.into(f"file: {path.name}", path.read_bytes())

    def mails(self) -> None:
        for each in mail.outbox:
            self.into("mail: whole", each.message().as_bytes())
            self.into("mail: text", f"{each.subject}\n{each.body}")


def opened(data: bytes) -> Iterator[bytes]:
    """The data, and what is packed inside: files of a zip, streams of a PDF, compressed sessions."""
    yield data
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from opened(archive.read(name))
    elif data.startswith(b"%PDF"):
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
            yield from unpacked(stream)
    elif found := SIGNED.match(data):
        packed, text = found.groups()
        plain = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
        yield from unpacked(plain) if packed else (plain,)


def unpacked(data: bytes) -> Iterator[bytes]:
    try:
        yield zlib.decompressobj().decompress(data)
    except zlib.error:
        return


class Lines(logging.Handler):
    """What the product's log would have written, kept."""

    def __init__(self) -> None:
        from offboarding.logs import formatter

        super().__init__(logging.DEBUG)
        self.setFormatter(formatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
