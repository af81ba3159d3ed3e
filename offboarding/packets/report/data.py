"""From the contents of a packet to the words of its report. Pure; the template only lays them out."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from offboarding.lib import canonical
from offboarding.lib.typesetting import times
from offboarding.packets.contents import (
    Addendum,
    Approval,
    Clocks,
    Credential,
    Difference,
    Evidence,
    Finding,
    Item,
    LeftOut,
    Message,
    PacketContents,
    Place,
    Remark,
    ResourceAccess,
    Thing,
)
from offboarding.packets.report import together
from offboarding.packets.report.folding import READ, Row, folded, one_of_all
from offboarding.packets.report.instructions import commands

NAMED = 10  # of what one role was on
FEW = 6  # rows of one phase, of a checklist that is printed short
ORDINARY = ("absent", "found", "kept")
_GOOD = {"verified", "absent", "done", "done by hand", "approved", "removed"}
_BAD = {"failed", "present", "came back", "needs a person", "late"}
_PART = {"done, not verified", "unknown", "running", "not verified"}


def report_data(contents: PacketContents, key_id: str) -> dict[str, Any]:
    """All that the template needs, as JSON: text, lists and objects of text."""
    zone = times.zone_of(contents.zone)
    statement = canonical.loads(contents.checkpoint.data)
    return {
        **_head(contents, zone),
        "facts": _facts(contents, zone),
        "redacts": _redacts(contents),
        "left_out": [_left_out(one) for one in contents.left_out],
        "addenda": [_addendum(one, zone) for one in contents.addenda],
        "folded": _folded(contents),
        "exceptions": _remarks(contents.exceptions),
        "unknowns": _remarks(contents.unknowns),
        "places": [_place(one, zone) for one in contents.places],
        "approvals": [_approval(one, contents.plan_fingerprint, zone) for one in contents.approvals],
        "no_approval": _no_approval(contents),
        "phases": _phases(contents, zone),
        "manual": _by_hand(contents, zone),
        "differences": folded(
            contents.differences, _difference, together.difference_of, together.differences
        ),
        "credentials": folded(
            contents.credentials,
            partial(_credential, zone=zone),
            together.credential_of,
            partial(together.credentials, zone=zone),
        ),
        "resources": folded(
            contents.resources,
            partial(_resource, zone=zone),
            together.resource_of,
            partial(together.resources, zone=zone),
        ),
        "findings": folded(
            contents.findings,
            partial(_finding, zone=zone),
            together.finding_of,
            partial(_findings, zone=zone),
            odd=lambda one: one.result not in ORDINARY,
        ),
        "messages": folded(
            contents.messages,
            partial(_message, zone=zone),
            together.message_of,
            partial(together.messages, zone=zone),
        ),
        "handoff": contents.handoff_notes,
        "notes": list(contents.notes),
        "evidence": folded(
            contents.evidence, _evidence, together.evidence_of, together.evidence, odd=together.stands_alone
        ),
        "verify": {
            "outer": f"{contents.name}-packet.zip",
            "commands": [vars(one) for one in commands(contents.name, bool(contents.checkpoint.stamp))],
        },
        "key_id": key_id,
        "ledger": {
            "size": str(statement["size"]),
            "root": statement["root"],
            "count": str(len(contents.entries)),
        },
        "words": [{"term": term, "says": says} for term, says in _WORDS],
    }


def _folded(contents: PacketContents) -> str:
    """What every page of long tables leaves to the lists; empty where every row is printed."""
    tables = (contents.items, contents.findings, contents.credentials, contents.evidence, contents.exceptions)
    more = (contents.resources, contents.messages, contents.differences, contents.unknowns)
    if max(map(len, (*tables, *more))) <= READ:
        return ""
    return (
        f"A table of more than {READ} rows is printed short: what is out of the ordinary row by row, and one row for all that "
        "are alike. Every row of every table stands in the folder data/lists of the packet, as CSV."
    )


def _head(contents: PacketContents, zone: ZoneInfo) -> dict[str, Any]:
    at = times.moment(contents.sealed_at)
    date = {name: getattr(at, name) for name in ("year", "month", "day", "hour", "minute", "second")}
    return {
        "reference": contents.reference,
        "version": str(contents.version),
        "title": contents.title,
        "clients": ", ".join(contents.clients),
        "sealed": times.both(contents.sealed_at, zone),
        "date": date,
        "fingerprint": contents.plan_fingerprint,
        "summary": _summary(contents),
    }


def _summary(contents: PacketContents) -> str:
    verified = sum(place.state.lower() == "verified" for place in contents.places)
    parts = [
        f"{verified} of {_count(len(contents.places), 'place')} verified by reading again",
        _count(len(contents.exceptions), "exception"),
        f"{_count(len(contents.unknowns), 'thing')} not known",
        _count(len(contents.evidence), "file") + " of evidence",
    ]
    return ". ".join(parts) + "."


def _facts(contents: PacketContents, zone: ZoneInfo) -> list[dict[str, str]]:
    person, stays = contents.person, contents.plan.get("stays", "")
    approvers = [one.by for one in contents.approvals if _counts(one, contents.plan_fingerprint)]
    pairs = [
        ("Person" if person.kind == "person" else "Service account", person.name),
        ("Addresses", ", ".join(each for each in person.addresses if each != stays)),
        ("Account that stays", stays),
        ("Client" if len(contents.clients) == 1 else "Clients", ", ".join(contents.clients)),
        ("Reason", contents.reason),
        ("Ticket", contents.ticket),
        ("Contract or SOW", contents.sow),
        ("Incident", contents.emergency),
        ("Requested", _who_when(contents.requester, contents.filed_at, zone)),
        ("Approved", _approved(contents, ", ".join(approvers), zone)),
        ("Work started", times.both(contents.started_at, zone)),
        ("Closed", times.both(contents.closed_at, zone)),
        ("Performed by", ", ".join(contents.executed_by)),
        ("Packet", f"Version {contents.version}, sealed {times.both(contents.sealed_at, zone)}"),
        ("Keep until", times.day(contents.keep_until)),
        ("Times", f"Local times are those of {zone.key}. Evidence keeps UTC."),
    ]
    return [{"label": label, "value": value} for label, value in pairs if value]


def _who_when(who: str, iso: str | None, zone: ZoneInfo) -> str:
    return ", ".join(part for part in (who, times.both(iso, zone)) if part)


def _addendum(one: Addendum, zone: ZoneInfo) -> dict[str, str]:
    return {
        "version": str(one.version),
        "at": times.both(one.at, zone),
        "by": one.by,
        "text": one.text,
        "before": str(one.replaces_version),
        "replaces": one.replaces_sha256,
    }


def _redacts(contents: PacketContents) -> dict[str, str]:
    """What every page of a redacted copy says; empty for the packet itself."""
    if contents.redacts is None:
        return {"packet": "", "bag": "", "client": ""}
    of = contents.redacts
    return {"packet": of.packet_sha256, "bag": of.bag_sha256, "client": of.client}


def _left_out(one: LeftOut) -> dict[str, str]:
    return {
        "number": str(one.number),
        "name": one.name,
        "shows": one.shows,
        "why": one.why,
        "size": times.size(one.size),
        "sha256": one.sha256,
    }


def _remark(one: Remark) -> dict[str, str]:
    return {"about": one.about, "sentence": one.sentence, "evidence": _numbers(one.evidence)}


def _remarks(some: Sequence[Remark]) -> list[Row]:
    return folded(some, _remark, together.remark_of, together.remarks)


def _difference(one: Difference) -> Row:
    return {**vars(one)}


def _place(one: Place, zone: ZoneInfo) -> dict[str, Any]:
    removed = ", ".join(part for part in (times.local(one.removed_at, zone), one.removed_by) if part)
    return {
        "workspace": one.workspace,
        "where": ", ".join(part for part in (one.client, one.environment, one.region) if part),
        "account": one.account,
        "before": one.before,
        "planned": one.planned,
        "now": one.now,
        "state": _state(one.state),
        "removed": removed,
        "verified": times.local(one.verified_at, zone),
        "evidence": _numbers(one.evidence),
        "clocks": _clocks(one.clocks, zone),
    }


def _clocks(one: Clocks, zone: ZoneInfo) -> dict[str, str]:
    target = f" of {one.target_hours} h allowed" if one.target_hours is not None else ""
    elapsed = times.span(one.elapsed_minutes) + target if one.elapsed_minutes is not None else ""
    names = ("trigger", "filed", "approved", "verified")
    found = {name: times.local(getattr(one, name), zone) or "–" for name in names}
    return {**found, "elapsed": elapsed or "–", "late": one.late_reason}


def _approval(one: Approval, fingerprint: str, zone: ZoneInfo) -> dict[str, str]:
    same = one.fingerprint == fingerprint
    return {
        "decision": one.decision[:1].upper() + one.decision[1:],
        "by": one.by,
        "who": ", ".join(part for part in (one.role, one.address, one.network_address) if part),
        "at": times.both(one.at, zone),
        "method": one.method,
        "plan_version": str(one.plan_version),
        "reason": one.reason,
        "text": one.text,
        "fingerprint": one.fingerprint,
        "matches": "This is the plan that was carried out." if same else "This was an earlier plan.",
    }


def _counts(one: Approval, fingerprint: str) -> bool:
    return one.decision == "approved" and one.fingerprint == fingerprint


def _approved(contents: PacketContents, approvers: str, zone: ZoneInfo) -> str:
    if contents.emergency:
        return f"Not beforehand: an emergency, {contents.emergency}"
    return _who_when(approvers, contents.approved_at, zone)


def _no_approval(contents: PacketContents) -> str:
    if contents.emergency:
        return (
            f"This removal went ahead without an approval beforehand, as an emergency: {contents.emergency}."
        )
    return "" if contents.approvals else "No decision was recorded."


def _phases(contents: PacketContents, zone: ZoneInfo) -> list[dict[str, Any]]:
    """A long checklist is short in every phase, also in one that is not long itself."""
    grouped = groupby(contents.items, key=lambda item: item.phase)
    short = len(contents.items) > READ
    return [{"name": name, "items": _steps(list(items), zone, short)} for name, items in grouped]


def _steps(items: list[Item], zone: ZoneInfo, short: bool) -> list[Row]:
    return folded(
        items,
        partial(_item, zone=zone),
        together.item_of,
        partial(_items, zone=zone),
        # That a person's step waits for its person is nothing odd.
        odd=lambda one: one.kind != "manual" and _state(one.state)["mark"] in ("bad", "part"),
        read=FEW if short else READ,
    )


def _items(some: Sequence[Item], zone: ZoneInfo) -> Row:
    return {**together.items(some, zone), "state": _state(one_of_all(one.state for one in some))}


def _item(one: Item, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "number": str(one.number),
        "title": one.title,
        "place": one.place,
        "sentence": one.sentence,
        "state": _state(one.state),
        "by": one.by,
        "at": times.local(one.at, zone),
        "evidence": _numbers(one.evidence),
    }


def _by_hand(contents: PacketContents, zone: ZoneInfo) -> list[Row]:
    names = {file.number: file.name for file in contents.evidence}
    by_hand = [one for one in contents.items if one.kind == "manual" and one.by]
    return folded(
        by_hand,
        partial(_manual, names=names, zone=zone),
        together.item_of,
        partial(together.signed, zone=zone),
    )


def _manual(one: Item, names: Mapping[int, str], zone: ZoneInfo) -> dict[str, Any]:
    proof = [f"{number} {names.get(number, '')}".strip() for number in one.evidence]
    return {**_item(one, zone), "proof": ", ".join(proof) or "no file asked for"}


def _credential(one: Credential, zone: ZoneInfo) -> dict[str, str]:
    return {
        "kind": one.kind,
        "name": one.name,
        "place": one.place,
        "act": one.act,
        "by": one.by,
        "at": times.local(one.at, zone),
        "fingerprint": one.fingerprint,
        "evidence": _numbers(one.evidence),
    }


def _resource(one: ResourceAccess, zone: ZoneInfo) -> dict[str, str]:
    removed, verified = times.local(one.removed_at, zone), times.local(one.verified_at, zone)
    return {**vars(one), "removed": removed or "–", "verified": verified or "–", "on": _named(one.on)}


def _named(some: tuple[Thing, ...]) -> str:
    """The first of them; all stand in the data."""
    names = ", ".join(one.name or one.id for one in some[:NAMED])
    return f"{names} and {len(some) - NAMED} more, see removal.json" if len(some) > NAMED else names


def _finding(one: Finding, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "place": one.place,
        "what": one.what,
        "sentence": one.sentence,
        "result": _state(one.result),
        "at": times.local(one.at, zone),
        "by": one.by,
        "evidence": _numbers(one.evidence),
    }


def _findings(some: Sequence[Finding], zone: ZoneInfo) -> Row:
    return {**together.findings(some, zone), "result": _state(one_of_all(one.result for one in some))}


def _message(one: Message, zone: ZoneInfo) -> dict[str, str]:
    return {**vars(one), "at": times.local(one.at, zone), "evidence": _numbers(one.evidence)}


def _evidence(one: Evidence) -> dict[str, str]:
    return {
        "number": str(one.number),
        "name": one.name,
        "shows": one.shows,
        "source": one.source,
        "by": one.taken_by,
        "at": times.utc(one.taken_at),
        "size": times.size(one.size),
        "sha256": one.sha256,
        "captured": one.captured_sha256,
        "replaces": f"Corrects number {one.replaces}." if one.replaces is not None else "",
    }


def _state(word: str) -> dict[str, str]:
    low = word.lower()
    mark = "good" if low in _GOOD else "bad" if low in _BAD else "part" if low in _PART else "other"
    return {"word": word[:1].upper() + word[1:], "mark": mark}


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_WORDS = (
    (
        "Removal",
        "Removal from a workspace does not delete the person's own Segment account. Only the person can do that.",
    ),
    (
        "Verified",
        "The place was read again after the removal, and the access was not there. The reading is evidence.",
    ),
    ("Done, not verified", "The call was accepted, but no later reading shows the result yet."),
    (
        "Not known",
        "It could not be looked at; so nothing is said about it, neither that it is gone nor that it is there.",
    ),
    (
        "Fingerprint of a plan",
        "SHA-256 of the plan's text. An approval carries it: a changed plan is not approved.",
    ),
    ("Checkpoint", "A signed statement about all entries of the ledger at one moment."),
)
