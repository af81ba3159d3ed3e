"""What a redacted copy hides beside the people that the packet names, and what its preview says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from offboarding.lib import canonical
from offboarding.lib.signing import Signer
from offboarding.packets import contents as parts
from offboarding.packets.contents import PacketContents, Redacts
from offboarding.packets.reader import open_packet
from offboarding.packets.redaction.names import Names
from offboarding.packets.redaction.preview import preview
from offboarding.packets.redaction.redact import NOTHING_BESIDES, Besides, noted, redacted, strings
from offboarding.packets.redaction.restore import contents_of
from offboarding.packets.verifier import verify
from offboarding.packets.writer import WrittenPacket, write_packet

Make = Callable[..., PacketContents]
SHA = "ab" * 32
# Free text of people in the middle of what the product says, each with a name that nothing else in the packet has.
TAKEN_BACK = (
    f"Rosa Rask.png (3 bytes, SHA-256 {SHA}) was taken back by Olga <o@x.example>: It shows Selma Sund."
)
CANCELLED = "Cancelled by Alice <a@x.example>: Tove Toll stays. Steps that were not done: 3, 4."
AT = "2026-03-31T14:49:00Z"
FREE = {
    "ticket": "see Quentin Quist",
    "exceptions": (parts.Remark("Check tokens", TAKEN_BACK), parts.Remark("What was left", CANCELLED)),
    "messages": (
        parts.Message(AT, "E-mail", "a@x.example", "Decide: remove dan.duarte@… from Acme Prod", "taken"),
        parts.Message(AT, "Letter by mail", "b@x.example", "Dear Ulf Udd", "delivered, says Vera Vinge"),
        parts.Message(AT, "Letter", "", "Letter to the client", "given up: Ylva Yng knows it"),
    ),
}
NAMED = ("Quentin", "Rosa", "Selma", "Tove", "dan.duarte@", "Ulf", "Vera", "Ylva")


@pytest.fixture
def whole(
    sample: Make, make_evidence: Callable[..., parts.Evidence], signer: Signer, tmp_path: Path
) -> WrittenPacket:
    """A packet with names in free text, in an event of the audit trail, and in a file that nobody looks into."""
    event = {"resourceType": "user", "resourceName": "Wilma Wik", "type": "User Removed"}
    owner = {"name": "Web of Xenia Xu", "label": "漢字"}
    answer = make_evidence(1, "answers.json", json.dumps({"items": [event, owner]}).encode())
    made = sample()
    plan = {**made.plan, "service_account": {"owner": "Zelda Zorn", "consumers": "the job of Arvid"}}
    digest = canonical.digest(plan)
    approvals = tuple(replace(one, fingerprint=digest) for one in made.approvals)
    _first, *rest = made.evidence
    return write_packet(
        sample(evidence=(answer, *rest), plan=plan, plan_fingerprint=digest, approvals=approvals, **FREE), tmp_path, signer
    )  # fmt: skip


def copy_of(whole: WrittenPacket, signer: Signer, besides: Besides = NOTHING_BESIDES) -> str:
    """Every text of the redacted copy, which verifies."""
    restored = contents_of(open_packet(whole.path))
    folder = whole.path.parent / "copy"
    folder.mkdir(exist_ok=True)
    made = write_packet(redacted(restored, Redacts(whole.sha256, whole.bag.sha256), besides), folder, signer)
    assert verify(str(made.path)).ok
    opened = open_packet(made.path)
    files = [path for path in opened.bag if path.startswith("data/") and not path.endswith(".pdf")]
    return "\n".join(opened.small(path).decode() for path in files)


def test_names_in_what_people_wrote_are_hidden_wherever_the_product_quotes_it(
    whole: WrittenPacket, signer: Signer
) -> None:
    before = "\n".join(
        open_packet(whole.path).small(path).decode() for path in ("data/removal.json", "data/plan.json")
    )
    after = copy_of(whole, signer)
    for word in (*NAMED, "Zelda", "Arvid", "Wilma"):
        assert word == "Wilma" or word in before, word
        assert word not in after, word


def test_people_whom_the_product_knows_go_too_and_so_do_words_of_the_reader(
    whole: WrittenPacket, signer: Signer
) -> None:
    assert "Web of Xenia Xu" in copy_of(whole, signer), "nothing says that this is a name"
    by_name = copy_of(whole, signer, Besides(people=[("Xenia Xu", ["xenia@x.example"])]))
    assert "Xenia" not in by_name and "Web of [person" in by_name
    assert "xenia" not in copy_of(whole, signer, Besides(words=["xenia xu", "漢字"])).lower()
    assert "漢字" not in copy_of(whole, signer, Besides(words=["漢字"])).replace("Screenshot 漢字", "")


def test_only_the_whole_name_of_somebody_else_is_hidden() -> None:
    names = Names()
    names.person("May Winter", ["may@x.example"], parts=False)
    assert names.hide("May Winter left in May, in Winter") == "[person 1] left in May, in Winter"


def test_the_preview_shows_what_goes_what_stays_and_what_was_not_looked_into(whole: WrittenPacket) -> None:
    seen = preview(open_packet(whole.path), Besides(people=[("Nobody Here", ["nobody@x.example"])]))
    instead = {each.written: each.instead for each in seen.people}
    assert instead["Dan Duarte"] == "[person 1]" and "Nobody Here" not in instead
    assert "It shows Selma Sund" in {each.written for each in seen.texts}
    assert "Xenia Xu" in " ".join(seen.suspects) and "漢字" in seen.suspects
    assert "Acme Prod" not in seen.suspects and "Dan Duarte" not in seen.suspects
    assert {one.why for one in seen.left_out} == {"not looked into: a file that cannot be redacted"}
    assert seen.whole


def test_a_word_of_the_reader_is_no_suspect_any_more(whole: WrittenPacket) -> None:
    seen = preview(open_packet(whole.path), Besides(words=["Xenia Xu", "漢字"]))
    assert not any("Xenia" in each or "漢字" in each for each in seen.suspects)


def test_a_note_of_one_word_by_a_person_takes_its_entry_out(sample: Make) -> None:
    assert noted({"note": "Smith"}) and noted({"why": "smith"}) and noted({"reason": "Smith"})
    assert not noted({"reason": "contract-ended", "version": 2, "note": ""})
    assert list(strings({"a": ["b", {"c": "d"}]})) == ["b", "d"]
