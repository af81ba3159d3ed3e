"""The evidence tab: what is required and still missing, then every file with where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.checklist.rules import Kind
from offboarding.evidence.models import Evidence
from offboarding.execution import queries as execution
from offboarding.execution.models import Proof, Run
from offboarding.execution.queries import Piece
from offboarding.execution.rules import Ended, proof_wanted
from offboarding.removals.models import Attachment
from offboarding.retention.models import Tombstone
from offboarding.retention.queries import holds_over, tombstones
from offboarding.retention.rules import may_not_hold
from offboarding.web.cards import CodeCard, NoticeCard, TagCard, TimeCard
from offboarding.web.removal.countdown import CountdownCard, countdown
from offboarding.web.removal.overview import Overview
from offboarding.web.retention.cards import keep_until, notices, purged
from offboarding.work.rules import State

Gone = Mapping[int, Tombstone]
SOURCES = {
    Evidence.Source.API: lazy("Read from the API"),
    Evidence.Source.PERSON: lazy("Added by a person"),
    Evidence.Source.APP: lazy("Made by Offboard"),
}


@dataclass(frozen=True, slots=True)
class RequiredRow:
    number: int
    name: str
    url: str
    tag: TagCard
    says: str
    newest: FileRow | None  # the file that is in, the newest of several


@dataclass(frozen=True, slots=True)
class FileRow:
    shows: str
    name: str
    url: str
    size: str
    source: str
    taken: TimeCard
    taken_by: str
    hash: CodeCard
    step: int
    step_url: str
    notes: tuple[str, ...]  # corrected, corrects another one, taken back
    purged: str  # when, by whom and why its bytes went; empty while they are there


@dataclass(frozen=True, slots=True)
class FileGroup:
    id: str
    title: str
    count: str
    files: tuple[FileRow, ...]


@dataclass(frozen=True, slots=True)
class EvidenceCard:
    count: str
    missing: NoticeCard | None
    required: tuple[RequiredRow, ...]
    groups: tuple[FileGroup, ...]
    total: str
    countdown: CountdownCard | None
    keep_until: str
    holds: tuple[NoticeCard, ...]
    hold_url: str  # where this reader puts one on; empty if they may not, or there is one


def evidence(view: Overview) -> EvidenceCard:
    pieces = execution.pieces_of(view.plan)
    gone = tombstones(piece.evidence for piece in pieces)
    of_item: dict[int | None, list[Piece]] = {}
    for piece in pieces:
        of_item.setdefault(piece.item, []).append(piece)
    rows = (required_row(view, run, of_item.get(run.item.number, ()), gone) for run in view.runs)
    required = sorted((row for row in rows if row), key=order)
    lacking = sum(1 for row in required if row.tag.state == "needs_person")
    return EvidenceCard(
        count=_("%(done)d of %(all)d") % {"done": len(required) - lacking, "all": len(required)},
        missing=missing(lacking) if lacking else None,
        required=tuple(required),
        groups=tuple(groups(view, pieces, gone)),
        total=counted(len(pieces)),
        countdown=countdown(view),
        keep_until=keep_until(max((piece.evidence.keep_until for piece in pieces), default=None)),
        **held(view),
    )


def missing(items: int) -> NoticeCard:
    title = ngettext("%(n)d item is missing", "%(n)d items are missing", items) % {"n": items}
    return NoticeCard(
        "attention", title, _("The request closes, and its packet is sealed, when all of them are in.")
    )


def held(view: Overview) -> dict[str, Any]:
    holds = holds_over(view.removal)
    own = any(each.removal_id for each in holds)
    may = not may_not_hold(view.scope, view.clients, view.removal.addresses)
    url = f"{view.url}hold/" if may else ""
    return {"holds": notices(holds, view.clock, url if own else ""), "hold_url": "" if own else url}


def counted(files: int) -> str:
    return ngettext("%(n)d file", "%(n)d files", files) % {"n": files}


def order(row: RequiredRow) -> tuple[bool, int]:
    """Missing first."""
    return row.tag.state != "needs_person", row.number


def required_row(view: Overview, run: Run, pieces: Sequence[Piece], gone: Gone) -> RequiredRow | None:
    """Steps by hand that ask for proof, and the fresh read of each place. None where nothing is asked for."""
    item = run.item
    checks = item.kind == Kind.VERIFICATION and not item.at
    if not checks and not (run.manual and proof_of(run)):
        return None
    tag, says = standing(run, view.proofs.get(run.pk, ()))
    standing_ones = (piece for piece in pieces if not piece.taken_back)
    newest = max(standing_ones, key=lambda piece: piece.evidence.taken_at, default=None)
    shown = file_row(view, newest, gone) if newest and tag.state == "verified" else None
    return RequiredRow(item.number, item.title, f"{view.url}steps/{item.number}/", tag, says, shown)


def proof_of(run: Run) -> str:
    return proof_wanted(run.item.proof, run.item.kind != Kind.MANUAL)


def standing(run: Run, added: Sequence[Proof]) -> tuple[TagCard, str]:
    corrected = {proof.replaces_id for proof in added if not proof.withdrawn_at}
    files = [proof for proof in added if not proof.withdrawn_at and proof.pk not in corrected]
    if run.ended == Ended.WAIVED:
        return TagCard("skipped"), run.sentence
    if files:
        return TagCard("verified", _("In")), ngettext("%(n)d file", "%(n)d files", len(files)) % {
            "n": len(files)
        }
    if run.state == State.DONE and not run.manual:
        return TagCard("verified", _("In")), run.sentence
    wanted = _("a fresh read of ours") if not run.manual else _("a %(proof)s") % {"proof": proof_of(run)}
    return TagCard("needs_person", _("Missing")), _("Needs %(what)s") % {"what": wanted}


def groups(view: Overview, pieces: Sequence[Piece], gone: Gone) -> list[FileGroup]:
    """By workspace, in the plan's order; what belongs to none comes last."""
    names = {place["workspace_id"]: place["workspace"] for place in view.data["places"]}
    of_place: dict[int | None, list[Piece]] = {}
    for piece in pieces:
        of_place.setdefault(piece.workspace_id, []).append(piece)
    found: list[FileGroup] = []
    for key, title in [*names.items(), (None, _("The request as a whole"))]:
        files = tuple(file_row(view, piece, gone) for piece in of_place.get(key, ()))
        if files:
            found.append(FileGroup(f"workspace-{key or 'none'}", title, counted(len(files)), files))
    return found


