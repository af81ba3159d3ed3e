"""What the pages about a list show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.lib.hashing import sha256_hex
from offboarding.lib.typed import whole
from offboarding.removals.batches import FIELDS, Fault
from offboarding.removals.models import Batch, BatchRow
from offboarding.removals.rules import FILED_FOR
from offboarding.removals.sheets import MOST_ROWS, Typed
from offboarding.web.cards import (
    ErrorLine,
    ErrorSummaryCard,
    FactCard,
    FieldCard,
    PollCard,
    ProgressCard,
    TagCard,
)
from offboarding.web.removal.clock import Clock

State = BatchRow.State
SECONDS = 2
NEEDED = set(FIELDS) - {"owner", "consumers", "stays", "takes"}
NAMED = re.compile(rf"({'|'.join(FIELDS)})-(\d{{1,3}})")


@dataclass(frozen=True, slots=True)
class ReviewRow:
    number: int
    typed: Typed
    tag: TagCard
    fault: Fault | None
    fields: tuple[FieldCard, ...]
    left_out: bool
    url: str


def review_rows(found: Sequence[BatchRow], wrong: Mapping[int, Fault], opened: str) -> tuple[ReviewRow, ...]:
    """What cannot be filed stands on top, open for mending; the rest below, as it is, but for the number that was `opened`."""
    rows = [review_row(row, wrong.get(row.number), opened == str(row.number)) for row in found]
    return tuple(sorted(rows, key=lambda row: (row.fault is None, row.number)))


def review_row(row: BatchRow, fault: Fault | None, opened: bool) -> ReviewRow:
    out = row.state == State.LEFT_OUT
    tag = TagCard("failed", _("Cannot be filed")) if fault else TagCard("done", _("Can be filed"))
    if out:
        tag = TagCard("skipped", _("Left out"))
    typed = Typed(*(getattr(row, name) for name in FIELDS))
    url = f"/requests/{fault.open}/" if fault and fault.open else ""
    shown = fields(row, fault) if fault or opened else ()
    return ReviewRow(row.number, typed, tag, fault, shown, out, url)


def fields(row: BatchRow, fault: Fault | None) -> tuple[FieldCard, ...]:
    labels = {
        "email": _("E-mail address"),
        "others": _("Other addresses"),
        "name": _("Name"),
        "engagement": _("Engagement"),
        "reason": _("Reason"),
        "ticket": _("Ticket"),
        "owner": _("Service account: who answers for it"),
        "consumers": _("Service account: what runs with it"),
        "stays": _("Merged accounts: the address that stays"),
        "takes": _("Take only: roles and groups, by semicolon"),
    }
    return tuple(
        FieldCard(
            f"{name}-{row.number}",
            label,
            value=getattr(row, name),
            required=name == "email",
            error=fault.says if fault and fault.field == name else "",
            attrs=(("autocomplete", "off"), ("spellcheck", "false")),
        )
        for name, label in labels.items()
    )


def typed_rows(post: Mapping[str, Any]) -> dict[int, Typed]:
    """By number, the rows whose fields stand in the form. Others are shown, not sent."""
    given: dict[int, dict[str, str]] = {}
    for key, value in post.items():
        if (named := NAMED.fullmatch(key)) and int(named[2]) <= MOST_ROWS:
            given.setdefault(int(named[2]), {})[named[1]] = str(value).strip()
    return {number: Typed(**values) for number, values in given.items() if set(values) >= NEEDED}


def left_out(post: Any) -> list[int]:
    numbers = (whole(each, digits=3) for each in post.getlist("out"))
    return [number for number in numbers if number is not None]


def sums(found: Sequence[BatchRow], wrong: Mapping[int, Fault]) -> str:
    out = sum(row.state == State.LEFT_OUT for row in found)
    ready = len(found) - out - len(wrong)
    told = [ngettext("%d can be filed", "%d can be filed", ready) % ready]
    if wrong:
        told.append(ngettext("%d cannot", "%d cannot", len(wrong)) % len(wrong))
    if out:
        told.append(ngettext("%d is left out", "%d are left out", out) % out)
    return ", ".join(told)


def summary(wrong: Mapping[int, Fault]) -> ErrorSummaryCard:
    return ErrorSummaryCard(
        tuple(
            ErrorLine(
                _("Row %(n)d: %(says)s") % {"n": number, "says": fault.says}, f"id_{fault.field}-{number}"
            )
            for number, fault in wrong.items()
        )
    )


def terms(batch: Batch, clock: Clock) -> tuple[FactCard, ...]:
    starts = batch.starts_at
    return (
        FactCard(_("Why"), FILED_FOR[batch.reason].says, note=_("unless a row says something else")),
        FactCard(_("When"), clock.time(starts) if starts else _("As soon as each is approved")),
        FactCard(
            _("What"),
            _("Remove from every workspace where something is found"),
            note=_("unless a row takes parts alone"),
        ),
        FactCard(_("Ticket"), batch.ticket or _("none")),
    )


# ---------------------------------------------------------------- what becomes of it


@dataclass(frozen=True, slots=True)
class ResultRow:
    number: int
    who: str
    tag: TagCard
    says: str
    ref: str
    url: str


@dataclass(frozen=True, slots=True)
class ProgressOf:
    rows: tuple[ResultRow, ...]
    bar: ProgressCard
    says: str
    over: bool

    @property
    def version(self) -> str:
        return sha256_hex(repr([(row.number, row.tag, row.says, row.ref) for row in self.rows]).encode())[:16]


def progress(batch: Batch, clock: Clock) -> ProgressOf:
    found = list(batch.rows.select_related("removal"))
    going = [row for row in found if row.state != State.LEFT_OUT]
    ended = sum(row.state not in (State.WAITING, State.LOOKING) for row in going)
    says = _("%(done)d of %(all)d people") % {"done": ended, "all": len(going)}
    bar = ProgressCard("many-bar", _("People that are done with"), ended, len(going), says)
    rows = sorted((result_row(row) for row in found), key=lambda row: row.tag.state != "failed")
    return ProgressOf(tuple(rows), bar, says, batch.state != Batch.State.FILING)


def result_row(row: BatchRow) -> ResultRow:
    tags = {
        State.WAITING: TagCard("waiting", _("Waits for its turn")),
        State.LOOKING: TagCard("running", _("Looking")),
        State.FILED: TagCard("done", _("Filed")),
        State.NOTHING: TagCard("not_needed", _("Nothing found")),
        State.FAILED: TagCard("failed", _("Not filed")),
        State.LEFT_OUT: TagCard("skipped", _("Left out")),
        State.TYPED: TagCard("not_started"),
    }
    removal = row.removal if row.state in (State.FILED, State.FAILED) else None
    ref = removal.reference if removal else ""
    draft = removal is not None and removal.stage == "draft"
    url = "" if removal is None else reverse("draft", args=[removal.number]) if draft else f"/requests/{ref}/"
    return ResultRow(row.number, row.name or row.email, tags[State(row.state)], row.says, ref, url)


def poll(batch: Batch, card: ProgressOf) -> PollCard:
    here = reverse("many_list", args=[batch.pk])
    return PollCard(
        "many-live", f"{here}?since={card.version}", 0 if card.over else SECONDS, refresh_url=here
    )


@dataclass(frozen=True, slots=True)
class ListRow:
    url: str
    title: str
    says: str
    tag: TagCard


def list_rows(found: Iterable[Batch], clock: Clock) -> tuple[ListRow, ...]:
    tags = {
        Batch.State.OPEN: TagCard("draft", _("Not filed yet")),
        Batch.State.FILING: TagCard("running", _("Being filed")),
        Batch.State.DONE: TagCard("done", _("Done")),
    }
    return tuple(
        ListRow(
            reverse("many_list", args=[each.pk]),
            ngettext("%d person", "%d people", len(each.rows.all())) % len(each.rows.all()),
            _("%(why)s, begun %(when)s")
            % {"why": FILED_FOR[each.reason].says, "when": clock.says(each.created_at)},
            tags[Batch.State(each.state)],
        )
        for each in found
    )
