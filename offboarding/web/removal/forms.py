"""What a requester types on the pages of their own request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.http import QueryDict
from django.utils.translation import gettext as _

from offboarding.discovery.rules import Sighting
from offboarding.removals.actions import Wish
from offboarding.removals.models import Place
from offboarding.removals.rules import Choice
from offboarding.web.cards import ErrorLine, ErrorSummaryCard, FieldCard, OptionCard
from offboarding.web.filing.takings import boxes, marked


@dataclass(frozen=True, slots=True)
class Typed:
    """One place as it was typed, or as it stands."""

    choice: str
    until: str
    reason: str
    taken: tuple[str, ...] = ()


def standing(place: Place) -> Typed:
    return Typed(
        place.choice, place.until.isoformat() if place.until else "", place.reason, tuple(place.taken.split())
    )


def typed(place: Place, data: QueryDict) -> Typed:
    key = place.workspace_id
    return Typed(
        data.get(f"choice-{key}", ""),
        data.get(f"until-{key}", "").strip(),
        data.get(f"reason-{key}", "").strip(),
        tuple(data.getlist(f"taken-{key}")),
    )


def wish(place: Place, given: Typed, seen: Sighting | None = None) -> Wish:
    """Raises ValueError for a choice that the page does not offer, or a date that is none."""
    choice = Choice(given.choice)
    until = date.fromisoformat(given.until) if given.until and choice is Choice.DOWNGRADE else None
    taken = marked(seen, given.taken) if choice is Choice.REDUCE else ()
    return Wish(place.workspace, choice, until, given.reason, taken)


def faults_of(places: Sequence[Place], given: Mapping[int, Typed]) -> dict[int, str]:
    """What cannot be read at all, by workspace."""
    faults = {}
    for place in places:
        try:
            wish(place, given[place.workspace_id])
        except ValueError:
            known = given[place.workspace_id].choice in list(Choice)
            faults[place.workspace_id] = (
                _("Enter a date like 2027-01-31.") if known else _("Choose what should happen here.")
            )
    return faults


@dataclass(frozen=True, slots=True)
class PlaceFields:
    workspace: str
    where: str
    before: str
    choice: FieldCard
    until: FieldCard
    reason: FieldCard
    taken: FieldCard | None


def place_fields(
    place: Place, given: Typed, before: str, fault: str, tomorrow: date, seen: Sighting | None
) -> PlaceFields:
    key, parts = place.workspace_id, boxes(seen, given.taken)
    labels = {
        Choice.REMOVE: _("Remove"),
        Choice.DOWNGRADE: _("Read-only until a date"),
        Choice.REDUCE: _("Take away only what is marked"),
        Choice.KEEP: _("Keep, with a reason"),
    }
    if not parts:
        del labels[Choice.REDUCE]
    options = tuple(OptionCard(value.value, label, value == given.choice) for value, label in labels.items())
    until_wrong = fault if given.choice == Choice.DOWNGRADE else ""
    reason_wrong = fault if given.choice == Choice.KEEP else ""
    choice_wrong = fault if not (until_wrong or reason_wrong) else ""
    return PlaceFields(
        workspace=place.workspace.name,
        where=f"{place.workspace.client.name}, {place.workspace.environment}, {place.workspace.region.upper()}",
        before=before,
        choice=FieldCard(f"choice-{key}", place.workspace.name, "radios", options=options, error=choice_wrong),
        until=FieldCard(
            f"until-{key}", _("Read-only until"), "date", given.until, required=False, width="short",
            error=until_wrong, attrs=(("min", tomorrow.isoformat()),),
        ),
        reason=FieldCard(
            f"reason-{key}", _("Why it stays"), "text", given.reason, required=False, width="mid",
            error=reason_wrong, attrs=(("maxlength", "300"),),
        ),
        taken=FieldCard(f"taken-{key}", _("What goes"), "checkboxes", options=parts, required=False)
        if parts
        else None,
    )  # fmt: skip


def summary(fields: Sequence[PlaceFields], general: str = "") -> ErrorSummaryCard:
    lines = [ErrorLine(general)] if general else []
    for place in fields:
        for card in (place.choice, place.until, place.reason):
            if card.error:
                control = f"{card.control_id}_0" if card.grouped else card.control_id
                lines.append(ErrorLine(f"{place.workspace}: {card.error}", control))
    return ErrorSummaryCard(tuple(lines))


def reason_field(value: str = "", error: str = "", label: str = "") -> FieldCard:
    return FieldCard(
        "reason", label or _("Reason"), "textarea", value, error=error, rows=3, attrs=(("maxlength", "2000"),)
    )


def one_error(text: str, field_id: str = "") -> ErrorSummaryCard:
    return ErrorSummaryCard((ErrorLine(text, field_id),))