def proof_notes(proof: Proof | Attachment) -> Iterator[str]:
    if proof.withdrawn_at:
        who = proof.withdrawn_by.name if proof.withdrawn_by else _("somebody")
        yield _("taken back by %(who)s: %(why)s") % {
            "who": who,
            "why": proof.withdrawn_because or _("no reason given"),
        }
    if isinstance(proof, Attachment):
        return
    if proof.replaces:
        yield _("corrects %(name)s") % {"name": proof.replaces.evidence.name}
    if hasattr(proof, "corrected_by") and not proof.corrected_by.withdrawn_at:
        yield _("corrected by a later file")


def file_row(view: Overview, piece: Piece, gone: Gone) -> FileRow:
    each, stone = piece.evidence, gone.get(piece.evidence.pk)
    return FileRow(
        shows=each.shows,
        name=each.name,
        url="" if stone else f"/evidence/{view.removal.reference}/files/{each.pk}/",
        size=filesizeformat(each.size),
        source=str(SOURCES[Evidence.Source(each.source)]),
        taken=view.clock.time(each.taken_at, utc=True),
        taken_by=each.taken_by,
        hash=CodeCard.hash(each.sha256),
        step=piece.item or 0,
        step_url=f"{view.url}steps/{piece.item}/" if piece.item else "",
        notes=tuple(proof_notes(piece.proof)) if piece.proof else (),
        purged=purged(stone) if stone else "",
    )
