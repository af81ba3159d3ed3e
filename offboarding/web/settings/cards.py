"""What the pages about settings show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.env import VARIABLES, Variable
from offboarding.removals.adjusting import Standing, differences, group_of
from offboarding.removals.catalogue import (
    DUE,
    EMERGENCY,
    GROUPS,
    REMINDERS,
    SIGN_IN,
    SUPPORT,
    VOLUME,
    Setting,
)
from offboarding.web.cards import FieldCard, TimeCard
from offboarding.web.removal.clock import Clock

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TITLES: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    DUE: (
        lazy("How soon access should be gone"),
        lazy(
            "Hours from the start of a request, by its reason. Requests that are sent already keep their time."
        ),
    ),
    REMINDERS: (lazy("Reminders"), lazy("They hold from the next page on.")),
    SUPPORT: (
        lazy("When somebody at a client can help"),
        lazy(
            "Where a connection says nothing of its own, by the clocks of its client. Whoever files a request for another time"
            " is told so, and can go on."
        ),
    ),
    VOLUME: (
        lazy("When one person's word is not enough"),
        lazy(
            "More than this in so short a time, and a second person has to say yes. Fewer people and places and a longer"
            " time are stricter; how lax it may be at most stands in the environment."
        ),
    ),
    EMERGENCY: (
        lazy("Emergencies"),
        lazy(
            "They hold for emergencies from now on. An earlier review and more days are stricter; how lax it may be at most"
            " stands in the environment."
        ),
    ),
    SIGN_IN: (
        lazy("How long a sign-in lasts"),
        lazy(
            "For whoever signs in from now on. Shorter is stricter; how long it may be at most stands in the environment."
        ),
    ),
}
UNITS: dict[str, StrOrPromise] = {
    "hours": lazy("hours"),
    "days": lazy("days"),
    "minutes": lazy("minutes"),
    "people": lazy("people"),
    "places": lazy("places"),
    "percent": lazy("percent"),
    "": "",
}
# Shown as set or not set; what they hold is never shown.
SECRET = (
    "SECRET_KEY",
    "SEALING_KEYS",
    "SIGNING_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "MAIL",
    "TOKEN",
    "PASSWORD",
    "SECRET",
    "KEY",
    "URL",
)
HARMLESS = ("OFFBOARD_BASE_URL", "OFFBOARD_KEY_GRACE_DAYS")


@dataclass(frozen=True, slots=True)
class GroupCard:
    key: str
    title: StrOrPromise
    says: StrOrPromise
    fields: tuple[FieldCard, ...]
    version: int
    last: str
    at: TimeCard | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    number: int
    by: str
    at: TimeCard | None
    says: tuple[str, ...]
    current: bool


@dataclass(frozen=True, slots=True)
class VariableRow:
    name: str
    says: str
    value: str
    usual: bool


def group_card(
    standing: Standing,
    clock: Clock,
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> GroupCard:
    title, says = TITLES[standing.group]
    given, errors = typed or {}, wrong or {}
    fields = tuple(
        FieldCard(
            each.name,
            labelled(each),
            "number",
            given.get(each.name, str(standing.values[each.name])),
            hint=each.hint,
            error=errors.get(each.name, ""),
            width="short",
            attrs=(("min", str(each.least)), ("max", str(each.most)), ("inputmode", "numeric")),
        )
        for each in group_of(standing.group)
    )
    last = (
        _("version %(n)d by %(who)s") % {"n": standing.version, "who": standing.by}
        if standing.version
        else ""
    )
    at = clock.time(standing.at) if standing.at else None
    return GroupCard(standing.group, title, says, fields, standing.version, last, at)


def labelled(each: Setting) -> str:
    """With its unit, unless it begins with it."""
    unit = str(UNITS[each.unit])
    return each.says if each.says.casefold().startswith(unit) else f"{each.says}, {unit}"


def elsewhere() -> tuple[tuple[str, str, str], ...]:
    """What is set on other pages: where, and what."""
    return (
        (
            _("Approval"),
            reverse("policies"),
            _("Who decides on what, how many, in which order, and until when."),
        ),
        (
            _("Clients"),
            reverse("clients"),
            _("For each client: time zone, how long records are kept, and the words of its letters."),
        ),
        (
            _("Connections"),
            reverse("connections"),
            _("For each workspace: who looks after it, and when somebody can help."),
        ),
        (_("Sign-in"), reverse("ways_in"), _("Where people sign in instead of here.")),
        (
            _("Your account"),
            reverse("me"),
            _("Your time zone, how pages look, and shortcuts of the keyboard."),
        ),
    )


def version_rows(found: list[Standing], clock: Clock) -> tuple[VersionRow, ...]:
    """Each with what it changed against the one before it."""
    return tuple(
        VersionRow(
            each.version,
            each.by or _("as the product came"),
            clock.time(each.at) if each.at else None,
            tuple(said(each.group, differences(found[at + 1].values, each.values))) if each.version else (),
            at == 0,
        )
        for at, each in enumerate(found)
    )


def said(group: str, changed: Mapping[str, list[int]]) -> list[str]:
    names = {each.name: each for each in GROUPS[group]}
    return [
        (
            _("%(what)s: %(before)d became %(after)d %(unit)s")
            % {"what": names[name].says, "before": before, "after": after, "unit": UNITS[names[name].unit]}
        ).rstrip()
        for name, (before, after) in changed.items()
    ]


def variable_rows() -> tuple[VariableRow, ...]:
    """What stands in the environment, as it was read at the start. Secrets are only said to be there."""
    return tuple(variable_row(each) for each in VARIABLES)


def variable_row(variable: Variable) -> VariableRow:
    value: Any = settings.VALUES[variable.name.removeprefix("OFFBOARD_")]
    if is_secret(variable.name):
        return VariableRow(
            variable.name, variable.says, _("set, not shown") if value else _("not set"), not value
        )
    plain = variable.parse(variable.default) if variable.default else value
    return VariableRow(variable.name, variable.says, in_plain(value) or _("empty"), value == plain)


def in_plain(value: Any) -> str:
    """Without Python's signs: of a store its bucket, its folder there and its lock."""
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.get("OPTIONS", {}).values() if each)
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def is_secret(name: str) -> bool:
    return name not in HARMLESS and any(name.endswith(each) for each in SECRET)
