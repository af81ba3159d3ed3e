"""Cards of page 2: what should happen, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from offboarding.connections.models import Workspace
from offboarding.discovery.rules import Outcome, Owners
from offboarding.lib.hashing import sha256_hex
from offboarding.removals.models import Place
from offboarding.removals.rules import Choice
from offboarding.web.cards import OptionCard, TagCard, TimeCard
from offboarding.web.filing.forms import LEAVE, PlaceForm
from offboarding.web.filing.results import MARK, busy, held, tag, where
from offboarding.web.filing.search import Row
from offboarding.web.filing.takings import boxes, offered
from offboarding.web.filing.takings_over import gets, holds

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

EVERYTHING, ONLY, REPLACE = "everything", "only", "replace"


@dataclass(frozen=True, slots=True)
class WishCard:
    """One place with its three choices, or four where nobody knows whether there is access."""

    id: str
    workspace: str
    note: str
    tag: TagCard
    held: tuple[str, ...]
    groups: str
    accounts: str
    managed: StrOrPromise
    at: TimeCard | None
    busy: str
    warnings: tuple[str, ...]
    stays: str
    gets: tuple[str, ...]
    options: tuple[OptionCard, ...]
    taken: tuple[OptionCard, ...]
    until: str
    reason: str
    error: str
    section: str
    first_day: str

    @property
    def mark(self) -> str:
        """Changes when the search brings something else, never with what was typed."""
        known = (self.tag, self.held, self.groups, self.busy, self.warnings, self.stays, self.gets)
        return sha256_hex(repr(known).encode())[:MARK]


def wish_cards(
    rows: Sequence[Row],
    forms: Mapping[int, PlaceForm],
    errors: Mapping[int, str],
    zone: tzinfo,
    now: datetime,
    name: str,
) -> tuple[WishCard, ...]:
    return tuple(
        wish_card(row, forms[row.workspace.pk], errors.get(row.workspace.pk, ""), zone, now, name)
        for row in rows
    )


def wish_card(row: Row, form: PlaceForm, error: str, zone: tzinfo, now: datetime, name: str) -> WishCard:
    seen = row.seen
    picked = str(form["choice"].value() or "")
    return WishCard(
        id=f"w{row.workspace.pk}",
        workspace=row.workspace.name,
        note=where(row.workspace),
        tag=tag(row),
        held=held(seen),
        groups=", ".join(each for _key, each in seen.groups) if seen else "",
        accounts=", ".join(account.email for account in seen.accounts) if seen else "",
        managed=row.workspace.get_managed_by_display(),
        at=TimeCard.of(row.at, zone, now) if row.at else None,
        busy=busy(row, now),
        warnings=tuple(warnings(row, name)),
        stays=holds(row),
        gets=tuple(gets(row)),
        options=tuple(options(row, picked)),
        taken=boxes(seen, form["taken"].value() or ()),
        until=typed(form, "until"),
        reason=typed(form, "reason"),
        error=error or " ".join(str(each) for each in (*form["until"].errors, *form["reason"].errors)),
        section=section(row),
        first_day=now.astimezone(zone).date().isoformat(),
    )


def typed(form: PlaceForm, name: str) -> str:
    value = form[name].value()
    return value.isoformat() if isinstance(value, date) else str(value or "")


def section(row: Row) -> str:
    """Where the place stands on the page: with access, without an answer yet, without access."""
    if row.seen is None or row.seen.outcome is Outcome.UNKNOWN:
        return "unknown"
    return "found" if row.found else "absent"


def options(row: Row, picked: str) -> Iterator[OptionCard]:
    outcome = row.seen.outcome if row.seen else None
    remove = _("Cancel the invitation") if outcome is Outcome.INVITED else _("Remove")
    if row.stays and outcome is not Outcome.INVITED:
        remove = _("Remove, when %(stays)s has all of it") % {"stays": row.stays}
    yield OptionCard(Choice.REMOVE, remove, picked == Choice.REMOVE)
    if outcome is not Outcome.INVITED and not row.stays:
        yield OptionCard(Choice.DOWNGRADE, _("Read-only until"), picked == Choice.DOWNGRADE)
    if offered(row.seen) and not row.stays:
        yield OptionCard(Choice.REDUCE, _("Take away only"), picked == Choice.REDUCE)
    yield OptionCard(Choice.KEEP, _("Keep, because"), picked == Choice.KEEP)
    if not row.found:
        yield OptionCard(LEAVE, _("Leave out of this request"), picked == LEAVE)


def warnings(row: Row, name: str) -> Iterator[str]:
    """What to know before choosing, worst first."""
    workspace, seen = row.workspace, row.seen
    facts = {"name": name, "workspace": workspace.name, "group": workspace.provider_group}
    if seen is None:
        return
    if seen.owners is Owners.LAST and not row.stays:
        yield (
            _(
                "%(name)s is the only Owner of %(workspace)s. Segment does not let the last Owner go: "
                "somebody else becomes Owner first."
            )
            % facts
        )
    if row.found and workspace.managed_by == Workspace.ManagedBy.SCIM:
        yield scim(workspace) % facts
    for role in seen.roles:
        if not role.known:
            says = _("A permission that we do not know, as it came: %(role)s. An approver sees it too.")
            yield says % {"role": role.says()}
    if seen.outcome is Outcome.UNKNOWN:
        yield f"{seen.why} {seen.remedy}".strip()
    if seen.reach.unread:
        yield _("Could not be read: %(parts)s.") % {"parts": ", ".join(seen.reach.unread)}


def scim(workspace: Workspace) -> str:
    if workspace.provider_group:
        return _(
            "The identity provider manages %(workspace)s. They leave group %(group)s there first; "
            "else the next sync brings them back."
        )
    return _(
        "The identity provider manages %(workspace)s. They leave its group there first; "
        "else the next sync brings them back."
    )


def place_forms(
    rows: Sequence[Row], data: Mapping[str, str] | None, places: Mapping[int, Place], preset: str
) -> dict[int, PlaceForm]:
    """By workspace: what was typed, else what the draft holds, else what the preset or the search suggests."""
    return {
        row.workspace.pk: PlaceForm(data, prefix=f"w{row.workspace.pk}", initial=initial(row, places, preset))
        for row in rows
    }


def initial(row: Row, places: Mapping[int, Place], preset: str) -> dict[str, object]:
    if preset and row.found:
        return suggested(preset)
    if place := places.get(row.workspace.pk):
        return {
            "choice": place.choice,
            "until": place.until,
            "reason": place.reason,
            "taken": place.taken.split(),
        }
    if places or section(row) == "absent":
        return {"choice": LEAVE if not row.found else ""}
    return {"choice": Choice.REMOVE if row.seen else LEAVE}


def suggested(preset: str) -> dict[str, object]:
    if preset == ONLY:
        return {"choice": Choice.KEEP, "reason": _("Stays in scope")}
    return {"choice": Choice.REMOVE}
