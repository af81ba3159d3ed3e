"""The part of one client of a packet that reaches into several: its places with all of theirs, and what belongs to all.

What belongs to another client's workspace alone is left out. In the rest, the names of other clients and of their workspaces are
hidden, and so is what people wrote about the request as a whole: it may say anything. Files are kept as they are where a
row about this client's workspaces names them; those of the request as a whole stay out, since nobody looks into them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from offboarding.lib import canonical, merkle
from offboarding.lib.addresses import fold
from offboarding.packets import contents as made
from offboarding.packets.redaction.names import OURS, Names
from offboarding.packets.redaction.others import HIDDEN, Others
from offboarding.packets.redaction.redact import (
    CANCELLED,
    NOTHING,
    TAKEN_BACK,
    by_hand,
    entry,
    matches,
    remarks,
    service_account,
)
from offboarding.packets.redaction.restore import of
from offboarding.packets.words import OLD_KEYS, old_keys
from offboarding.packets.writer import PacketRefused

SEVERAL = "[of several clients]"


def part_of(
    whole: made.PacketContents,
    client: str,
    letters: Collection[str],
    of_which: made.Redacts,
    elsewhere: Sequence[str] = (),
) -> made.PacketContents:
    """`letters`: the SHA-256 of the files of this client's letters: one address may have letters about several clients.

    `elsewhere`: names of clients that the request does not reach. Approvals keep the fingerprint of the whole plan.
    """
    kept = of_this(whole, client, frozenset(letters))
    names = others(whole, client, elsewhere)
    bare = replace(kept, evidence=(), entries=(), checkpoint=NOTHING)
    shown = of(made.PacketContents, {**names.walk(made.plain(bare)), "checkpoint": NOTHING})
    lines = numbers_left_out(whole, client)
    shown = replace(
        shown,
        clients=(client,),
        checkpoint=whole.checkpoint,
        entries=tuple(line(each, names, lines) for each in whole.entries),
        evidence=tuple(names.file(each) for each in kept.evidence),
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
    """The workspaces of this client, and those of others. `steps`: those that a step of the whole request is about."""

    own: frozenset[str]
    away: frozenset[str]
    steps: Mapping[int, frozenset[str]]

    def step(self, one: made.Item) -> bool:
        about = self.steps.get(one.number)
        return one.place in self.own if one.place else not about or bool(about & self.own)

    def alone(self, one: made.Item) -> bool:
        """Of a step that is here: nothing in its words is of others."""
        about = self.steps.get(one.number, frozenset())
        return bool(one.place) or (bool(about) and about <= self.own)

    def has(self, where: str) -> bool:
        """Of a row: it is about a workspace of its own, or about none. Several stand side by side."""
        return not where or where in self.own or bool(self.own.intersection(where.split(", ")))

    def tells(self, text: str) -> bool:
        """Of a sentence: it is about a workspace of its own, or about none."""
        return any(name in text for name in self.own) or not any(name in text for name in self.away)


def ground_of(whole: made.PacketContents, client: str) -> Ground:
    own = here(whole, client)
    steps = {
        one["number"]: frozenset(one["target"].get("workspaces", ()))
        for one in whole.plan.get("items", ())
        if one.get("workspace_id") is None and "target" in one
    }
    return Ground(own, frozenset(one.workspace for one in whole.places) - own, steps)


def of_this(whole: made.PacketContents, client: str, letters: frozenset[str]) -> made.PacketContents:
    """Rows of its workspaces, and of none. Rows that name several have the others hidden afterwards."""
    ground = ground_of(whole, client)
    own, items = ground.own, tuple(one for one in whole.items if ground.step(one))
    places = tuple(one for one in whole.places if one.client == client)
    shown = replace(
        whole,
        title=f"{whole.title}: the part of {client}, {len(places)} of these",
        executed_by=executed_by(whole, items),
        plan=plan_of(whole.plan, client, ground, {one.number for one in items}),
        places=places,
        items=items,
        runs=tuple(one for one in whole.runs if one.place in own),
        findings=tuple(one for one in whole.findings if ground.has(one.place)),
        credentials=tuple(
            replace(one, place=beside(one.place, own)) for one in whole.credentials if ground.has(one.place)
        ),
        resources=tuple(one for one in whole.resources if one.place in own),
        messages=messages(whole, letters),
        addenda=tuple(replace(one, text=added_here(one.text, ground)) for one in whole.addenda),
        differences=tuple(one for one in whole.differences if tells_of(items, one.about, one.reason)),
        exceptions=tuple(
            counted(one, own) for one in whole.exceptions if remark_here(one, whole, items, ground)
        ),
        unknowns=tuple(one for one in whole.unknowns if remark_here(one, whole, items, ground)),
    )
    numbers = named_by(shown, own) - named_by(whole, ground.away)
    numbers |= {number for one in shown.messages for number in one.evidence}
    return replace(shown, evidence=tuple(one for one in whole.evidence if one.number in numbers))


def executed_by(whole: made.PacketContents, items: Iterable[made.Item]) -> tuple[str, ...]:
    names = {one.by for one in items}
    return tuple(one for one in whole.executed_by if one in OURS or one.partition(" <")[0] in names)


def messages(whole: made.PacketContents, letters: frozenset[str]) -> tuple[made.Message, ...]:
    """This client's letters, and notices to those whom the part names anyway."""
    mine = {one.number for one in whole.evidence if one.sha256 in letters}
    told = {one.address for one in whole.approvals} | {whole.requester.partition(" <")[2].rstrip(">")}
    return tuple(
        one
        for one in whole.messages
        if (mine.intersection(one.evidence) if one.channel.startswith("Letter") else one.to in told - {""})
    )


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


