"""Reading a sealed packet in place: every part is a range of its one file."""

import hashlib
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from offboarding.lib.signing import Signer
from offboarding.packets import contents as parts
from offboarding.packets.contents import PacketContents
from offboarding.packets.reader import Damaged, open_packet
from offboarding.packets.writer import WrittenPacket, write_packet

Make = Callable[..., PacketContents]
MakeEvidence = Callable[..., parts.Evidence]


@pytest.fixture
def written(sample: Make, signer: Signer, tmp_path: Path) -> WrittenPacket:
    return write_packet(sample(), tmp_path, signer)


def test_each_part_beside_the_bag_is_found(written: WrittenPacket) -> None:
    opened, whole = open_packet(written.path), zipfile.ZipFile(written.path)
    assert {name: b"".join(opened.read(part)) for name, part in opened.beside.items()} == {
        name: whole.read(name) for name in whole.namelist()
    }


def test_each_file_of_the_bag_is_found_without_unpacking_it(written: WrittenPacket) -> None:
    opened = open_packet(written.path)
    bag = zipfile.ZipFile(BytesIO(zipfile.ZipFile(written.path).read("R-1042.zip")))
    assert {f"R-1042/{name}": b"".join(opened.read(part)) for name, part in opened.bag.items()} == {
        name: bag.read(name) for name in bag.namelist()
    }


def test_the_record_lists_the_evidence_and_the_manifest_its_digests(written: WrittenPacket) -> None:
    opened = open_packet(written.path)
    digests = opened.digests()
    assert all(digests[each["sha256"]] == each["path"] for each in opened.record()["evidence"])
    report = hashlib.sha256(b"".join(opened.read(opened.bag["data/report.pdf"]))).hexdigest()
    assert digests[report] == "data/report.pdf"


def test_a_later_version_is_read_by_its_own_name(sample: Make, signer: Signer, tmp_path: Path) -> None:
    later = write_packet(sample(version=2), tmp_path, signer)
    assert open_packet(later.path).bag_part.path == "R-1042-v2.zip"


BROKEN = [
    (lambda path: path.unlink(), "it is away"),
    (lambda path: path.write_bytes(b""), "it is empty"),
    (lambda path: path.write_bytes(path.read_bytes()[:5000]), "it is cut off"),
    (lambda path: path.write_bytes(b"no zip at all" * 100), "it is something else"),
]


@pytest.mark.parametrize(("harm", "reason"), BROKEN, ids=[row[1] for row in BROKEN])
def test_a_file_that_is_no_packet_is_told(
    written: WrittenPacket, harm: Callable[[Path], object], reason: str
) -> None:
    harm(written.path)
    with pytest.raises(Damaged):
        open_packet(written.path)


def test_a_packed_zip_is_no_packet(tmp_path: Path) -> None:
    path = tmp_path / "R-1042-packet.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("R-1042.zip", b"x" * 500)
    with pytest.raises(Damaged):
        open_packet(path)
