"""Bags and zips: safe paths, the same bytes each time, and other programs agree."""

import io
import logging
import struct
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace

import bagit
import pytest

from offboarding.lib import bags
from offboarding.lib.bags import BagFile, ChangedSource, StoredZip, UnsafePath, from_bytes, write_bag

PAYLOAD = [
    from_bytes("a b.txt", b"hello\n"),
    from_bytes("deep/er/ü.bin", bytes(range(256))),
    from_bytes("empty", b""),
]
INFO = [("External-Identifier", "R-1"), ("Bagging-Date", "2026-03-31")]


def bag() -> bytes:
    out = io.BytesIO()
    write_bag(out, "R-1", PAYLOAD, INFO, [from_bytes("VERIFY.txt", b"how to\n")])
    return out.getvalue()


def test_the_same_input_gives_the_same_bytes() -> None:
    assert bag() == bag()


def test_bagit_finds_the_bag_valid(tmp_path: Path) -> None:
    logging.getLogger("bagit").setLevel(logging.ERROR)
    zipfile.ZipFile(io.BytesIO(bag())).extractall(tmp_path)
    found = bagit.Bag(str(tmp_path / "R-1"))
    assert found.validate()
    assert found.version_info == (1, 0)
    assert found.info["Payload-Oxum"] == "262.3"


def test_unzip_and_zipfile_find_the_zip_sound(tmp_path: Path) -> None:
    (tmp_path / "bag.zip").write_bytes(bag())
    assert (
        subprocess.run(["unzip", "-tq", tmp_path / "bag.zip"], check=False, capture_output=True).returncode
        == 0
    )
    with zipfile.ZipFile(tmp_path / "bag.zip") as found:
        assert found.testzip() is None
        assert {info.compress_type for info in found.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in found.infolist()} == {0o100644}
        assert found.namelist() == [f"R-1/{name}" for name in (
            "bagit.txt", "data/a b.txt", "data/deep/er/ü.bin", "data/empty",
            "manifest-sha256.txt", "bag-info.txt", "VERIFY.txt", "tagmanifest-sha256.txt",
        )]  # fmt: skip


def test_a_zip_inside_a_zip_is_written_in_place() -> None:
    out = io.BytesIO()
    zipped = StoredZip(out)
    with zipped.inner("R-1.zip", 1 << 20) as inner:
        write_bag(out, "R-1", PAYLOAD, INFO, [from_bytes("VERIFY.txt", b"how to\n")])
    zipped.add(from_bytes("after.txt", b"x"))
    zipped.finish()
    stored = inner()
    assert out.getvalue()[stored.offset : stored.offset + stored.size] == bag()
    with zipfile.ZipFile(out) as found:
        assert found.testzip() is None
        assert found.read("R-1.zip") == bag()


def test_an_inner_file_larger_than_announced_is_refused() -> None:
    out = io.BytesIO()
    zipped = StoredZip(out)
    with pytest.raises(ChangedSource), zipped.inner("R-1.zip", 10):
        out.write(b"x" * 11)


class Zeros(io.RawIOBase):
    """So many zero bytes, without holding them."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        taken = min(size, self.left)
        self.left -= taken
        return bytes(taken)


class Sparse(io.BytesIO):
    """Keeps what is not a long run of zeros, and answers as a file of full size would."""

    def __init__(self) -> None:
        super().__init__()
        self.at, self.kept = 0, dict[int, bytes]()

    def tell(self) -> int:
        return self.at

    def seek(self, to: int, how: int = 0) -> int:
        self.at = to
        return to

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if len(data) < 1000:
            self.kept[self.at] = data
        self.at += len(data)
        return len(data)


class NoDigest:
    """In the place of SHA-256 where only the form of a very large zip is of interest."""

    def update(self, data: bytes) -> None: ...

    def hexdigest(self) -> str:
        return "00" * 32


def test_a_file_of_more_than_4_gib_takes_the_wide_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bags, "hashlib", SimpleNamespace(sha256=NoDigest))
    monkeypatch.setattr(bags, "zlib", SimpleNamespace(crc32=lambda data, crc=0: 0))
    size = (1 << 32) + 5
    out = Sparse()
    zipped = StoredZip(out)
    zipped.add(BagFile("big", size, lambda: Zeros(size)))  # type: ignore[arg-type, return-value]
    zipped.add(BagFile("after", 1, lambda: io.BytesIO(b"x")))
    zipped.finish()
    header = out.kept[0]
    assert struct.unpack("<HHQQ", header[-20:]) == (1, 16, size, size)
    records = b"".join(out.kept[at] for at in sorted(out.kept) if out.kept[at].startswith(b"PK"))
    assert b"PK\6\6" in records
    assert b"PK\6\7" in records


def test_zipfile_reads_the_wide_form(tmp_path: Path) -> None:
    out = io.BytesIO()
    zipped = StoredZip(out)
    with zipped.inner("in.zip", 1 << 40) as inner:
        out.write(b"content")
    zipped.finish()
    assert inner().size == 7
    (tmp_path / "wide.zip").write_bytes(out.getvalue())
    assert zipfile.ZipFile(out).read("in.zip") == b"content"
    assert (
        subprocess.run(["unzip", "-tq", tmp_path / "wide.zip"], check=False, capture_output=True).returncode
        == 0
    )


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("../up", "up"),
        ("a/../../up", "up in the middle"),
        ("a//b", "an empty part"),
        ("./a", "here"),
        ("a/", "a folder"),
        ("a\\b", "a folder on Windows"),
        ("C:a", "a drive on Windows"),
        ("a\nb", "a line in a manifest"),
        ("a\x00b", "the end of a name in C"),
        ("a\u202eb", "turns the text around"),
        (" a", "hard to see"),
        ("a.", "Windows drops the dot"),
        ("x" * 256, "too long for a file system"),
    ],
)
def test_an_unsafe_path_is_refused(path: str, reason: str) -> None:
    with pytest.raises(UnsafePath):
        StoredZip(io.BytesIO()).add(from_bytes(path, b""))


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("a", "a", "the same"),
        ("a", "A", "the same on Windows and macOS"),
        ("\u00e9", "e\u0301", "composed and decomposed"),
    ],
)
def test_two_names_for_one_file_are_refused(first: str, second: str, reason: str) -> None:
    zipped = StoredZip(io.BytesIO())
    zipped.add(from_bytes(first, b""))
    with pytest.raises(UnsafePath, match="same name"):
        zipped.add(from_bytes(second, b""))


@pytest.mark.parametrize(
    ("size", "digest", "what"),
    [(4, None, "size"), (6, None, "size"), (5, "00" * 32, "SHA-256")],
)
def test_a_source_that_changed_is_refused(size: int, digest: str | None, what: str) -> None:
    file = BagFile("f", size, lambda: io.BytesIO(b"hello"), digest)
    with pytest.raises(ChangedSource, match=what):
        StoredZip(io.BytesIO()).add(file)


def test_a_manifest_encodes_line_ends_and_percent_and_nothing_else() -> None:
    assert bags.manifest_path("50% ü\r\n") == "50%25 ü%0D%0A"


def test_a_value_cannot_begin_a_new_line_of_bag_info() -> None:
    out = io.BytesIO()
    write_bag(out, "R-1", [], [("Contact-Name", "Eve\nPayload-Oxum: 9.9")])
    assert (
        zipfile.ZipFile(out).read("R-1/bag-info.txt")
        == b"Contact-Name: Eve Payload-Oxum: 9.9\nPayload-Oxum: 0.0\n"
    )
