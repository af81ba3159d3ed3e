"""Cards of the live search: one row of fixed height a workspace, and what the rows add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.connections.models import Workspace
from offboarding.discovery.rules import Outcome, Sighting
from offboarding.lib.hashing import sha256_hex
from offboarding.web.cards import PollCard, ProgressCard, TagCard, TimeCard
from offboarding.web.filing.search import Row
from offboarding.web.filing.takings_over import holds

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TAGS = {
    Outcome.MEMBER: "found",
    Outcome.INVITED: "invited",
    Outcome.ABSENT: "none_found",
    Outcome.UNKNOWN: "could_not_check",
}
LINES = 2
MARK = 6  # signs of a row's mark
LIVE, QUIET = 2, 0  # seconds between polls


@dataclass(frozen=True, slots=True)
class RowCard:
    id: str
    workspace: str
    note: str
    tag: TagCard
    held: tuple[str, ...] = ()
    more: int = 0
    groups: str = ""
    managed: StrOrPromise = ""
    at: TimeCard | None = None
    live: bool = False
    busy: StrOrPromise = ""
    why: str = ""
    remedy: str = ""
    stays: str = ""

    @property
    def mark(self) -> str:
        """The same for the same row: a browser sends back the marks that it shows."""
        return sha256_hex(repr(replace(self, at=None)).encode() + (self.at.iso if self.at else "").encode())[
            :MARK
        ]


@dataclass(frozen=True, slots=True)
class SumCard:
    """What no row says: tokens are never listed, keys are counted over all places."""

    tokens: StrOrPromise
    keys: StrOrPromise


@dataclass(frozen=True, slots=True)
class EndCard:
    """The way on, and what to think of when nothing was found."""

    label: StrOrPromise
    found: int
    over: bool
    unchecked: int

    @property
    def nothing(self) -> bool:
        return self.over and not self.found


@dataclass(frozen=True, slots=True)
class ResultsCard:
    rows: tuple[RowCard, ...]
    sums: SumCard
    end: EndCard
    progress: ProgressCard
    poll: PollCard
    says: str

    @property
    def marks(self) -> str:
        return marks_of(self.rows, self.sums, self.end)


def results_card(rows: Sequence[Row], zone: tzinfo, now: datetime, url: str, refresh_url: str) -> ResultsCard:
    cards = tuple(row_card(row, zone, now) for row in rows)
    sums, end = sum_card(rows), end_card(rows)
    done = sum(row.over for row in rows)
    marks = marks_of(cards, sums, end)
    return ResultsCard(
        rows=cards,
        sums=sums,
        end=end,
        progress=ProgressCard("checked", checked(done, len(rows)), done, len(rows), text=" "),
        poll=PollCard(
            "search-live", f"{url}?since={marks}", QUIET if end.over else LIVE, refresh_url=refresh_url
        ),
        says=told(done, len(rows), end),
    )


def checked(done: int, total: int) -> str:
    return ngettext(
        "%(done)d of %(total)d workspace checked", "%(done)d of %(total)d workspaces checked", total
    ) % {"done": done, "total": total}


def told(done: int, total: int, end: EndCard) -> str:
    """What is announced; the last one says what came of it."""
    if not end.over:
        return checked(done, total)
    found = ngettext("Access found in %d place.", "Access found in %d places.", end.found) % end.found
    return f"{checked(done, total)}. {found if end.found else _('No access found.')}"


def row_card(row: Row, zone: tzinfo, now: datetime) -> RowCard:
    seen, lines = row.seen, held(row.seen)
    shown = lines if len(lines) <= LINES else lines[: LINES - 1]
    unknown = seen is not None and seen.outcome is Outcome.UNKNOWN
    return RowCard(
        id=f"place-{row.workspace.pk}",
        workspace=row.workspace.name,
        note=where(row.workspace),
        tag=tag(row),
        held=shown,
        more=len(lines) - len(shown),
        groups=", ".join(name for _key, name in seen.groups) if seen else "",
        managed=row.workspace.get_managed_by_display(),
        at=short_time(row.at, zone, now) if row.at else None,
        live=row.live,
        busy=busy(row, now),
        why=seen.why if seen and unknown else "",
        remedy=seen.remedy if seen and unknown else "",
        stays=holds(row),
    )


def short_time(when: datetime, zone: tzinfo, now: datetime) -> TimeCard:
    """Without the day where that is today: the row has little room."""
    today = when.astimezone(zone).date() == now.astimezone(zone).date()
    return TimeCard.of(when, zone, now, day=not today)


def where(workspace: Workspace) -> str:
    """The client and, where it is not the usual one, the region."""
    region = " · EU" if workspace.region == Workspace.Region.EU else ""
    return f"{workspace.client.name}{region}"


def tag(row: Row) -> TagCard:
    if row.seen is None:
        return TagCard("waiting" if row.paused_until else "checking" if row.look else "not_checked")
    return TagCard(TAGS[row.seen.outcome])


def busy(row: Row, now: datetime) -> str:
    """What still goes on in this row, if anything."""
    if row.over:
        return ""
    if row.paused_until and row.paused_until > now:
        seconds = max(1, round((row.paused_until - now).total_seconds()))
        why = row.look.waiting_for if row.look else ""
        return _("%(why)s %(seconds)d s") % {"why": why, "seconds": seconds}
    if row.live:
        return _("reading what they can reach…")
    return _("checking…") if row.seen else ""


def held(seen: Sighting | None) -> tuple[str, ...]:
    """Roles with their reach, one a line, through which group they come."""
    if seen is None:
        return ()
    if seen.outcome is Outcome.INVITED:
        return (_("Not accepted yet; Segment gives no date"),)
    if seen.outcome is not Outcome.MEMBER:
        return ()
    lines = (
        _("%(role)s, through %(group)s") % {"role": role.says(), "group": role.group}
        if role.group
        else role.says()
        for role in seen.roles
    )
    return tuple(dict.fromkeys(lines)) or (_("Member without a role"),)


def sum_card(rows: Sequence[Row]) -> SumCard:
    looked = [row.seen for row in rows if row.seen]
    members = sum(seen.outcome in (Outcome.MEMBER, Outcome.UNKNOWN) for seen in looked)
    keys = sum(seen.reach.write_keys for seen in looked)
    logins = sum(len(seen.reach.warehouses) for seen in looked)
    tokens = ngettext(
        "%d workspace: an Owner looks at the Tokens tab",
        "%d workspaces: an Owner looks at the Tokens tab",
        members,
    )
    return SumCard(
        tokens=tokens % members if members else _("No workspace so far"),
        keys=_("%(keys)s, %(logins)s")
        % {
            "keys": ngettext("%d write key", "%d write keys", keys) % keys,
            "logins": ngettext("%d warehouse login", "%d warehouse logins", logins) % logins,
        },
    )


def end_card(rows: Sequence[Row]) -> EndCard:
    found = sum(row.found for row in rows)
    over = all(row.over for row in rows)
    unchecked = sum(row.over and row.seen is not None and row.seen.outcome is Outcome.UNKNOWN for row in rows)
    if found:
        label = ngettext("Continue with %d place", "Continue with %d places", found) % found
    else:
        label = _("Choose the places yourself") if over else _("Continue")
    return EndCard(label, found, over, unchecked)


def marks_of(rows: Sequence[RowCard], sums: SumCard, end: EndCard) -> str:
    return "".join([*(row.mark for row in rows), mark(sums), mark(end)])


def mark(card: SumCard | EndCard) -> str:
    return sha256_hex(repr(card).encode())[:MARK]


@dataclass(frozen=True, slots=True)
class NewsCard:
    """What a browser that shows `since` does not have yet."""

    rows: tuple[RowCard, ...]
    sums: SumCard | None
    end: EndCard | None

    @property
    def any(self) -> bool:
        return bool(self.rows or self.sums or self.end)


def news(card: ResultsCard, since: str) -> NewsCard:
    had = [since[at : at + MARK] for at in range(0, len(since), MARK)]
    if len(had) != len(card.rows) + 2:
        return NewsCard(card.rows, card.sums, card.end)
    changed = tuple(row for row, old in zip(card.rows, had, strict=False) if row.mark != old)
    sums = card.sums if mark(card.sums) != had[-2] else None
    return NewsCard(changed, sums, card.end if mark(card.end) != had[-1] else None)
