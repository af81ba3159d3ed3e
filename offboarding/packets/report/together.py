"""One row for many that are alike: what makes them alike, and what is said of all of them. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from zoneinfo import ZoneInfo

from offboarding.lib.typesetting import times
from offboarding.packets.contents import (
    Credential,
    Difference,
    Evidence,
    Finding,
    Item,
    Message,
    Remark,
    ResourceAccess,
)
from offboarding.packets.report.folding import Row, first_and_last, one_of_all, ranges


def many(count: int, noun: str, example: str = "") -> str:
    return f"{count} {noun}" + (f", such as: {example}" if example else "")


def where(places: Iterable[str]) -> str:
    """The one workspace, or how many."""
    known = list(dict.fromkeys(place for place in places if place))
    return known[0] if len(known) == 1 else f"in {len(known)} workspaces" if known else ""


def span(moments: Iterable[str | None], zone: ZoneInfo) -> str:
    first, last = first_and_last(moments)
    begun, ended = times.local(first, zone), times.local(last, zone)
    return begun if begun == ended else f"{begun} to {ended}"


def proofs(some: Iterable[Remark | Item | Finding | Credential | Message]) -> str:
    return ranges(number for one in some for number in one.evidence)


def remark_of(one: Remark) -> Hashable:
    return one.sentence


def remarks(some: Sequence[Remark]) -> Row:
    told = list(dict.fromkeys(one.sentence for one in some))
    says = told[0] if len(told) == 1 else many(len(told), "different sentences", told[0])
    return {"about": many(len(some), "times", some[0].about), "sentence": says, "evidence": proofs(some)}


def item_of(one: Item) -> Hashable:
    """By whom, and how it ended. Steps differ in their titles by the names of sources and workspaces."""
    return one.kind, one.state, one.by


def items(some: Sequence[Item], zone: ZoneInfo) -> Row:
    return {
        "number": "",
        "title": many(len(some), "steps", some[0].title),
        "place": where(one.place for one in some),
        "sentence": f"Numbers {ranges(one.number for one in some)}",
        "by": one_of_all(one.by for one in some),
        "at": span((one.at for one in some), zone),
        "evidence": proofs(some),
    }


def signed(some: Sequence[Item], zone: ZoneInfo) -> Row:
    return {**items(some, zone), "proof": proofs(some) or "no file asked for"}


def difference_of(one: Difference) -> Hashable:
    return one.planned, one.done, one.reason


def differences(some: Sequence[Difference]) -> Row:
    return {
        "about": many(len(some), "steps", some[0].about),
        "planned": one_of_all(one.planned for one in some),
        "done": one_of_all(one.done for one in some),
        "reason": one_of_all(one.reason for one in some),
    }


def credential_of(one: Credential) -> Hashable:
    return one.place, one.act


def credentials(some: Sequence[Credential], zone: ZoneInfo) -> Row:
    return {
        "kind": many(len(some), "credentials", some[0].kind),
        "name": some[0].name,
        "place": where(one.place for one in some),
        "act": one_of_all(one.act for one in some),
        "by": one_of_all(one.by for one in some),
        "at": span((one.at for one in some), zone),
        "fingerprint": "",
        "evidence": proofs(some),
    }


def resource_of(one: ResourceAccess) -> Hashable:
    return one.place, one.role, one.through, one.verified_at is None


def resources(some: Sequence[ResourceAccess], zone: ZoneInfo) -> Row:
    return {
        "name": many(len(some), "resources", some[0].name),
        "kind": one_of_all(one.kind for one in some),
        "on": "",
        "place": where(one.place for one in some),
        "role": one_of_all(one.role for one in some),
        "through": one_of_all(one.through for one in some),
        "removed": span((one.removed_at for one in some), zone) or "–",
        "verified": span((one.verified_at for one in some), zone) or "–",
    }


def finding_of(one: Finding) -> Hashable:
    return one.what, one.result


def findings(some: Sequence[Finding], zone: ZoneInfo) -> Row:
    return {
        "place": where(one.place for one in some),
        "what": one_of_all(one.what for one in some),
        "sentence": many(len(some), "checks"),
        "at": span((one.at for one in some), zone),
        "by": one_of_all(one.by for one in some),
        "evidence": proofs(some),
    }


def message_of(one: Message) -> Hashable:
    return one.channel, one.to, one.state


def messages(some: Sequence[Message], zone: ZoneInfo) -> Row:
    return {
        "at": span((one.at for one in some), zone),
        "channel": one_of_all(one.channel for one in some),
        "to": one_of_all(one.to for one in some),
        "subject": many(len(some), "messages", some[0].subject),
        "state": one_of_all(one.state for one in some),
        "evidence": proofs(some),
    }


def stands_alone(one: Evidence) -> bool:
    """What a person added or corrected; the rest the product read by itself."""
    return one.replaces is not None or one.source.startswith("Added by a person")


def evidence_of(one: Evidence) -> Hashable:
    return one.source, one.taken_by


def evidence(some: Sequence[Evidence]) -> Row:
    first, last = first_and_last(one.taken_at for one in some)
    return {
        "number": "",
        "name": many(len(some), "files", some[0].name),
        "shows": f"Numbers {ranges(one.number for one in some)}. Their SHA-256 stand in lists/evidence.csv.",
        "source": one_of_all(one.source for one in some),
        "by": one_of_all(one.taken_by for one in some),
        "at": f"{times.utc(first)} to {times.utc(last)}",
        "size": times.size(sum(one.size for one in some)),
        "sha256": "",
        "captured": "",
        "replaces": "",
    }
