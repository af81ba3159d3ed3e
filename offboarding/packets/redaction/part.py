"""The part of one client of a packet that reaches into several: its places with all of theirs, and what belongs to all.

What belongs to another client's workspace alone is left out. In the rest, the names of other clients and of their workspaces are
hidden, and so is what people wrote about the request as a whole: it may say anything. Files are kept as they are where a
row about this client's workspaces names them; those of the request as a whole stay out, since nobody looks into them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from offboarding.lib import canonical, merkle
from offboarding.lib.addresses import fold
from offboarding.packets import contents as made
from offboarding.packets.redaction.names import OURS, Names
from offboarding.packets.redaction.redact import (
    CANCELLED,
    NOTHING,
    TAKEN_BACK,
    by_hand,
    entry,
    matches,
    remarks,
)
from offboarding.packets.redaction.restore import of
from offboarding.packets.writer import PacketRefused

HIDDEN = "[another client's]"


class Others(Names):
    """What names other clients, and nobody else's names: people stay, and so do addresses.

    Its own names are known too, so that a longer one of its own is not cut by a shorter one of theirs.
    """

    def __init__(self, own: Sequence[str], theirs: Sequence[str], texts: Iterable[str]) -> None:
        super().__init__()
        for text in texts:
            self.text(text)
        self.instead = {fold(each): HIDDEN for each in theirs if each}
        self.instead |= {fold(each): text for each, text in self.texts.items()}
        self.own = {fold(each) for each in own if each}
        names = {each.strip() for each in (*self.texts, *own, *theirs) if each.strip()}
        spelled = "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)"
        self.known = re.compile(rf"(?<![\w@.])(?:{spelled})(?!\w|@|\.\w)", re.IGNORECASE)

    def hide(self, text: str) -> str:
        return self.known.sub(lambda found: self.put(found[0]), text)

    def put(self, word: str) -> str:
        return word if fold(word) in self.own else self.instead.get(fold(word), HIDDEN)


def part_of(
    whole: made.PacketContents, client: str, addresses: Collection[str], of_which: made.Redacts
) -> made.PacketContents:
    """`addresses`: where this client's letters went. Approvals keep the fingerprint of the whole plan."""
    kept = of_this(whole, client, frozenset(addresses))
    names = others(whole, client)
    bare = replace(kept, evidence=(), entries=(), checkpoint=NOTHING)
    shown = of(made.PacketContents, {**names.walk(made.plain(bare)), "checkpoint": NOTHING})
    lines = numbers_left_out(whole, client)
    shown = replace(
        shown,
        clients=(client,),
        checkpoint=whole.checkpoint,
        entries=tuple(line(each, names, lines) for each in whole.entries),
        evidence=kept.evidence,
        left_out=tuple(left(each) for each in whole.evidence if each not in kept.evidence),
        redacts=of_which,
        plan_fingerprint=whole.plan_fingerprint,
    )
    return cast(made.PacketContents, shown)


def here(whole: made.PacketContents, client: str) -> frozenset[str]:
    """Its workspaces. Raises PacketRefused where rows of two clients cannot be told apart."""
    own = {one.workspace for one in whole.places if one.client == client}
    if both := own & {one.workspace for one in whole.places if one.client != client}:
        raise PacketRefused(f"A workspace of another client has the name of one of {client}: {min(both)}.")
    return frozenset(own)


@dataclass(frozen=True, slots=True)
class Ground:
    """The workspaces of this client, and those of others."""

    own: frozenset[str]
    away: frozenset[str]

    def has(self, where: str) -> bool:
        """Of a row: it is about a workspace of its own, or about none. Several stand side by side."""
        return not where or where in self.own or bool(self.own.intersection(where.split(", ")))

    def tells(self, text: str) -> bool:
        """Of a sentence: it is about a workspace of its own, or about none."""
        return any(name in text for name in self.own) or not any(name in text for name in self.away)


def of_this(whole: made.PacketContents, client: str, addresses: frozenset[str]) -> made.PacketContents:
    """Rows of its workspaces, and of none. Rows that name several have the others hidden afterwards."""
    own = here(whole, client)
    ground = Ground(own, frozenset(one.workspace for one in whole.places) - own)
    items = tuple(one for one in whole.items if ground.has(one.place))
    places = tuple(one for one in whole.places if one.client == client)
    shown = replace(
        whole,
        title=f"{whole.title}: the part of {client}, {len(places)} of these",
        executed_by=executed_by(whole, items),
        plan=plan_of(whole.plan, client, ground),
        places=places,
        items=items,
        runs=tuple(one for one in whole.runs if one.place in own),
        findings=tuple(one for one in whole.findings if ground.has(one.place)),
        credentials=tuple(one for one in whole.credentials if ground.has(one.place)),
        resources=tuple(one for one in whole.resources if one.place in own),
        messages=messages(whole, addresses),
        differences=tuple(one for one in whole.differences if tells_of(items, one.about, one.reason)),
        exceptions=tuple(one for one in whole.exceptions if remark_here(one, whole, items, ground)),
        unknowns=tuple(one for one in whole.unknowns if remark_here(one, whole, items, ground)),
    )
    numbers = named_by(shown, own) - named_by(whole, ground.away)
    numbers |= {number for one in shown.messages for number in one.evidence}
    return replace(shown, evidence=tuple(one for one in whole.evidence if one.number in numbers))


