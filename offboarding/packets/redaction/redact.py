"""A sealed packet without the people that are known, without what people wrote, and without what a reader names besides.

Pure but for the files of evidence, which are read one at a time. Nobody can tell every name: what is not known to be one
stays, and whoever has a copy made looks at what stays first (`preview`).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from offboarding.lib import canonical, merkle
from offboarding.lib.hashing import sha256_hex
from offboarding.packets import contents as made
from offboarding.packets.redaction.names import OURS, Names
from offboarding.packets.redaction.restore import of

# An answer of Segment has a few hundred kilobytes. What is larger is left out, not held in memory.
LARGEST = 8 << 20
JSON = "application/json"
BY_PERSON = "Added by a person"


@dataclass(frozen=True, slots=True)
class Besides:
    """What is hidden beside what the packet itself knows: people as (name, addresses), and words of the reader's."""

    people: Sequence[tuple[str, Sequence[str]]] = ()
    words: Sequence[str] = ()


NOTHING_BESIDES = Besides()


def redacted(
    whole: made.PacketContents, of_which: made.Redacts, besides: Besides = NOTHING_BESIDES
) -> made.PacketContents:
    """The same packet redacted, naming the one it was made of. Its approvals keep the fingerprint of the whole plan."""
    names = known(whole, besides)
    kept, left_out = files(whole.evidence, names)
    bare = replace(whole, evidence=(), entries=(), checkpoint=NOTHING)
    shown = of(made.PacketContents, {**names.walk(made.plain(bare)), "checkpoint": NOTHING})
    shown = replace(
        shown,
        checkpoint=whole.checkpoint,
        entries=tuple(entry(each, names) for each in whole.entries),
        evidence=tuple(kept),
        left_out=tuple(left_out),
        redacts=of_which,
        plan_fingerprint=whole.plan_fingerprint,
        approvals=tuple(replace(each, network_address="") for each in shown.approvals),
    )
    return cast(made.PacketContents, shown)


NOTHING = made.Checkpoint(b"", b"", b"")


def known(whole: made.PacketContents, besides: Besides = NOTHING_BESIDES) -> Names:
    names = Names()
    for word in besides.words:
        names.word(word)
    names.person(whole.person.name, whole.person.addresses)
    for label in (whole.requester, *whole.executed_by):
        names.labelled(label)
    for one in whole.approvals:
        names.person(one.by, [one.address])
    for label in labels(whole):
        names.labelled(label)
    for text in written(whole):
        names.text(text)
    for place in whole.plan.get("places", ()):
        names.learn(place)
    for file in whole.evidence:
        if readable(file):
            names.learn(read(file))
    for name, addresses in besides.people:
        names.person(name, addresses, parts=False)
    return names


def labels(whole: made.PacketContents) -> Iterable[str]:
    yield from (one.by for one in whole.items)
    yield from (one.removed_by for one in whole.places)
    yield from (one.by for one in whole.credentials)
    yield from (one.taken_by for one in whole.evidence if one.source.startswith(BY_PERSON))
    yield from (one.to for one in whole.messages)
    yield from (told["by"] for told in matches(SAYS, (one.state for one in whole.messages)))
    yield from (told["by"] for told in matches(TAKEN_BACK, remarks(whole)))
    yield str(service_account(whole).get("owner", ""))
    for line in whole.handoff_notes.splitlines()[:1]:
        if line.startswith("Contact: "):
            yield line.removeprefix("Contact: ")


def written(whole: made.PacketContents) -> Iterable[str]:
    """What people wrote, as far as the record keeps it apart from what the product says."""
    yield from whole.notes
    yield whole.handoff_notes
    yield str(service_account(whole).get("consumers", ""))
    # A number of a ticket or a contract is one word. More than one may say anything.
    yield from (each for each in (whole.ticket, whole.sow, whole.emergency) if " " in each.strip())
    # The words of a letter are the client's own.
    yield from (one.subject for one in whole.messages if one.channel.startswith("Letter"))
    yield from (told["why"] for told in matches(GIVEN_UP, (one.state for one in whole.messages)))
    for told in matches(TAKEN_BACK, remarks(whole)):
        yield from (told["file"], told["why"])
    yield from (told["why"] for told in matches(CANCELLED, remarks(whole)))
    yield from (one.reason for one in whole.approvals)
    yield from (
        one.reason for one in whole.differences if not one.reason.startswith("Found while the work went on")
    )
    yield from (one.sentence for one in whole.items if by_hand(one))
    for place in whole.plan.get("places", ()):
        yield str(place.get("reason", ""))
    for file in whole.evidence:
        if file.source.startswith(BY_PERSON):
            yield file.name
            yield file.shows