def counted(one: made.Remark, own: Collection[str]) -> made.Remark:
    """Old write keys are counted by workspace: how many there are elsewhere is nothing of this client's."""
    if one.about != OLD_KEYS:
        return one
    counts: dict[str, int] = {}
    for name in sorted(own):
        spelled = re.escape(name)
        if found := re.search(rf"(?<!\w){spelled} \((\d+)\)", one.sentence):
            counts[name] = int(found[1])
    return old_keys(counts)


def beside(where: str, own: Collection[str]) -> str:
    """Its own workspaces, and that there are others: not how many."""
    names = where.split(", ")
    return ", ".join(
        [name for name in names if name in own] + [HIDDEN] * any(name not in own for name in names if name)
    )


def added_here(text: str, ground: Ground) -> str:
    """What a later version added, line by line, without what was seen at others."""
    lines = [line for line in text.split("\n") if ground.tells(line)]
    return "\n".join(lines) or "What came is nothing of this client's."


def plan_of(plan: Any, client: str, ground: Ground, numbers: Collection[int]) -> dict[str, Any]:
    """A step of the request as a whole is there without what it was to be done on: that names anything."""
    places = [one for one in plan.get("places", ()) if one["client"] == client]
    own = {one["workspace_id"] for one in places}
    items = [
        one if one.get("workspace_id") in own else {**one, "target": {}}
        for one in plan.get("items", ())
        if one.get("workspace_id") in own or (one.get("workspace_id") is None and one["number"] in numbers)
    ]
    decided = [
        {**one, "workspaces": mine}
        for one in plan.get("decided_under", ())
        if (mine := [each for each in one["workspaces"] if each in own])
    ]
    told = {
        name: [line for line in plan[name] if not isinstance(line, str) or ground.tells(line)]
        for name in ("may_break", "not_known")
        if name in plan
    }
    if "decided_under" in plan:
        told["decided_under"] = decided
    return {**plan, **told, "places": places, "items": items}


def numbers_left_out(whole: made.PacketContents, client: str) -> frozenset[int]:
    ground = ground_of(whole, client)
    return frozenset(one.number for one in whole.items if not ground.step(one))


def titles(whole: made.PacketContents, ground: Ground) -> dict[str, str]:
    """What stands instead of a title that is not of this client's workspaces alone: it may end in a list of things."""
    own = {one.title for one in whole.items if ground.step(one) and ground.alone(one)}
    told = {one.title: HIDDEN for one in whole.items if not ground.step(one)}
    for one in whole.items:
        act, sign, _ = one.title.partition(": ")
        if sign and ground.step(one) and not ground.alone(one):
            told[one.title] = f"{act}: {SEVERAL}"
    return {title: instead for title, instead in told.items() if title not in own}


def others(whole: made.PacketContents, client: str, elsewhere: Sequence[str] = ()) -> Others:
    named = [(one.client == client, (one.workspace, one.client, one.workspace_id)) for one in whole.places]
    own = [word for ours, words in named if ours for word in words]
    theirs = [word for ours, words in named if not ours for word in words]
    theirs += [name for name in elsewhere if fold(name) != fold(client)]
    ground = ground_of(whole, client)
    return Others(own, theirs, written(whole, ground.own), titles(whole, ground))


def written(whole: made.PacketContents, own: Collection[str]) -> Iterable[str]:
    """What people wrote about the request as a whole, or about what is left out."""
    yield from (*whole.notes, whole.handoff_notes, str(service_account(whole).get("consumers", "")))
    # As in a redacted copy: a number of a ticket or a contract is one word. More than one may say anything.
    yield from (each for each in (whole.ticket, whole.sow, whole.emergency) if " " in each.strip())
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