def executed_by(whole: made.PacketContents, items: Iterable[made.Item]) -> tuple[str, ...]:
    names = {one.by for one in items}
    return tuple(one for one in whole.executed_by if one in OURS or one.partition(" <")[0] in names)


def messages(whole: made.PacketContents, addresses: frozenset[str]) -> tuple[made.Message, ...]:
    """This client's letters, and notices to those whom the part names anyway."""
    notices = {one.address for one in whole.approvals} | {whole.requester.partition(" <")[2].rstrip(">")}
    told = {True: addresses - {""}, False: notices - {""}}
    return tuple(one for one in whole.messages if one.to in told[one.channel.startswith("Letter")])


def named_by(whole: made.PacketContents, workspaces: Collection[str]) -> set[int]:
    """The numbers of all files that a row about one of these workspaces names."""
    files = [one.evidence for one in whole.places if one.workspace in workspaces]
    files += [one.evidence for one in whole.items if one.place in workspaces]
    files += [one.evidence for one in whole.findings if one.place in workspaces]
    files += [one.evidence for one in whole.credentials if one.place in workspaces]
    return {number for numbers in files for number in numbers}


def tells_of(items: Iterable[made.Item], about: str, says: str) -> bool:
    """True if it is about a step that is here. Steps of one title are told apart by what was said of them."""
    of_title = [one for one in items if one.title == about]
    ours = says.startswith(("Found while", "Not in the approved plan"))
    return any(ours or (one.sentence and one.sentence in says) for one in of_title)


def remark_here(
    one: made.Remark, whole: made.PacketContents, items: Iterable[made.Item], ground: Ground
) -> bool:
    if one.about in ground.own:
        return True
    if one.about in {each.title for each in whole.items}:
        return tells_of(items, one.about, one.sentence)
    return ground.has(one.about if one.about in ground.away else "") and ground.tells(one.sentence)


def plan_of(plan: Any, client: str, ground: Ground) -> dict[str, Any]:
    """A step of the request as a whole is there without what it was to be done on: that names anything."""
    places = [one for one in plan.get("places", ()) if one["client"] == client]
    own = {one["workspace_id"] for one in places}
    items = [
        one if one.get("workspace_id") in own else {**one, "target": {}}
        for one in plan.get("items", ())
        if one.get("workspace_id") is None or one["workspace_id"] in own
    ]
    told = {
        name: [line for line in plan[name] if not isinstance(line, str) or ground.tells(line)]
        for name in ("may_break", "not_known")
        if name in plan
    }
    return {**plan, **told, "places": places, "items": items}


def numbers_left_out(whole: made.PacketContents, client: str) -> frozenset[int]:
    own = here(whole, client)
    return frozenset(one.number for one in whole.items if one.place and one.place not in own)


def others(whole: made.PacketContents, client: str) -> Others:
    named = [(one.client == client, (one.workspace, one.client, one.workspace_id)) for one in whole.places]
    own = [word for ours, words in named if ours for word in words]
    theirs = [word for ours, words in named if not ours for word in words]
    return Others(own, theirs, written(whole, here(whole, client)))


def written(whole: made.PacketContents, own: Collection[str]) -> Iterable[str]:
    """What people wrote about the request as a whole, or about what is left out."""
    yield from (*whole.notes, whole.handoff_notes)
    yield from (one.reason for one in whole.approvals)
    yield from (one.sentence for one in whole.items if by_hand(one) and one.place not in own)
    for told in matches(TAKEN_BACK, remarks(whole)):
        yield from (told["file"], told["why"])
    yield from (told["why"] for told in matches(CANCELLED, remarks(whole)))
    for place in whole.plan.get("places", ()):
        if place["workspace"] not in own:
            yield str(place.get("reason", ""))


def line(one: made.Entry, names: Names, lines: Collection[int]) -> made.Entry:
    """As in every copy; and of an entry about a step that is left out its place in the ledger alone."""
    if canonical.loads(one.data)["facts"].get("item") in lines:
        return made.Entry(one.seq, b"", one.hash, one.proof, leaf=merkle.leaf_hash(one.data).hex())
    return entry(one, names)


def left(one: made.Evidence) -> made.LeftOut:
    """Its name may name a workspace: number, digest and size say that it is there."""
    why = "of another client, or of the request as a whole"
    return made.LeftOut(
        one.number, "file", "Left out of this part", one.sha256, one.size, one.media_type, why
    )
