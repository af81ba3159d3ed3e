"""Settings that administrators change in the browser: every version is kept, with who set it and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo

from django.conf import settings
from django.db import IntegrityError, transaction

from offboarding.connections.rules import SupportHours
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused
from offboarding.removals.catalogue import (
    ACTIVITY_DAYS,
    DUE,
    FIRST_DAY,
    FROM_HOUR,
    GROUPS,
    IDLE_MINUTES,
    LAST_DAY,
    MINUTES,
    PEOPLE,
    PLACES,
    REVIEW_HOURS,
    SIGN_IN_HOURS,
    UNTIL_HOUR,
    Setting,
    fitting,
    usual,
    whole,
    wrong_values,
)
from offboarding.removals.models import SettingVersion
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of

# How lax each limit may be at most, as the environment says.
LAXEST: dict[str, Callable[[], int]] = {
    PEOPLE: lambda: settings.BREAKER_PEOPLE,
    PLACES: lambda: settings.BREAKER_PLACES,
    MINUTES: lambda: settings.BREAKER_MINUTES,
    REVIEW_HOURS: lambda: settings.REVIEW_HOURS,
    ACTIVITY_DAYS: lambda: settings.ACTIVITY_DAYS,
    IDLE_MINUTES: lambda: settings.IDLE_SECONDS // 60,
    SIGN_IN_HOURS: lambda: settings.SESSION_COOKIE_AGE // 3600,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A group as it stands. Version 0 is what the product came with."""

    group: str
    version: int
    values: Mapping[str, int]
    by: str = ""
    at: datetime | None = None


def group_of(name: str) -> tuple[Setting, ...]:
    """The settings of a group, within what the environment allows."""
    return tuple(each.no_laxer_than(LAXEST[each.name]()) if each.stricter else each for each in GROUPS[name])


def standing(group: str) -> Standing:
    """What holds now."""
    newest = SettingVersion.objects.filter(group=group).select_related("set_by").order_by("-version").first()
    found = of(newest) if newest else as_it_came(group)
    return replace(found, values=fitting(group_of(group), found.values))


def of(row: SettingVersion) -> Standing:
    values = whole(group_of(row.group), row.values)
    return Standing(row.group, row.version, values, row.set_by.name, row.set_at)


def as_it_came(group: str) -> Standing:
    return Standing(group, 0, usual(group_of(group)))


def versions(group: str) -> list[Standing]:
    """All of them, newest first; at the end what the product came with."""
    found = SettingVersion.objects.filter(group=group).select_related("set_by").order_by("-version")
    return [*(of(row) for row in found), as_it_came(group)]


def value(group: str, name: str) -> int:
    return standing(group).values[name]


def within(reason: str) -> timedelta:
    """How long until access should be gone, when nobody says otherwise."""
    return timedelta(hours=value(DUE, reason))


def usual_hours(values: Mapping[str, int], zone: tzinfo) -> SupportHours | None:
    """When somebody can help where a connection says nothing of its own; None: always."""
    days = "".join(str(day) for day in range(values[FIRST_DAY], values[LAST_DAY] + 1))
    begins, ends = values[FROM_HOUR], values[UNTIL_HOUR]
    if (len(days), begins, ends) == (7, 0, 24):
        return None
    return SupportHours(days, time(begins), time(ends) if ends < 24 else time.max, zone)


def may_not_set(scope: Scope) -> str:
    """Why this person may not change settings, in a sentence; empty if they may. They hold for all clients."""
    if scope.everywhere(Role.ADMINISTRATOR):
        return ""
    return "These hold for all clients, so an administrator of all clients changes them."


def change(
    by: User, scope: Scope, group: str, values: Mapping[str, int], version: int, back_to: int | None = None
) -> int:
    """The next version of a group. `back_to` says which earlier one it repeats. Gives back its number."""
    if why := may_not_set(scope):
        raise Refused("may-not-set", why)
    if group not in GROUPS:
        raise Refused("no-group", "There are no such settings.")
    if wrong := wrong_values(group_of(group), values):
        raise Refused("wrong-values", next(iter(wrong.values())), field=next(iter(wrong)), wrong=wrong)
    try:
        with transaction.atomic():
            before = standing(group)
            if before.version != version:
                raise stale()
            if not (changed := differences(before.values, values)):
                raise Refused("nothing-changed", "Nothing was changed.")
            made = SettingVersion.objects.create(
                group=group, version=version + 1, values=whole(group_of(group), values), set_by=by
            )
            facts = {"group": group, "version": made.version, "changed": changed, "back_to": back_to}
            record(Event.SETTING_CHANGED, actor=actor_of(by), about=f"setting:{group}", facts=facts)
    except IntegrityError as error:  # two at once: one of them made this version first
        raise stale() from error
    return made.version


def stale() -> Refused:
    return Refused(
        "stale",
        "Somebody changed these settings while you were writing, so nothing was saved. Compare, then save again.",
    )


def differences(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, list[int]]:
    """By name, what was and what is to be."""
    return {
        name: [number, after[name]] for name, number in before.items() if after.get(name, number) != number
    }
