"""The part of one client of a packet that reaches into two: all of theirs, nothing of the other's, and it proves itself."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from offboarding.lib import canonical
from offboarding.lib.hashing import sha256_hex
from offboarding.lib.signing import Signer
from offboarding.packets import contents as parts
from offboarding.packets.contents import PacketContents, Redacts
from offboarding.packets.reader import open_packet
from offboarding.packets.redaction.part import part_of
from offboarding.packets.redaction.restore import contents_of
from offboarding.packets.verifier import verify
from offboarding.packets.words import old_keys
from offboarding.packets.writer import PacketRefused, WrittenPacket, write_packet

Make = Callable[..., PacketContents]
AT = "2026-03-31T14:49:00Z"
# Everything of the other client, none of which may be anywhere in the part.
THEIRS = (
    "Globex", "Hank", "globex-members", "Globex Live", "gW1", "Their key", "Their note", "boss@globex.example", "Their reason",
    "Whole note", "Grant of theirs",
)  # fmt: skip


def shared(sample: Make, make_evidence: Callable[..., parts.Evidence]) -> PacketContents:
    """The packet of R-1042, which reaches into Globex Live too."""
    made = sample()
    prod = made.places[0]
    live = replace(prod, workspace="Globex Live", workspace_id="gW1", client="Globex", before="Grant of theirs",
                   removed_by="Hank Hill", evidence=(4,))  # fmt: skip
    step = replace(made.items[0], number=4, title="Hand over sources", by="Hank Hill", sentence="Their note",
                   place="Globex Live", evidence=(4,))  # fmt: skip
    both = replace(
        made.items[1],
        number=5,
        title="Read Acme Prod and Globex Live",
        by="Offboard",
        place="",
        evidence=(4, 5),
    )
    held = [
        {
            "client": one.client,
            "workspace": one.workspace,
            "workspace_id": number,
            "accounts": [],
            "reason": "",
        }
        for number, one in enumerate((*made.places, live))
    ]
    plan = {
        **made.plan,
        "places": held,
        "items": [{"number": 5, "title": both.title, "workspace_id": None, "target": {"x": "Their key"}},
                  {"number": 4, "title": step.title, "workspace_id": 3, "target": {}}],
        "may_break": ["Globex Live: 3 keys", "Acme Prod: 2 keys"],
    }  # fmt: skip
    digest = canonical.digest(plan)
    return replace(
        made,
        plan=plan,
        plan_fingerprint=digest,
        clients=("Acme", "Globex"),
        approvals=tuple(replace(one, fingerprint=digest) for one in made.approvals),
        places=(*made.places, live),
        items=(*made.items, step, both),
        executed_by=(*made.executed_by, "Hank Hill <hank@globex.example>"),
        notes=("Whole note",),
        requester="Alice Almeida <alice@agency.example>",
        runs=(*made.runs, parts.Run(4, "Globex Live", "done"), parts.Run(5, "", "done", {"Globex Live": 1}, {})),
        findings=(*made.findings, replace(made.findings[0], place="Globex Live", evidence=(4,))),
        credentials=(*made.credentials, replace(made.credentials[0], name="Their key", place="Globex Live", evidence=())),
        resources=(*made.resources, replace(made.resources[0], name="Their key", place="Globex Live")),
        messages=(
            *made.messages,
            parts.Message(AT, "Letter by mail", "boss@globex.example", "To Globex", "delivered", (5,)),
            parts.Message(AT, "Letter by mail", "it@acme.example", "To Acme", "delivered", (6,)),
        ),
        differences=(*made.differences, parts.Difference("Hand over sources", "to be done", "skipped", "Their reason")),
        exceptions=(*made.exceptions, parts.Remark("Globex Live", "Late"), parts.Remark("Hand over sources", "Skipped by Hank")),
        unknowns=(parts.Remark("Not known", "Tokens in Acme Prod and Globex Live"), parts.Remark("Not known", "In Globex Live")),
        evidence=(
            *made.evidence,
            make_evidence(4, "globex-members.json", b"{}"),
            make_evidence(5, "letter-globex.eml", b"To Globex"),
            make_evidence(6, "letter-acme.eml", b"To Acme"),
        ),
    )  # fmt: skip


@pytest.fixture
def pair(
    sample: Make, make_evidence: Callable[..., parts.Evidence], signer: Signer, tmp_path: Path
) -> tuple[WrittenPacket, WrittenPacket]:
    """A packet for two clients, and the part of Acme."""
    whole = write_packet(shared(sample, make_evidence), tmp_path, signer)
    of = Redacts(whole.sha256, whole.bag.sha256, 2, "Acme")
    part = part_of(contents_of(open_packet(whole.path)), "Acme", [sha256_hex(b"To Acme")], of)
    return whole, write_packet(part, tmp_path, signer)


def files_of(packet: WrittenPacket) -> dict[str, bytes]:
    opened = open_packet(packet.path)
    return {path: b"".join(opened.read(part)) for path, part in opened.bag.items()}


def report_of(packet: WrittenPacket) -> str:
    pages = pypdf.PdfReader(io.BytesIO(files_of(packet)["data/report.pdf"])).pages
    return " ".join(" ".join(one.extract_text() for one in pages).split())


def test_nothing_of_the_other_client_is_in_it(pair: tuple[WrittenPacket, WrittenPacket]) -> None:
    whole, part = pair
    said = report_of(part)
    for word in THEIRS:
        assert any(word.encode() in data for data in files_of(whole).values()), f"{word} is not even there"
        found = [path for path, data in files_of(part).items() if word.encode() in data]
        assert not found and word not in said, (word, found)


def test_all_of_its_own_is_in_it_with_its_people_and_its_files(
    pair: tuple[WrittenPacket, WrittenPacket],
) -> None:
    whole, part = (files_of(each) for each in pair)
    record = json.loads(part["data/removal.json"])
    assert [one["workspace"] for one in record["places"]] == ["Acme Prod", "Acme Dev", "Acme EU"]
    assert record["person"]["addresses"] == ["dan@duarte.example", "dan.duarte@agency.example"]
    assert {one["number"] for one in record["items"]} == {1, 2, 3, 5}
    assert record["clients"] == ["Acme"] and "Olga Ortiz" in record["executed_by"]
    kept = [path for path in part if path.startswith("data/evidence/")]
    assert len(kept) == 4 and all(part[path] == whole[path] for path in kept), "as they were captured"
    assert [one["to"] for one in record["messages"]] == ["alice@agency.example", "it@acme.example"]
    assert b"bob@acme.example" in part["data/approvals.json"], "addresses are whole"


def test_rows_that_name_both_have_the_other_hidden(pair: tuple[WrittenPacket, WrittenPacket]) -> None:
    record = json.loads(files_of(pair[1])["data/removal.json"])
    assert record["items"][-1]["title"] == "Read Acme Prod and [another client's]"
    assert [one["sentence"] for one in record["unknowns"]] == ["Tokens in Acme Prod and [another client's]"]
    plan = json.loads(files_of(pair[1])["data/plan.json"])
    assert (len(plan["places"]), len(plan["items"]), plan["may_break"]) == (3, 1, ["Acme Prod: 2 keys"])


def test_it_says_that_it_is_a_part_and_of_what_and_proves_itself(
    pair: tuple[WrittenPacket, WrittenPacket],
) -> None:
    whole, part = pair
    report = verify(str(part.path))
    assert report.ok, [line for line in report.lines if not line.ok]
    assert f"This is the PART OF ONE CLIENT, Acme, of the packet with the SHA-256 {whole.sha256}." in str(
        report.lines
    )
    assert "2 were left out and are listed" in str(report.lines)
    assert part.path.name == "R-1042-part-2-packet.zip"
    assert "This is the part of Acme. The request reaches into other clients too." in report_of(part)
    assert "Part of Acme of the packet" in report_of(part)


def test_two_workspaces_of_one_name_are_not_told_apart_by_guessing(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    places = (*whole.places[:3], replace(whole.places[3], workspace="Acme Prod"))
    with pytest.raises(PacketRefused, match="has the name of one of Acme"):
        part_of(replace(whole, places=places), "Acme", [], Redacts("ab" * 32, "cd" * 32, 1, "Acme"))


def test_a_longer_name_of_its_own_is_not_cut_by_a_shorter_one_of_theirs(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    places = (*whole.places[:3], replace(whole.places[3], client="Prod", workspace="EU"))
    plan = {**whole.plan, "places": [{**one, "workspace": "EU"} if one["client"] == "Globex" else one
                                     for one in whole.plan["places"]]}  # fmt: skip
    part = part_of(
        replace(whole, places=places, plan=plan), "Acme", [], Redacts("ab" * 32, "cd" * 32, 1, "Acme")
    )
    assert [one.workspace for one in part.places] == ["Acme Prod", "Acme Dev", "Acme EU"]


def part_with(made: PacketContents, **changes: object) -> PacketContents:
    """The part of Acme of this packet, with some fields changed; the letter to Acme is its own."""
    mine = [one.sha256 for one in made.evidence if one.name == "letter-acme.eml"]
    return part_of(replace(made, **changes), "Acme", mine, Redacts("ab" * 32, "cd" * 32, 1, "Acme"))  # type: ignore[arg-type]


def test_letters_about_two_clients_to_one_address_are_told_apart(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    lead = "alice@agency.example"
    letters = tuple(
        replace(one, to=lead) if one.channel == "Letter by mail" else one for one in whole.messages
    )
    part = part_with(whole, messages=letters)
    assert [one.subject for one in part.messages if one.channel == "Letter by mail"] == ["To Acme"]
    assert "letter-globex.eml" not in [one.name for one in part.evidence]


def test_names_of_files_and_what_they_show_name_no_other_client(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    first = replace(
        whole.evidence[0],
        name="members_globex-live_GLOBEX.png",
        shows="As at Globex Live",
        source="By hand: Globex",
    )
    part = part_with(whole, evidence=(first, *whole.evidence[1:]))
    told = next(one for one in part.evidence if one.number == 1)
    assert "globex" not in f"{told.name} {told.shows} {told.source}".casefold()
    assert (told.sha256, told.size) == (first.sha256, first.size)


def test_names_beside_underscores_and_in_web_addresses_are_hidden_and_mail_addresses_stay(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    said = "Like globex_key on www.globex.example, Globex.See dan@globex.example"
    step = replace(whole.items[0], sentence=said)
    (told,) = [
        one for one in part_with(whole, items=(step, *whole.items[1:])).items if one.number == step.number
    ]
    assert told.sentence.casefold().count("globex") == 1
    assert told.sentence.endswith("See dan@globex.example")


def test_what_was_written_beside_the_request_as_a_whole_is_hidden(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    plan = {**whole.plan, "service_account": {"owner": "Olga Ortiz", "consumers": "Nightly load of theirs"}}
    part = part_with(
        whole, plan=plan, ticket="CS 7, their move", sow="Their frame contract", emergency="INC-7"
    )
    told = (part.ticket, part.sow, part.plan["service_account"]["consumers"])
    assert all(each.startswith("[text ") for each in told), told
    assert part.emergency == "INC-7"


def test_a_client_that_the_request_does_not_reach_is_hidden_too(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    step = replace(whole.items[0], sentence="As we did for Hooli.")
    made = replace(whole, items=(step, *whole.items[1:]))
    part = part_of(made, "Acme", [], Redacts("ab" * 32, "cd" * 32, 1, "Acme"), ["Hooli", "Acme"])
    assert next(one.sentence for one in part.items if one.number == step.number) == (
        "As we did for [another client's]."
    )


def about(number: int, title: str, *workspaces: str) -> dict[str, object]:
    """A step of the request as a whole, as a plan has it."""
    return {"number": number, "title": title, "workspace_id": None, "target": {"workspaces": workspaces}}


def test_steps_of_the_whole_request_tell_no_things_of_another_client(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    told = (
        about(10, "Hand over functions: Stock feed", "Globex Live"),
        about(11, "Hand over audiences: Buyers, Their whales", "Acme Prod", "Globex Live"),
        about(12, "Hand over warehouses: Snowflake acme", "Acme Prod"),
    )
    step = replace(whole.items[0], by="Offboard", sentence="", place="", evidence=())
    items = tuple(replace(step, number=one["number"], title=one["title"]) for one in told)
    notice = replace(whole.messages[0], subject="[R-1042] Needs you: Hand over functions: Stock feed")
    part = part_with(
        whole,
        plan={**whole.plan, "items": [*whole.plan["items"], *told]},
        items=(*whole.items, *items),
        messages=(*whole.messages, notice),
        requester=f"Alice <{notice.to}>",
    )
    shown = [one.title for one in part.items if one.number >= 10]
    assert shown == ["Hand over audiences: [of several clients]", "Hand over warehouses: Snowflake acme"]
    assert [one["title"] for one in part.plan["items"] if one["number"] >= 10] == shown
    assert "[R-1042] Needs you: [another client's]" in [one.subject for one in part.messages]
    assert not any(word in str(part.messages) + str(part.plan) for word in ("Stock feed", "Their whales"))


def test_how_many_keys_and_places_another_client_has_is_not_told(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    keys = replace(whole.credentials[0], name="", place="Acme Dev, Globex Live, Globex Live 2, Acme Prod")
    told = old_keys({"Acme Prod": 2, "Globex Live": 31})
    part = part_with(whole, exceptions=(told,), credentials=(keys,))
    assert part.credentials[0].place == "Acme Dev, Acme Prod, [another client's]"
    assert part.exceptions == (old_keys({"Acme Prod": 2}),)


def test_a_policy_that_another_client_alone_has_is_left_out(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    decided = [{"name": "Strict", "workspaces": [3]}, {"name": "As installed", "workspaces": [0, 3]}]
    part = part_with(whole, plan={**whole.plan, "decided_under": decided})
    assert part.plan["decided_under"] == [{"name": "As installed", "workspaces": [0]}]


def test_what_came_later_at_another_client_is_not_told(
    sample: Make, make_evidence: Callable[..., parts.Evidence]
) -> None:
    whole = shared(sample, make_evidence)
    back = "2026-04-30: access is there again. Globex Live: Workspace Owner."
    ours = "2026-04-30: step 2 ended. Remove the member."
    first = parts.Addendum(2, AT, "Offboard", back, 1, "ab" * 32)
    part = part_with(whole, addenda=(first, replace(first, text=f"{back}\n{ours}")))
    assert [one.text for one in part.addenda] == ["What came is nothing of this client's.", ours]
