"""A redacted copy: nobody in it can be told, the same person is the same everywhere, and it still proves itself."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from offboarding.lib.signing import Signer
from offboarding.packets import contents as parts
from offboarding.packets.contents import PacketContents, Redacts
from offboarding.packets.reader import open_packet
from offboarding.packets.redaction.names import Names
from offboarding.packets.redaction.redact import redacted
from offboarding.packets.redaction.restore import contents_of
from offboarding.packets.verifier import verify
from offboarding.packets.writer import WrittenPacket, write_packet

Make = Callable[..., PacketContents]
PEOPLE = {
    "items": [
        {"name": "Dan Duarte", "email": "dan.duarte@agency.example", "id": "u1"},
        {"name": "Priya Nair", "email": "priya@acme.example", "id": "u2"},
    ]
}
# Names, addresses and texts of people, none of which may be anywhere in the copy.
HIDDEN = (
    "Dan Duarte", "dan@duarte.example", "dan.duarte@agency.example", "Olga Ortiz", "Bob Braun", "bob@acme.example",
    "Alice Almeida", "alice@agency.example", "Priya", "priya@acme.example", "203.0.113.9", "Acme Dev is missing",
    "2 plans went to", "Screenshot",
)  # fmt: skip


@pytest.fixture
def pair(
    sample: Make, make_evidence: Callable[..., parts.Evidence], signer: Signer, tmp_path: Path
) -> tuple[WrittenPacket, WrittenPacket]:
    """A packet and its redacted copy."""
    answer = make_evidence(1, "members-before.json", json.dumps(PEOPLE).encode())
    first, *rest = sample().evidence
    whole = write_packet(
        sample(evidence=(replace(answer, shows=first.shows), *rest), requester="Alice Almeida <alice@agency.example>"),
        tmp_path,
        signer,
    )  # fmt: skip
    restored = contents_of(open_packet(whole.path))
    copy = write_packet(redacted(restored, Redacts(whole.sha256, whole.bag.sha256)), tmp_path, signer)
    return whole, copy


def files_of(packet: WrittenPacket) -> dict[str, bytes]:
    opened = open_packet(packet.path)
    return {path: b"".join(opened.read(part)) for path, part in opened.bag.items()}


def text_of(pdf: bytes) -> list[str]:
    return [" ".join(one.extract_text().split()) for one in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def test_what_is_restored_from_a_packet_writes_the_same_packet(
    sample: Make, signer: Signer, tmp_path: Path
) -> None:
    whole = write_packet(sample(), tmp_path, signer)
    restored = contents_of(open_packet(whole.path))
    (tmp_path / "again").mkdir()
    proofs = replace(restored, entries=sample().entries)  # the salts are what a copy never takes
    assert write_packet(proofs, tmp_path / "again", signer).sha256 == whole.sha256


def test_nobody_can_be_told(pair: tuple[WrittenPacket, WrittenPacket]) -> None:
    whole, copy = (files_of(each) for each in pair)
    pages = text_of(copy["data/report.pdf"])
    for word in HIDDEN:
        assert any(word.encode() in data for data in whole.values()), f"{word} is not even in the packet"
        found = [path for path, data in copy.items() if word.encode() in data]
        assert not found and not [page for page in pages if word in page], (word, found)
    assert b"Acme Prod" in copy["data/removal.json"], "what names nobody stays"


def test_the_same_person_has_the_same_number_everywhere(pair: tuple[WrittenPacket, WrittenPacket]) -> None:
    copy = files_of(pair[1])
    record, approvals = (json.loads(copy[f"data/{name}.json"]) for name in ("removal", "approvals"))
    assert record["person"]["name"] == "[person 1]"
    assert set(record["person"]["addresses"]) == {"[address of person 1]"}
    (answer,) = [data for path, data in copy.items() if path.endswith("members-before.json")]
    assert json.loads(answer)["items"][0] == {
        "name": "[person 1]",
        "email": "[address of person 1]",
        "id": "u1",
    }
    assert len({one["by"] for one in approvals}) == 1 and approvals[0]["by"] != "[person 1]"


def test_it_proves_itself_and_says_of_which_packet_on_each_page(
    pair: tuple[WrittenPacket, WrittenPacket],
) -> None:
    whole, copy = pair
    report = verify(str(copy.path))
    assert report.ok, [line for line in report.lines if not line.ok]
    assert f"REDACTED COPY of the packet with the SHA-256 {whole.sha256}" in str(report.lines)
    assert copy.path.name == "R-1042-redacted-packet.zip"
    for page in text_of(files_of(copy)["data/report.pdf"]):
        assert "Redacted copy" in page and whole.sha256 in page.replace(" ", "")


def test_files_that_cannot_be_redacted_stay_out_and_are_listed_with_their_digest(
    pair: tuple[WrittenPacket, WrittenPacket],
) -> None:
    whole, copy = (json.loads(files_of(each)["data/removal.json"]) for each in pair)
    (left,) = copy["left_out"]
    picture = whole["evidence"][2]
    assert (left["number"], left["sha256"], left["size"]) == (3, picture["sha256"], picture["size"])
    assert [one["captured_sha256"] for one in copy["evidence"]] == [
        one["sha256"] for one in whole["evidence"][:2]
    ]


def test_an_entry_that_may_name_somebody_shows_its_place_alone(
    pair: tuple[WrittenPacket, WrittenPacket], sample: Make, signer: Signer, tmp_path: Path
) -> None:
    copy = files_of(pair[1])
    proofs = json.loads(copy["data/ledger/proofs.json"])
    assert all(one["personal"] == [] for one in proofs), "a salt would let anybody try names"
    assert len(copy["data/ledger/entries.jsonl"].splitlines()) == sum("leaf" not in one for one in proofs)


def test_a_packet_that_leaves_out_without_saying_so_is_found(
    sample: Make, signer: Signer, tmp_path: Path
) -> None:
    bare = tuple(replace(one, data=b"", personal=(), leaf="0" * 64) for one in sample().entries)
    made = write_packet(sample(entries=bare), tmp_path, signer)
    told = str(verify(str(made.path)).lines)
    assert "leaves out ledger entries, and does not say" in told


WORDS = [
    ("Dan left", "[person 1] left", "a first name by itself"),
    ("DAN@X.EXAMPLE, dan@x.example", "[address of person 1], [address of person 1]", "case does not matter"),
    ("Danube", "Danube", "a word that begins alike"),
    ("Duarte  Dan asked", "[person 1] asked", "the parts the other way round"),
    ("who@else.example", "[address of person 2]", "an address that nobody named"),
    ("from 203.0.113.9 and 2001:db8::7:1:2", "from [network address] and [network address]", "where from"),
    ("2026-03-31T09:19:04Z", "2026-03-31T09:19:04Z", "a time is no network address"),
    ("he said: call me at home", "he said: [text 1]", "what somebody wrote, inside of a sentence"),
]


def test_words_are_found_whole_and_in_any_case() -> None:
    for text, shown, reason in WORDS:
        names = Names()
        names.person("Dan Duarte", ["dan@x.example"])
        names.text("call me at home")
        assert names.hide(text) == shown, reason


def test_two_names_with_one_address_are_one_person() -> None:
    names = Names()
    names.person("Dan Duarte", ["dan@x.example"])
    names.person("D. Duarte", ["Dan@X.example", "dd@y.example"])
    assert names.hide("D. Duarte dd@y.example") == "[person 1] [address of person 1]"