# Sentences of ours with what people wrote in the middle; `packets.remarks` and `packets.letters` say them.
SAYS = re.compile(r"(?:delivered|came back), says (?P<by>.+)", re.DOTALL)
GIVEN_UP = re.compile(r"given up: (?P<why>.+)", re.DOTALL)
CANCELLED = re.compile(r"Cancelled by .*?>: (?P<why>.+)\. Steps that were not done: [\d, –]+\.", re.DOTALL)
TAKEN_BACK = re.compile(
    r"(?P<file>.+) \(\d+ bytes, SHA-256 [0-9a-f]{64}\) was taken back by (?P<by>[^:]+): (?P<why>.+)\.",
    re.DOTALL,
)


def matches(pattern: re.Pattern[str], texts: Iterable[str]) -> Iterable[re.Match[str]]:
    return (found for text in texts if (found := pattern.fullmatch(text)))


def remarks(whole: made.PacketContents) -> Iterable[str]:
    return (one.sentence for one in whole.exceptions)


def service_account(whole: made.PacketContents) -> Mapping[str, Any]:
    found: Mapping[str, Any] = whole.plan.get("service_account") or {}
    return found


def by_hand(one: made.Item) -> bool:
    return bool(one.by) and one.by not in OURS


def entry(one: made.Entry, names: Names) -> made.Entry:
    """As it is, without the salts of its names; or its place in the ledger alone, if it may say something of somebody."""
    told = canonical.loads(one.data)
    if may_name(told, names):
        return made.Entry(one.seq, b"", one.hash, one.proof, leaf=merkle.leaf_hash(one.data).hex())
    return replace(one, personal=())


def may_name(told: dict[str, Any], names: Names) -> bool:
    """What a person did may carry words of theirs: any text of more than one word, and a note of one word too.

    What we say ourselves is looked through.
    """
    texts = list(strings(told["facts"]))
    if told["actor"]["kind"] != "app" and (
        any(" " in text.strip() for text in texts) or noted(told["facts"])
    ):
        return True
    return any(names.hides(text) for text in texts)


# Facts in which people write. A reason of the catalogue is an id such as "contract-ended".
NOTES = ("note", "answer", "question", "why", "says", "was", "reason", "because")
ID = re.compile(r"[a-z]+(?:-[a-z]+)+")


def noted(facts: Mapping[str, Any]) -> bool:
    texts = (facts.get(name) for name in NOTES)
    return any(isinstance(text, str) and text.strip() and not ID.fullmatch(text) for text in texts)


def strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(each)


# ---------------------------------------------------------------- evidence


def files(evidence: Iterable[made.Evidence], names: Names) -> tuple[list[made.Evidence], list[made.LeftOut]]:
    """Answers with other words in them; everything else stays out, and its digest says that it is there."""
    kept, left_out = [], []
    for one in evidence:
        if readable(one):
            kept.append(rewritten(one, names))
        else:
            left_out.append(left(one, names))
    return kept, left_out


def left(one: made.Evidence, names: Names) -> made.LeftOut:
    """Nobody looked into it: a name in a picture cannot be read."""
    why = "not looked into: a file that cannot be redacted"
    if one.size > LARGEST:
        why = "not looked into: too large to be redacted"
    told = (names.hide(one.name), names.hide(one.shows))
    return made.LeftOut(one.number, *told, one.sha256, one.size, one.media_type, why)


def readable(one: made.Evidence) -> bool:
    """Only what the product wrote itself as JSON: in what a person added, nobody knows where a name stands."""
    return one.media_type == JSON and one.size <= LARGEST and not one.source.startswith(BY_PERSON)


def read(one: made.Evidence) -> Any:
    with one.open() as stream:
        return json.loads(stream.read(LARGEST + 1))


def rewritten(one: made.Evidence, names: Names) -> made.Evidence:
    """Read once for its digest; read again when it is written, so that not all of them are held at once."""
    data = bytes_of(one, names)
    return replace(
        one,
        name=names.hide(one.name),
        shows=names.hide(one.shows),
        source=names.hide(one.source),
        taken_by=names.hide(one.taken_by),
        sha256=sha256_hex(data),
        size=len(data),
        captured_sha256=one.sha256,
        open=partial(again, one, names),
    )


def again(one: made.Evidence, names: Names) -> io.BytesIO:
    return io.BytesIO(bytes_of(one, names))


def bytes_of(one: made.Evidence, names: Names) -> bytes:
    return json.dumps(names.walk(read(one), keys=True), ensure_ascii=False, sort_keys=True, indent=1).encode()
