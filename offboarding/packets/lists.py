"""The tables of a packet as CSV, every row of each: what a spreadsheet opens, and what the report folds where it is long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from offboarding.lib.bags import BagFile, from_bytes
from offboarding.lib.cells import csv_line
from offboarding.packets.contents import (
    Credential,
    Difference,
    Evidence,
    Finding,
    Item,
    Message,
    PacketContents,
    Place,
    Remark,
    ResourceAccess,
)

FOLDER = "lists"


def lists(contents: PacketContents) -> Iterator[BagFile]:
    """Times are UTC; no cell begins a formula (`lib.cells`). A table without rows has its head."""
    for name, (head, rows, cells) in tables(contents).items():
        yield from_bytes(
            f"{FOLDER}/{name}.csv", b"".join(map(csv_line, [head.split(", "), *map(cells, rows)]))
        )


Table: TypeAlias = tuple[str, Sequence[Any], Callable[[Any], list[Any]]]


def tables(contents: PacketContents) -> dict[str, Table]:
    return {
        "exceptions": ("about, what happened, evidence", contents.exceptions, remark),
        "not-known": ("about, why, evidence", contents.unknowns, remark),
        "workspaces": (WORKSPACES, contents.places, place),
        "steps": (STEPS, contents.items, item),
        "differences": ("about, planned, done, why", contents.differences, difference),
        "credentials": (CREDENTIALS, contents.credentials, credential),
        "resources": (RESOURCES, contents.resources, resource),
        "checks": (CHECKS, contents.findings, finding),
        "messages": ("at, channel, to, subject, delivery, evidence", contents.messages, message),
        "evidence": (EVIDENCE, contents.evidence, evidence),
    }


def numbers(some: Iterable[int]) -> str:
    return " ".join(map(str, some))


def remark(one: Remark) -> list[Any]:
    return [one.about, one.sentence, numbers(one.evidence)]


WORKSPACES = (
    "workspace, workspace id, environment, region, client, account, before, planned, now, state, removed, removed by, "
    "verified, reason came true, filed, approved, minutes, hours allowed, late because, evidence"
)


def place(one: Place) -> list[Any]:
    clocks = one.clocks
    return [
        one.workspace, one.workspace_id, one.environment, one.region, one.client, one.account, one.before, one.planned,
        one.now, one.state, one.removed_at, one.removed_by, one.verified_at, clocks.trigger, clocks.filed, clocks.approved,
        clocks.elapsed_minutes, clocks.target_hours, clocks.late_reason, numbers(one.evidence),
    ]  # fmt: skip


STEPS = "number, phase, kind, step, workspace, state, by, at, says, evidence"


def item(one: Item) -> list[Any]:
    told = [one.number, one.phase, one.kind, one.title, one.place, one.state, one.by, one.at, one.sentence]
    return [*told, numbers(one.evidence)]


def difference(one: Difference) -> list[Any]:
    return [one.about, one.planned, one.done, one.reason]


CREDENTIALS = "kind, name, workspace, done, at, by, fingerprint, evidence"


def credential(one: Credential) -> list[Any]:
    return [one.kind, one.name, one.place, one.act, one.at, one.by, one.fingerprint, numbers(one.evidence)]


RESOURCES = "workspace, kind, name, role, through, removed, verified, on"


def resource(one: ResourceAccess) -> list[Any]:
    on = "; ".join(f"{each.kind} {each.name} ({each.id})" for each in one.on)
    return [one.place, one.kind, one.name, one.role, one.through, one.removed_at, one.verified_at, on]


CHECKS = "workspace, looked for, seen, at, by, says, evidence"


def finding(one: Finding) -> list[Any]:
    return [one.place, one.what, one.result, one.at, one.by, one.sentence, numbers(one.evidence)]


def message(one: Message) -> list[Any]:
    return [one.at, one.channel, one.to, one.subject, one.state, numbers(one.evidence)]


EVIDENCE = "number, file, shows, source, taken, taken by, bytes, type, sha256, sha256 as captured, corrects"


def evidence(one: Evidence) -> list[Any]:
    told = [one.number, one.name, one.shows, one.source, one.taken_at, one.taken_by, one.size, one.media_type]
    return [*told, one.sha256, one.captured_sha256, one.replaces]
